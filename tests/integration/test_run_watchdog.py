"""The watchdog as EventBridge Scheduler calls it: what it reads, counts and logs."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import run_watchdog
from import_relay.domain.errors import ConfigurationError
from import_relay.domain.reasons import Unexpected
from run_watchdog import handler
from tests.support.aws import BUCKET, LEDGER, Aws, client
from tests.support.following import Context
from tests.support.logged import Lines, log_lines

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


UNKNOWN = "00000000-0000-0000-0000-000000000000"


def mappings_of(aws: Aws) -> list[str]:
    """New event source mappings of both lanes, disabled."""
    role = client("iam").create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(TRUST))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("f.py", "")
    client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="f.f",
        Code={"ZipFile": code.getvalue()},
    )
    return [_mapping(aws, url) for url in (aws.queue_url, aws.bulk_queue_url)]


def _mapping(aws: Aws, queue_url: str) -> str:
    queue = aws.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    made = client("lambda").create_event_source_mapping(
        EventSourceArn=queue["Attributes"]["QueueArn"], FunctionName="f", Enabled=False
    )
    return str(made["UUID"])


@pytest.fixture
def mapping(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The function's environment, with disabled mappings; the one of the live lane."""
    file = tmp_path / "connections.toml"
    file.write_text('[erp]\nkind = "json"\n')
    mappings = mappings_of(aws)
    for name, value in {
        "BUCKET_NAME": BUCKET,
        "QUEUE_URL": aws.queue_url,
        "BULK_QUEUE_URL": aws.bulk_queue_url,
        "LEDGER_TABLE": LEDGER,
        "EVENT_SOURCE_MAPPINGS": ",".join(mappings),
        "STATE_MACHINE_ARN": aws.state_machine_arn,
        "CONNECTIONS_FILE": str(file),
        "LIMIT_TIME_ZONE": "Europe/Berlin",
        "ALARM_PERCENT": "5",
        "IGNORED_ALARM_PERCENT": "50",
        "ALARM_TOPIC_ARN": "",
    }.items():
        monkeypatch.setenv(name, value)
    run_watchdog.watchdog.cache_clear()
    yield mappings[0]
    run_watchdog.watchdog.cache_clear()


@pytest.fixture
def logged() -> Iterator[Lines]:
    with log_lines() as lines:
        yield lines


def test_a_run_repairs_and_says_what_it_found(mapping: str, logged: Lines) -> None:
    counts = handler({}, Context())

    described = client("lambda").get_event_source_mapping(UUID=mapping)
    assert described["State"] in ("Enabled", "Enabling")
    assert counts == {
        "WatchdogRuns": 1,
        "SubmissionOverdue": 1,
        "ExecutionsRestarted": 0,
        "ConnectionsWithHighRates": 0,
        "ErasuresPending": 0,
    }
    resumed, ran = logged()
    assert (resumed["message"], resumed["level"]) == ("submission.resumed", "WARNING")
    assert ran["message"] == "watchdog.ran"
    assert {name: ran[name] for name in counts} == counts


def test_a_run_that_finds_nothing_logs_only_that_it_ran(mapping: str, logged: Lines) -> None:
    handler({}, Context())
    handler({}, Context())

    assert [line["message"] for line in logged()][2:] == ["watchdog.ran"]


@pytest.mark.usefixtures("mapping")
def test_a_run_that_fails_counts_no_run_and_names_what_was_refused(
    logged: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENT_SOURCE_MAPPINGS", f"{UNKNOWN},{UNKNOWN}")

    with pytest.raises(Unexpected, match="ResourceNotFoundException in GetEventSourceMapping"):
        handler({}, Context())

    (line,) = logged()
    assert (line["message"], line["check"]) == ("watchdog.check_failed", "resume")
    assert "WatchdogRuns" not in line


@pytest.mark.usefixtures("mapping")
def test_a_setting_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_MACHINE_ARN")

    with pytest.raises(ConfigurationError, match="STATE_MACHINE_ARN"):
        handler({}, Context())
