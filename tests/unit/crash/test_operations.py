"""Every call is named by its service, its operation and what it touches."""

import json

import pytest

from tests.support.operations import Request, aws_operation, mateo_operation


def signed(service: str, method: str = "POST", path: str = "/") -> Request:
    credential = f"Credential=test/20261121/us-east-1/{service}/aws4_request"
    headers = {"authorization": f"AWS4-HMAC-SHA256 {credential}, Signature=0"}
    return Request(method, path, headers)


def json_call(service: str, target: str, **content: object) -> Request:
    headers = {**signed(service).headers, "x-amz-target": target}
    return Request("POST", "/", headers, json.dumps(content).encode())


def key(pk: str) -> dict[str, object]:
    return {"pk": {"S": pk}}


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (json_call("dynamodb", "DynamoDB_20120810.GetItem", Key=key("pause")), "GetItem pause"),
        (
            json_call("dynamodb", "DynamoDB_20120810.PutItem", Item=key("import#20261121T1-x")),
            "PutItem import",
        ),
        (
            json_call(
                "dynamodb",
                "DynamoDB_20120810.TransactWriteItems",
                TransactItems=[
                    {"Put": {"Item": key("import#1")}},
                    {"Update": {"Key": key("day#2")}},
                ],
            ),
            "TransactWriteItems day+import",
        ),
        (
            json_call(
                "dynamodb",
                "DynamoDB_20120810.BatchGetItem",
                RequestItems={"table": {"Keys": [key("contact_details#external_id:C-1")]}},
            ),
            "BatchGetItem contact_details",
        ),
        (
            json_call("dynamodb", "DynamoDB_20120810.Query", IndexName="open-imports"),
            "Query open-imports",
        ),
    ],
)
def test_calls_of_dynamodb_are_told_apart_by_the_items_they_touch(
    request_: Request, name: str
) -> None:
    assert aws_operation(request_) == f"DynamoDB.{name}"


@pytest.mark.parametrize(
    ("service", "target", "name"),
    [
        ("sqs", "AmazonSQS.SendMessageBatch", "SQS.SendMessageBatch"),
        ("states", "AWSStepFunctions.StartExecution", "SFN.StartExecution"),
        ("ssm", "AmazonSSM.GetParameter", "SSM.GetParameter"),
        ("secretsmanager", "secretsmanager.GetSecretValue", "SecretsManager.GetSecretValue"),
    ],
)
def test_the_json_protocols_name_the_operation_in_a_header(
    service: str, target: str, name: str
) -> None:
    assert aws_operation(json_call(service, target)) == name


@pytest.mark.parametrize(
    ("service", "method", "path", "name"),
    [
        ("s3", "PUT", "/bucket/imports/ref/request.json.gz", "S3.PutObject imports"),
        ("s3", "GET", "/bucket/imports/ref/request.json.gz", "S3.GetObject imports"),
        (
            "s3",
            "PUT",
            "/bucket/reports/date%3D2026-11-21/import%3Dr/summary.json?x=1",
            "S3.PutObject reports/summary.json",
        ),
        ("s3", "GET", "/bucket?list-type=2", "S3.ListObjectsV2"),
        ("scheduler", "POST", "/schedules/open-20261122", "Scheduler.CreateSchedule"),
        (
            "lambda",
            "PUT",
            "/2015-03-31/event-source-mappings/0b1c",
            "Lambda.UpdateEventSourceMapping",
        ),
    ],
)
def test_rest_calls_are_named_by_method_and_path(
    service: str, method: str, path: str, name: str
) -> None:
    assert aws_operation(signed(service, method, path)) == name


def test_an_unknown_call_is_numbered_all_the_same() -> None:
    assert aws_operation(signed("events", "PATCH", "/rules")) == "events.PATCH"


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [
        ("POST", "/api/v1/import?select=id", "POST /import"),
        ("GET", "/api/v1/import?id=in.(a,b)&select=id", "GET /import?ids"),
        ("GET", "/api/v1/import?id=eq.a", "GET /import?id"),
        ("GET", "/api/v1/import?type=eq.x&created_at=gte.1&select=id", "GET /import?type"),
        ("GET", "/api/v1/files/0b1cf0d2-0000-4000-8000-000000000001?token=x", "GET /files/*"),
    ],
)
def test_requests_to_mateo_are_named_by_what_they_ask_for(
    method: str, target: str, name: str
) -> None:
    assert mateo_operation(Request(method, target, {})) == f"Mateo.{name}"
