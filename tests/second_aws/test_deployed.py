"""The relay's life on another AWS: deployed, used, limited, repaired, updated, deleted.

One stack for all of it: the tests run in this order, and the last one deletes it.
"""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from import_relay.domain.files import file_delivery
from import_relay.domain.queue_messages import FORMAT
from local.demo.balance import places
from local.stack.stack import RunningStack
from relay_ops.app import COMMANDS
from relay_ops.exits import ExitCode
from relay_ops.rights import OPERATOR
from tests.built.artifact import ROOT
from tests.second_aws.cases import CASES, READ_AT_THE_CRM
from tests.second_aws.conftest import LIMITS
from tests.second_aws.deployment import STACK, Deployment
from tests.second_aws.people import LOOKS, Person, changes
from tests.second_aws.relay import Relay
from tests.support.authentic import received_at, requests_of, sender_of
from tests.support.ministack import REGION
from tests.support.senders import customer, erp, erp_text

STORED = ("Bucket", "LedgerTable", "WatermarksTable")


def deliver_customers(relay: Relay, first: int, count: int) -> None:
    """Deliver customers of the ERP with these numbers."""
    given = erp([customer(number) for number in range(first, first + count)])
    relay.deliver(replace(given, path="/webhooks/json"))


def ends(relay: Relay) -> Mapping[str, set[str]]:
    """Item → where it ended, as an operator sees it in the bucket."""
    return places(cast(RunningStack, relay))


def names_of_customers(relay: Relay) -> set[str]:
    items = relay.mateo("GET", "contacts?limit=10000")["items"]
    return {one["external_id"] for one in items if str(one["external_id"]).startswith("C-")}


def test_the_dialogue_asks_again_for_a_name_and_a_processor_that_cannot_be(
    deployment: Deployment,
) -> None:
    first = deployment.spoken[0]
    assert "Take at most 42" in first
    assert "Parameter Architecture" in first
    assert "no authentication" not in first
    tracked = (deployment.folder / "samconfig.toml").read_text(encoding="utf-8")
    assert tracked == (ROOT / "samconfig.toml").read_text(encoding="utf-8")


def test_permissions_are_enforced(relay: Relay) -> None:
    iam = relay.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)
    with pytest.raises(ClientError, match="AccessDenied"):
        session.client("dynamodb", endpoint_url=relay.aws.url).list_tables()


def test_webhooks_of_every_kind_come_to_their_reports(relay: Relay) -> None:
    kind_of: dict[str, str] = {}
    for kind, name in CASES.items():
        deliver(relay, kind, name, received_at(kind, requests_of(kind)[name], int(time.time())))
        relay.note_stored()
        kind_of.update({one: kind for one in relay.accepted if one not in kind_of})
    relay.drain()

    found = ends(relay)
    accepted = {f"{one}/{n}" for one, items in relay.accepted.items() for n in range(items)}
    assert accepted == found.keys()
    assert all(len(one) == 1 for one in found.values())
    imported = {kind_of[item.split("/")[0]] for item, one in found.items() if "imported" in one}
    assert imported == CASES.keys() - READ_AT_THE_CRM
    summaries = [
        json.loads(content)["rows"]
        for key, content in objects(relay)
        if key.startswith("reports/") and key.endswith("summary.json")
    ]
    assert sum(rows["imported"] for rows in summaries) >= len(imported)
    assert all(rows["unaccounted"] == 0 for rows in summaries)
    assert relay.counts("DeadLetterQueueUrl") == (0, 0, 0)


def deliver(relay: Relay, kind: str, name: str, given: Any) -> None:
    """Send an example webhook over HTTP, or as an event of EventBridge."""
    if sender_of(kind).transport == "eventbridge":
        relay.invoke("receive-change-events", json.loads(given.body))
        return
    status, answer = relay.post(given)
    assert status == 200, (name, answer)


def test_a_days_limit_pauses_submission_until_the_next_day_even_during_an_update(
    relay: Relay, deployment: Deployment
) -> None:
    relay.keep_clear_of_midnight()
    used = relay.mateo("GET", "state")["usage"]["entities"]
    left = int(LIMITS["EntitiesPerDay"]) - used
    deliver_customers(relay, 1, left + 20)
    relay.wait_until(relay.is_paused, "the pause")
    deliver_customers(relay, left + 21, 5)
    relay.watch()
    assert relay.is_paused(), "the day is not over"

    assert deployment.deploy({"Parameter ReportRetentionDays": "90"}) == 0, deployment.spoken[-1]
    assert relay.is_paused(), "an update of the stack ended the pause"
    assert relay.mateo("GET", "state")["usage"]["entities"] <= int(LIMITS["EntitiesPerDay"])

    relay.to_next_day()
    relay.watch()
    relay.wait_until(lambda: not relay.is_paused(), "the end of the pause")
    relay.drain()
    assert names_of_customers(relay) >= {f"C-{n}" for n in range(1, left + 26)}


def test_an_update_keeps_the_answers_of_the_first_deployment(
    relay: Relay, deployment: Deployment
) -> None:
    stack = relay.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    values = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    assert values["MateoBaseUrl"] == relay.mateo.url
    assert values["EntitiesPerDay"] == LIMITS["EntitiesPerDay"]
    assert values["ReportRetentionDays"] == "90"


def test_an_operator_redrives_what_a_mistake_moved_to_the_dead_letter_queue(
    relay: Relay, operator: Person
) -> None:
    with broken(relay):
        deliver_customers(relay, 5_000, 3)
        for _ in range(6):
            wait_for_another_attempt(relay)
            if dead_letters(relay):
                break
            relay.let_pass(721)
    assert dead_letters(relay) == 1
    assert relay.counts() == (0, 0, 0)
    relay.client("sqs").send_message(
        QueueUrl=relay.outputs["DeadLetterQueueUrl"], MessageBody=dead_row_of_a_file(5_003)
    )

    ran = operator.runs("redrive", "--yes", "--json")
    assert ran.code == ExitCode.DONE, ran
    assert ran.content["moved"] == 2
    assert dead_letters(relay) == 0
    relay.drain()
    redriven = {"C-5000", "C-5001", "C-5002", "C-5003"}
    relay.wait_until(lambda: redriven <= names_of_customers(relay), "what was redriven")


def test_an_operator_posts_an_unreadable_delivery_again_once_it_can_be_read(
    relay: Relay, operator: Person
) -> None:
    unread = replace(erp_text("{broken"), path="/webhooks/json")
    assert relay.post(unread)[0] == 400
    ran = operator.runs("redrive", "--quarantined", "--yes", "--json")
    assert list(ran.content["unreadable"].values()) == ["delivery.not_json"], ran
    ((key, content),) = (one for one in objects(relay) if one[0].startswith("quarantine/"))
    good = base64.b64encode(erp([customer(5_900)]).body).decode()
    relay.client("s3").put_object(
        Bucket=relay.outputs["BucketName"],
        Key=key,
        Body=json.dumps(json.loads(content) | {"body_base64": good}).encode(),
    )

    ran = operator.runs("redrive", "--quarantined", "--yes", "--json")

    assert (ran.code, ran.content) == (ExitCode.DONE, {"stored": 1, "unreadable": {}}), ran
    relay.note_stored()
    relay.drain()
    relay.wait_until(lambda: "C-5900" in names_of_customers(relay), "what was posted again")


def dead_row_of_a_file(number: int) -> str:
    """The body of a dead letter of the bulk lane: a row of a file with one customer."""
    return json.dumps(
        {
            "format": FORMAT,
            "delivery": file_delivery("0123456789abcdef", 0),
            "connection": "json",
            "received_at": time.time_ns() // 1_000,
            "requeues": 0,
            "items": [{"n": 0, "event": "", "item": customer(number)}],
        }
    )


def wait_for_another_attempt(relay: Relay) -> None:
    """Wait until submission ran once more, or the message is a dead letter."""
    tried = attempts(relay)
    relay.wait_until(lambda: attempts(relay) > tried or dead_letters(relay), "an attempt")


def attempts(relay: Relay) -> int:
    """How often submission has run."""
    return sum(line.startswith("REPORT") for line in relay.lines("submit-imports"))


def dead_letters(relay: Relay) -> int:
    return relay.counts("DeadLetterQueueUrl")[0]


@contextmanager
def broken(relay: Relay) -> Iterator[None]:
    """While it lasts, submission cannot find its table, and may fail three times instead of ten."""
    sqs, queue = relay.client("sqs"), {"QueueUrl": relay.outputs["QueueUrl"]}
    policy = sqs.get_queue_attributes(**queue, AttributeNames=["RedrivePolicy"])["Attributes"]
    fewer = json.dumps(json.loads(policy["RedrivePolicy"]) | {"maxReceiveCount": 3})
    sqs.set_queue_attributes(**queue, Attributes={"RedrivePolicy": fewer})
    functions, name = relay.client("lambda"), f"{STACK}-submit-imports"
    environment = functions.get_function_configuration(FunctionName=name)["Environment"]
    wrong = {**environment["Variables"], "LEDGER_TABLE": "nowhere"}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": wrong})
    yield
    functions.update_function_configuration(FunctionName=name, Environment=environment)
    sqs.set_queue_attributes(**queue, Attributes=policy)


def test_a_reader_may_look_and_change_nothing(relay: Relay, tmp_path: Path) -> None:
    relay.keep_clear_of_midnight()
    reader = Person(relay, "ReaderPolicyArn")
    for arguments in LOOKS:
        ran = reader.runs(*arguments)
        assert ran.code in (ExitCode.DONE, ExitCode.FOUND), (arguments, ran.err)

    before = stored(relay)
    for command, (arguments, typed) in changes(last(relay), rows_of_a_file(tmp_path)).items():
        ran = reader.runs(command, *arguments, typed=typed)
        told = "AccessDenied" in ran.err, OPERATOR in ran.err
        assert (ran.code, *told) == (ExitCode.UNAVAILABLE, True, True), (command, ran)
    assert stored(relay) == before
    assert not relay.is_paused()


def test_an_operator_may_run_every_command(relay: Relay, operator: Person, tmp_path: Path) -> None:
    tried = changes(last(relay), rows_of_a_file(tmp_path))
    looks = {name: (arguments, "") for name, *arguments in LOOKS if name not in tried}
    assert {*tried, *looks} == COMMANDS.keys()
    for command, (arguments, typed) in {**looks, **tried}.items():
        ran = operator.runs(command, *arguments, "--json", typed=typed)
        assert ran.code in (ExitCode.DONE, ExitCode.FOUND), (command, ran)
        assert ran.content, command
        assert relay.is_paused() == (command == "pause")
    assert {"Mateo", "imports", "watermarks"} <= ran.content["erased"][0]["places"].keys()
    relay.drain()
    assert "C-5000" not in names_of_customers(relay)
    assert {"C-5001", "C-7100"} <= names_of_customers(relay)


def last(relay: Relay) -> str:
    """When the last accepted delivery was received."""
    *_, delivery = relay.accepted
    return datetime.strptime(delivery[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).isoformat()


def rows_of_a_file(folder: Path) -> Path:
    """One customer, as the ERP would write it into a file."""
    file = folder / "customers.ndjson"
    file.write_text(json.dumps(customer(7_100)) + "\n", encoding="utf-8")
    return file


def stored(relay: Relay) -> set[str]:
    """The keys in the bucket except for daily reports, and the customers in Mateo."""
    keys = {key for key, _ in objects(relay) if not key.startswith("daily/")}
    return keys | names_of_customers(relay)


def test_a_failed_first_deployment_leaves_nothing(relay: Relay) -> None:
    resources = relay.template["Resources"]
    template = {
        "Parameters": {"ReportRetentionDays": {"Type": "Number", "Default": 400}},
        "Resources": {
            **{name: resources[name] for name in STORED},
            "Fails": {
                "Type": "AWS::S3::Bucket",
                "DependsOn": list(STORED),
                "Properties": {"BucketName": relay.outputs["BucketName"]},
            },
        },
    }
    before = stores(relay)
    cloudformation = relay.client("cloudformation")
    cloudformation.create_stack(StackName="first", TemplateBody=json.dumps(template))

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName="first")["Stacks"][0]["StackStatus"])

    relay.wait_until(lambda: status() == "ROLLBACK_COMPLETE", "the roll-back")
    assert stores(relay) == before


def stores(relay: Relay) -> set[str]:
    """Names of all tables and buckets."""
    buckets = relay.client("s3").list_buckets()["Buckets"]
    return {*relay.client("dynamodb").list_tables()["TableNames"], *(b["Name"] for b in buckets)}


def objects(relay: Relay) -> Iterator[tuple[str, bytes]]:
    """All objects of the bucket."""
    s3, bucket = relay.client("s3"), relay.outputs["BucketName"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", []):
            yield one["Key"], s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()


def test_a_deletion_keeps_what_holds_data_and_nothing_else(
    relay: Relay, deployment: Deployment
) -> None:
    outputs = relay.outputs
    kept = {outputs[name] for name in ("BucketName", "LedgerTableName", "WatermarksTableName")}
    deployment.delete()

    assert kept <= stores(relay)
    assert not [one for one in remaining(relay) if STACK in one]


def remaining(relay: Relay) -> list[str]:
    """Names of all resources of the types that a stack has, without tables and buckets."""
    pages: tuple[tuple[str, str, str, str], ...] = (
        ("lambda", "list_functions", "Functions", "FunctionName"),
        ("stepfunctions", "list_state_machines", "stateMachines", "name"),
        ("scheduler", "list_schedules", "Schedules", "GroupName"),
        ("ssm", "describe_parameters", "Parameters", "Name"),
        ("logs", "describe_log_groups", "logGroups", "logGroupName"),
        ("iam", "list_roles", "Roles", "RoleName"),
        ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    )
    return [
        str(one[name])
        for service, operation, listed, name in pages
        for one in getattr(relay.client(service), operation)()[listed]
    ]
