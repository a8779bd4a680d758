"""The metrics that functions log reach CloudWatch, added up per minute."""

import json
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from local.aws.metrics import Metrics

NOON_MS = 1_795_262_400_000


class CloudWatch:
    """Remembers what it is given."""

    def __init__(self) -> None:
        self.fails = False
        self.data: list[tuple[str, dict[str, Any]]] = []

    def put_metric_data(self, **request: Any) -> None:
        if self.fails:
            raise ConnectionError
        self.data += [(request["Namespace"], one) for one in request["MetricData"]]


@pytest.fixture
def cloudwatch() -> CloudWatch:
    return CloudWatch()


@pytest.fixture
def metrics(cloudwatch: CloudWatch) -> Metrics:
    metrics = Metrics()
    metrics.start(cloudwatch)
    metrics.stop()  # the tests call `put` themselves
    return metrics


def line(timestamp_ms: int = NOON_MS, **counts: object) -> str:
    directive = {
        "Namespace": "ImportRelay",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in counts],
    }
    about = {"Timestamp": timestamp_ms, "CloudWatchMetrics": [directive]}
    return json.dumps({"message": "webhook.stored", "_aws": about, "service": "relay", **counts})


def test_the_lines_of_a_minute_are_one_entry(metrics: Metrics, cloudwatch: CloudWatch) -> None:
    metrics.read(line(ItemsReceived=[3.0]))
    metrics.read(line(NOON_MS + 59_999, ItemsReceived=[4.0]))
    metrics.put()

    (given,) = cloudwatch.data
    assert given == (
        "ImportRelay",
        {
            "MetricName": "ItemsReceived",
            "Unit": "Count",
            "Dimensions": [{"Name": "service", "Value": "relay"}],
            "Timestamp": datetime(2026, 11, 21, 12, tzinfo=UTC),
            "StatisticValues": {"SampleCount": 2, "Sum": 7.0, "Minimum": 3.0, "Maximum": 4.0},
        },
    )


def test_minutes_and_names_are_kept_apart(metrics: Metrics, cloudwatch: CloudWatch) -> None:
    metrics.read(line(ItemsReceived=[3.0], WebhooksRefused=1))
    metrics.read(line(NOON_MS + 60_000, ItemsReceived=[4.0]))
    metrics.put()

    given = [
        (datum["MetricName"], datum["Timestamp"].minute, datum["StatisticValues"]["Sum"])
        for _, datum in cloudwatch.data
    ]
    assert sorted(given) == [
        ("ItemsReceived", 0, 3.0),
        ("ItemsReceived", 1, 4.0),
        ("WebhooksRefused", 0, 1.0),
    ]


def test_nothing_is_put_twice(metrics: Metrics, cloudwatch: CloudWatch) -> None:
    metrics.read(line(ItemsReceived=[3.0]))
    metrics.put()
    metrics.put()

    assert len(cloudwatch.data) == 1


def test_what_cloudwatch_does_not_take_is_put_later(
    metrics: Metrics, cloudwatch: CloudWatch
) -> None:
    metrics.read(line(ItemsReceived=[3.0]))
    cloudwatch.fails = True
    with pytest.raises(ConnectionError):
        metrics.put()
    metrics.read(line(ItemsReceived=[4.0]))
    cloudwatch.fails = False
    metrics.put()

    assert [datum["StatisticValues"]["Sum"] for _, datum in cloudwatch.data] == [7.0]


@pytest.mark.parametrize(
    "text",
    [
        "START RequestId: 1",
        '{"message": "webhook.refused"}',
        '{"_aws": broken',
        '{"_aws": {}}',
        '["_aws"]',
        line().replace('"Metrics": []', '"Metrics": [{"Name": "Missing"}]'),
        line(ItemsReceived="many"),
        line(ItemsReceived=[]),
    ],
)
def test_a_line_without_proper_metrics_adds_none(
    metrics: Metrics, cloudwatch: CloudWatch, text: str
) -> None:
    metrics.read(text)
    metrics.put()

    assert cloudwatch.data == []


def test_failed_invocations_are_counted_as_lambda_does(
    metrics: Metrics, cloudwatch: CloudWatch
) -> None:
    metrics.count_error("import-relay-receive-webhook", NOON_MS / 1_000)
    metrics.put()

    ((namespace, datum),) = cloudwatch.data
    assert (namespace, datum["MetricName"]) == ("AWS/Lambda", "Errors")
    assert datum["Dimensions"] == [
        {"Name": "FunctionName", "Value": "import-relay-receive-webhook"}
    ]
    assert datum["StatisticValues"]["Sum"] == 1.0


def test_a_put_waits_for_the_one_that_is_under_way() -> None:
    """Else its caller would look for sums that are not there yet."""
    slow, arrived = threading.Event(), threading.Event()

    class Slow(CloudWatch):
        def put_metric_data(self, **request: Any) -> None:
            arrived.set()
            assert slow.wait(30)
            super().put_metric_data(**request)

    cloudwatch = Slow()
    metrics = Metrics()
    metrics.start(cloudwatch)
    metrics.stop()
    metrics.read(line(ItemsReceived=[3.0]))
    first = threading.Thread(target=metrics.put)
    first.start()
    assert arrived.wait(30)
    second = threading.Thread(target=metrics.put)
    second.start()
    second.join(0.05)
    waited = second.is_alive()
    slow.set()
    first.join()
    second.join()

    assert waited
    assert len(cloudwatch.data) == 1
