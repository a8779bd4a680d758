"""What a month costs without a webhook, by what the template has; printed by `cost`."""

from collections.abc import Mapping
from typing import Any

from tests.benchmarks.bill import PRICES
from tests.template.expanded import source

ALARM_METRIC_USD, SECRET_USD = 0.10, 0.40
"""Per month, in us-east-1; autumn 2026. An alarm on several metrics costs each of them."""
POLLERS, POLL_S, MONTH_S = 5, 20, 30 * 86_400
"""Lambda looks into a queue that is empty with five long polls at a time (AWS: SQS as a source)."""


def month_without_webhooks() -> Mapping[str, float]:
    """US dollars by what costs them, without free tiers."""
    resources: dict[str, dict[str, Any]] = source()["Resources"]
    alarms = [one["Properties"] for one in _of_type(resources, "AWS::CloudWatch::Alarm")]
    secrets = _of_type(resources, "AWS::SecretsManager::Secret")
    polls = POLLERS * MONTH_S / POLL_S
    return {
        "alarms": ALARM_METRIC_USD * sum(_metrics(one) for one in alarms),
        "secrets": SECRET_USD * len(secrets),
        "looks into queues": _polled_queues(resources) * polls * PRICES["SQS requests"],
    }


def _of_type(resources: Mapping[str, dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    return [one for one in resources.values() if one["Type"] == type_]


def _metrics(alarm: Mapping[str, Any]) -> int:
    return sum("MetricStat" in one for one in alarm.get("Metrics", ())) or 1


def _polled_queues(resources: Mapping[str, dict[str, Any]]) -> int:
    functions = _of_type(resources, "AWS::Serverless::Function")
    events = (event for one in functions for event in one["Properties"].get("Events", {}).values())
    return sum(event["Type"] == "SQS" for event in events)
