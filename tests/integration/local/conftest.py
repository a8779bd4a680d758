"""A small project for the local stack: three functions of a few lines."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack.stack import RunningStack

RECEIVE = """
import json, os, boto3
sqs = boto3.client("sqs")

def handler(event, context):
    if event["body"] == "fail":
        raise RuntimeError("asked to")
    sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=event["body"])
    return {"statusCode": 202, "body": event["pathParameters"]["connection"]}
"""

SUBMIT = """
import json, os, time, boto3
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
s3 = boto3.client("s3")

def handler(event, context):
    for record in event["Records"]:
        body = json.loads(record["body"])
        if body.get("sleep"):
            table.put_item(Item={"pk": "begun"})
            time.sleep(body["sleep"])
        key = f"{body['id']}-{record['attributes']['ApproximateReceiveCount']}"
        table.put_item(Item={"pk": key})
        s3.put_object(Bucket=os.environ["BUCKET_NAME"], Key=f"reports/{key}.txt", Body=b"done")
    return {"batchItemFailures": []}
"""

TRACK = """
import os, time, boto3

def handler(event, context):
    if event.get("fail"):
        raise ValueError("asked to")
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])
    return {
        "time": time.time(),
        "secret": secret["SecretString"],
        "remaining_ms": context.get_remaining_time_in_millis(),
        "file": os.environ["SETTINGS_FILE"],
        "word": open(os.environ["SETTINGS_FILE"]).read().strip(),
    }
"""

MACHINE = """
StartAt: Wait
States:
  Wait: {Type: Wait, SecondsPath: $.wait, Next: Track}
  Track:
    Type: Task
    Resource: arn:aws:states:::lambda:invoke
    Parameters: {FunctionName: "${TrackArn}", "Payload.$": $}
    ResultPath: $.track
    End: true
"""

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  BatchingWindow: {Type: Number, Default: 20}
  LimitTimeZone: {Type: String, Default: UTC}
Globals:
  Function:
    Runtime: python3.13
    Layers: [!Ref Settings]
    Timeout: 20
Resources:
  Settings:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/settings/}
  Api: {Type: AWS::Serverless::HttpApi}
  Receive:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/receive/
      Handler: receive.handler
      Environment: {Variables: {QUEUE_URL: !Ref Queue}}
      Events:
        Hook:
          Type: HttpApi
          Properties:
            ApiId: !Ref Api
            Method: POST
            Path: /webhooks/{connection}
            PayloadFormatVersion: "2.0"
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 120
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Bulk: {Type: AWS::SQS::Queue}
  Dead: {Type: AWS::SQS::Queue}
  Submit:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/submit/
      Handler: submit.handler
      Environment: {Variables: {TABLE: !Ref Table, BUCKET_NAME: !Ref Bucket}}
      Events:
        QueueBatch:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            BatchSize: 100
            MaximumBatchingWindowInSeconds: !Ref BatchingWindow
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: 2}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  Bucket: {Type: AWS::S3::Bucket}
  MateoToken: {Type: AWS::SecretsManager::Secret}
  ConnectionSecrets: {Type: AWS::SecretsManager::Secret}
  Track:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/track/
      Handler: track.handler
      Environment: {Variables: {SECRET: !Ref ConnectionSecrets, SETTINGS_FILE: /opt/word.txt}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.yaml
      DefinitionSubstitutions: {TrackArn: !GetAtt Track.Arn}
      Role: arn:aws:iam::123456789012:role/machine
  Pause:
    Type: AWS::Scheduler::ScheduleGroup
    Properties: {Name: !Sub "${AWS::StackName}-pause"}
  ResumeSubmissionDaily:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: resume-submission-daily
      GroupName: !Ref Pause
      ScheduleExpression: cron(1 0 * * ? *)
      FlexibleTimeWindow: {Mode: "OFF"}
      Target:
        Arn: !Sub arn:${AWS::Partition}:scheduler:::aws-sdk:lambda:updateEventSourceMapping
        RoleArn: arn:aws:iam::123456789012:role/pause
        Input: !Sub '{"Uuid": "${SubmitQueueBatch}", "Enabled": true}'
Outputs:
  WebhookUrl: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/webhooks"}
  QueueUrl: {Value: !Ref Queue}
  BulkQueueUrl: {Value: !Ref Bulk}
  DeadLetterQueueUrl: {Value: !Ref Dead}
  BucketName: {Value: !Ref Bucket}
  LedgerTableName: {Value: !Ref Table}
  StateMachineArn: {Value: !Ref Machine}
"""


def write_project(folder: Path) -> Path:
    """The files of the small project."""
    for name, code in {"receive": RECEIVE, "submit": SUBMIT, "track": TRACK}.items():
        (folder / "functions" / name).mkdir(parents=True)
        (folder / "functions" / name / f"{name}.py").write_text(code)
    (folder / "layers" / "settings").mkdir(parents=True)
    (folder / "layers" / "settings" / "word.txt").write_text("from the layer")
    (folder / "machine.yaml").write_text(MACHINE)
    (folder / "template.yaml").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What the functions of `stack` wrote."""
    return []


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Iterator[RunningStack]:
    """A running stack of the small project, without Mateo."""
    running = RunningStack(
        root=write_project(tmp_path_factory.mktemp("project")),
        state_dir=tmp_path_factory.mktemp("state"),
        parameters={"BatchingWindow": "1"},
        secrets={"json": ["secret"]},
        with_mateo=False,
        mappings={"SubmitQueueBatch": "QueueUrl"},
        on_line=lambda function, line: lines.append(f"{function} {line}"),
    )
    with running:
        yield running


def stored(stack: RunningStack) -> set[str]:
    """The keys in the project's table."""
    answer = stack.client("dynamodb").scan(TableName=stack.outputs["LedgerTableName"])
    return {item["pk"]["S"] for item in answer["Items"]}


def send(stack: RunningStack, **body: object) -> None:
    """Put a message into the queue."""
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs["QueueUrl"], MessageBody=json.dumps(body)
    )
