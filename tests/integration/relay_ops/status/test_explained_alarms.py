"""`relay status` shows each alarm of the last day, what the logs say of it, and refused files."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.codes import CODES
from relay_ops.stack import Stack
from relay_ops.status.alarms import RaisedAlarm
from relay_ops.status.explained_alarms import LARGE_LOGS, Alarms, Raised, read_alarms
from tests.support import aws as resources
from tests.support.relay import Relay
from tests.template.test_alarm_commands import ALARMS, first_command, section_of

BY_ITS_STATE = "watchdog-silent"
BY_SECONDS = {"ApproximateAgeOfOldestMessage", "OldestRequeuedSeconds"}
KEPT = (
    *("Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "Threshold"),
    *("DatapointsToAlarm", "ComparisonOperator", "TreatMissingData", "AlarmDescription"),
)
REFUSED = {"message": "webhook.refused", "connection": "shop", "code": "signature.mismatch"}


def without_functions(value: Any) -> Any:
    """A value of the template as CloudFormation may make it."""
    match value:
        case {"Fn::GetAtt": given} | {"Ref": given} | {"Fn::Sub": given}:
            return json.dumps(given)
        case {"Fn::If": [_, given, _]}:
            return without_functions(given)
        case dict():
            return {name: without_functions(one) for name, one in value.items()}
        case list():
            return [without_functions(one) for one in value]
    return value


@pytest.fixture
def cloudwatch(relay: Relay) -> Any:
    """All alarms of the template, and one with a percentile."""
    made = resources.client("cloudwatch")
    for name, properties in ALARMS.items():
        own = without_functions({key: properties[key] for key in KEPT if key in properties})
        more = {
            key: without_functions(properties[key])
            for key in ("Dimensions", "Metrics")
            if key in properties
        }
        made.put_metric_alarm(AlarmName=f"relay-{section_of(name)}", **own, **more)
    made.put_metric_alarm(
        AlarmName="relay-2-file-refused",
        MetricName="FilesRefused",
        Namespace="ImportRelay",
        ExtendedStatistic="p90",
        Period=300,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    return made


def raise_it(cloudwatch: Any, name: str, now: float) -> None:
    """Put the metric data that raised it an hour ago."""
    properties = without_functions(ALARMS[name])
    metrics = [one["MetricStat"] for one in properties.get("Metrics", []) if "MetricStat" in one]
    metric = metrics[0]["Metric"] if metrics else properties
    period_s = metrics[0]["Period"] if metrics else properties["Period"]
    value = 1_000_000 if metric["MetricName"] in BY_SECONDS else 9
    for back in range(properties["EvaluationPeriods"]):
        cloudwatch.put_metric_data(
            Namespace=metric["Namespace"],
            MetricData=[
                {
                    "MetricName": metric["MetricName"],
                    "Dimensions": metric["Dimensions"],
                    "Timestamp": datetime.fromtimestamp(now - 3_600 - back * period_s, UTC),
                    "Value": value,
                }
            ],
        )


def test_a_stack_in_order_shows_nothing(stack: Stack, cloudwatch: Any) -> None:
    assert read_alarms(stack) == Alarms()


def test_each_alarm_that_was_raised_is_named_with_its_command(
    stack: Stack, cloudwatch: Any
) -> None:
    for name in ALARMS:
        if section_of(name) != BY_ITS_STATE:
            raise_it(cloudwatch, name, stack.clock())
    cloudwatch.set_alarm_state(
        AlarmName=f"relay-{BY_ITS_STATE}", StateValue="INSUFFICIENT_DATA", StateReason="none"
    )

    found = {one.alarm.name: one for one in read_alarms(stack).raised}

    assert found.keys() == {section_of(name) for name in ALARMS}
    for name in ALARMS:
        raised, command = found[section_of(name)], first_command(name)
        lines = list(raised.lines(UTC))
        assert raised.alarm.first == command
        assert (f"Run: {command}" in lines) == (command != "relay status")
        assert lines[0].endswith(".")
        assert lines[-1] == f"docs/runbook.md#{section_of(name)}"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("FunctionsThrottled", "Throttles of "),
        ("ScheduleDropped", "InvocationDroppedCount of "),
        ("OldestRecordTooOld", ": 11.6 days"),
        ("OldestReceiptTooOld", "OldestRequeuedSeconds: 11.6 days"),
    ],
)
def test_an_alarm_without_lines_of_a_log_says_what_its_metrics_were(
    stack: Stack, cloudwatch: Any, name: str, line: str
) -> None:
    raise_it(cloudwatch, name, stack.clock())
    (found,) = (one for one in read_alarms(stack).raised if one.alarm.name == section_of(name))
    (measured,) = found.alarm.measured
    assert line in measured
    assert measured in list(found.lines(UTC))


def test_if_a_search_of_the_logs_takes_too_long_causes_may_be_missing(
    stack: Stack, cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_it(cloudwatch, "WebhooksRefused", stack.clock())
    assert read_alarms(stack).not_seen == []

    monkeypatch.setattr("relay_ops.log_lines.MAX_SEARCH_S", -1.0)

    found = read_alarms(stack)
    assert [one.alarm.name for one in found.raised] == ["webhooks-refused"]
    assert found.not_seen == [LARGE_LOGS]


def test_the_logs_say_why_an_alarm_was_raised(
    stack: Stack, cloudwatch: Any, tmp_path: Path
) -> None:
    raise_it(cloudwatch, "WebhooksRefused", stack.clock())
    at = datetime.fromtimestamp(stack.clock() - 3_600, UTC).isoformat()
    lines = [{**REFUSED, "timestamp": at}] * 3 + [{"message": "webhook.stored", "timestamp": at}]
    (tmp_path / "receive_webhook.log").write_text("\n".join(map(json.dumps, lines)), "utf-8")

    (found,) = read_alarms(replace(stack, logs=tmp_path)).raised

    (cause,) = found.causes
    assert (cause.count, cause.said["connection"]) == (3, "shop")
    assert CODES["signature.mismatch"].what_to_do in list(found.lines(UTC))


def test_a_refused_file_is_named_with_its_reason(stack: Stack) -> None:
    what = {"what": "The file has no rows.", "what_to_do": "Look at the export."}
    said = {"file": "inbox/erp/a.csv", "code": "file.empty", **what, "detail": "as it is"}
    for key, content in (
        ("inbox/erp/a.csv", "id"),
        ("inbox/erp/a.csv.error.json", json.dumps(said)),
        ("inbox/erp/own.error.json", "[1]"),
        ("inbox/erp/text.error.json", "no JSON"),
    ):
        resources.client("s3").put_object(Bucket=resources.BUCKET, Key=key, Body=content)

    (found,) = read_alarms(stack).refused

    assert (found.key, found.code) == ("inbox/erp/a.csv", "file.empty")
    assert found.why == "The file has no rows. As it is."
    assert found.what_to_do == "Look at the export."


def test_without_permission_to_see_alarms_the_policy_that_allows_it_is_named(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeAlarms")

    def refuse(*_: object) -> None:
        raise denied

    monkeypatch.setattr("relay_ops.status.explained_alarms.raised_alarms", refuse)

    found = read_alarms(stack)

    assert found.not_seen == [
        "You may not see alarms; the stack's policy ReaderPolicyArn allows it."
    ]


def test_another_error_is_not_hidden(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    error = ClientError({"Error": {"Code": "Throttling", "Message": "no"}}, "DescribeAlarms")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("relay_ops.status.explained_alarms.raised_alarms", fail)

    with pytest.raises(ClientError, match="Throttling"):
        read_alarms(stack)


def test_an_alarm_says_from_when_to_when_it_lasted() -> None:
    at = datetime(2026, 11, 21, 2, 50, tzinfo=UTC).timestamp()
    over, still = RaisedAlarm("a", "b", "c", at, at + 300), RaisedAlarm("a", "b", "c", at)

    assert Raised(over, []).when(UTC) == "11-21 02:50 to 11-21 02:55"
    assert Raised(still, []).when(UTC) == "since 11-21 02:50"
