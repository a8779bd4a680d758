"""The function SubmitImports as Lambda calls it: its batches, answers, logs and metrics."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import submit_imports
from import_relay.domain.errors import ConfigurationError
from import_relay.domain.reasons import Unexpected
from import_relay.mapping.row_texts import row_text
from import_relay.submit import connection_mappings
from submit_imports import handler
from tests.support import aws as resources
from tests.support.aws import Aws
from tests.support.builders import ERP, message
from tests.support.following import ADA, Context, mateo_environment
from tests.support.logged import Lines, log_lines
from tests.support.loopback import serving
from tests.support.mateo import MateoImports
from tests.support.relay import Clock


@pytest.fixture
def mateo() -> MateoImports:
    return MateoImports(clock=Clock(time.time()))


@pytest.fixture
def environment(
    aws: Aws, mateo: MateoImports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The function's environment, with Mateo on loopback."""
    secret = resources.client("secretsmanager").create_secret(Name="t", SecretString="token-1\n")
    file = tmp_path / "connections.toml"
    file.write_text(ERP)
    submit_imports.submission.cache_clear()
    submit_imports.settings.cache_clear()
    with serving(mateo) as address:
        variables: Mapping[str, str] = mateo_environment(f"{address}/api/v1", secret["ARN"]) | {
            "QUEUE_URL": aws.queue_url,
            "BULK_QUEUE_URL": aws.bulk_queue_url,
            "HELD_QUEUE_URL": aws.held_queue_url,
            "BULK_HELD_QUEUE_URL": aws.bulk_held_queue_url,
            "DEAD_LETTER_QUEUE_URL": aws.dead_letter_url,
            "WATERMARKS_TABLE": resources.WATERMARKS,
            "STATE_MACHINE_ARN": aws.state_machine_arn,
            "CONNECTIONS_FILE": str(file),
            "CRM_TOKENS_ARN": "connection-secrets",
            "ROWS_PER_IMPORT": "5000",
            "EVENT_SOURCE_MAPPINGS_PARAMETER": resources.MAPPING_PARAMETER,
            "PAUSE_SCHEDULE_GROUP": resources.SCHEDULE_GROUP,
            "PAUSE_SCHEDULE_ROLE_ARN": resources.SCHEDULE_ROLE,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield
    submit_imports.submission.cache_clear()
    submit_imports.settings.cache_clear()


@pytest.fixture
def logged() -> Iterator[Lines]:
    with log_lines() as lines:
        yield lines


def batch(*bodies: str, received: int = 1) -> dict[str, Any]:
    """An event with these messages, which are received for the nth time."""
    return {
        "Records": [
            {
                "messageId": f"m{n}",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": str(received),
                    "SentTimestamp": str(int(time.time() * 1_000)),
                },
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:relay",
            }
            for n, body in enumerate(bodies)
        ]
    }


@pytest.mark.usefixtures("environment")
def test_a_batch_is_imported_and_no_message_fails(mateo: MateoImports) -> None:
    received_at = int(time.time() * 1_000_000)

    answer = handler(batch(message([ADA], received_at=received_at)), Context())

    assert answer == {"batchItemFailures": []}
    (created,) = mateo.imports
    assert created.payload == [
        {"external_id": "1", "email": "ada@example.com", "full_name": "Ada Example"}
    ]


@pytest.mark.usefixtures("environment")
def test_a_message_that_cannot_be_read_fails_by_its_id() -> None:
    answer = handler(batch(message([ADA]), "garbage"), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


@pytest.mark.usefixtures("environment")
def test_a_batch_leaves_its_measures(logged: Lines) -> None:
    handler(batch(message([ADA, {"name": "nobody"}])), Context())

    (measured,) = [line for line in logged() if line["message"] == "batch.measured"]
    assert (measured["ImportsSent"], measured["RowsSent"]) == (1, 1)
    assert measured["ItemsRejected"] == 1
    (rejected,) = [line for line in logged() if line["message"] == "batch.rejected"]
    assert (rejected["ItemsRejected"], rejected["_aws"]["CloudWatchMetrics"][0]["Dimensions"]) == (
        1,
        [["service", "connection"]],
    )
    assert measured["EntitiesUsedToday"] == 1
    assert measured["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "ImportRelay"


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("received", "rejected"), [(1, 1), (2, None), (10, None)])
def test_outcomes_are_looked_up_only_if_the_message_was_received_before(
    logged: Lines, received: int, rejected: object
) -> None:
    body = message([{"name": "nobody"}], received_at=int(time.time() * 1_000_000))
    handler(batch(body), Context())

    handler(batch(body, received=received), Context())

    *_, last = [line for line in logged() if line["message"] == "batch.measured"]
    assert last.get("ItemsRejected") == rejected


@pytest.mark.usefixtures("environment")
def test_the_import_is_followed_by_an_execution_of_the_same_name(aws: Aws, logged: Lines) -> None:
    handler(batch(message([ADA])), Context())

    (sent,) = [line for line in logged() if line["message"] == "import.sent"]
    executions = resources.client("stepfunctions").list_executions(
        stateMachineArn=aws.state_machine_arn
    )["executions"]
    assert [one["name"] for one in executions] == [sent["reference"]]
    assert sent["reference"].split("-")[1] == "contact"


@pytest.mark.usefixtures("environment")
def test_nothing_that_is_logged_holds_a_record_or_the_token(logged: Lines) -> None:
    handler(batch(message([ADA, {"phone": "12"}])), Context())

    text = str(logged()).lower()
    assert "example" not in text  # "ada" alone is part of many a hex id
    assert "token-1" not in text


@pytest.mark.usefixtures("environment")
def test_a_fault_of_the_release_fails_the_function_once_all_others_are_imported(
    aws: Aws, mateo: MateoImports, logged: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is imported is deleted by then, so that only the others are redelivered."""
    monkeypatch.setattr(connection_mappings, "row_text", raised_by_eve)
    eve = {**ADA, "id": 3, "name": "Eve"}
    received_at = int(time.time() * 1_000_000)
    bodies = [
        message([one], received_at=received_at, delivery=f"d{n}")
        for n, one in enumerate((ADA, eve, eve))
    ]
    for body in bodies:
        aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody=body)
    received = aws.sqs.receive_message(QueueUrl=aws.queue_url, MaxNumberOfMessages=10)["Messages"]
    event = batch(*[one["Body"] for one in received])
    for record, one in zip(event["Records"], received, strict=True):
        record["receiptHandle"] = one["ReceiptHandle"]

    with pytest.raises(Unexpected, match=r"^KeyError at \w+\.py:\d+$"):
        handler(event, Context())

    assert [one.payload[0]["external_id"] for one in mateo.imports] == ["1"]
    assert sorted(json.dumps(content) for content, _ in aws.queued()) == sorted(
        json.dumps(json.loads(body)) for body in bodies[1:]
    )
    (measured,) = [line for line in logged() if line["message"] == "batch.measured"]
    assert (measured["RowsSent"], measured["ItemsDeadLettered"]) == (1, 0)


def raised_by_eve(columns: Mapping[str, object]) -> bytes:
    if columns["full_name"] == "Eve":
        raise KeyError("eve@example.com")
    return row_text(columns)


def test_a_missing_variable_is_named(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATERMARKS_TABLE")

    with pytest.raises(ConfigurationError, match="WATERMARKS_TABLE"):
        handler(batch(message([ADA])), Context())
