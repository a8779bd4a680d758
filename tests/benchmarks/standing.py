"""What a month without a webhook costs, by what the template has; `cost` prints it."""

from collections.abc import Callable, Mapping
from typing import Any

from import_relay.bulk.importing_files import FileRun
from import_relay.watch.watchdog import WatchdogReport
from tests.benchmarks.bill import PRICES
from tests.template.expanded import source

ALARM_METRIC_USD, SECRET_USD, METRIC_USD = 0.10, 0.40, 0.30
"""Per month, in us-east-1; autumn 2026. An alarm on several metrics costs each of them."""
DASHBOARD_USD = 3.0
"""Per month, of each dashboard after the third of an account."""
POLLERS, POLL_S, MONTH_S = 5, 20, 30 * 86_400
"""Lambda polls an empty queue with five long polls at a time (AWS: SQS as a source)."""


def _of_files() -> Mapping[str, int]:
    from import_files import measures

    return measures(FileRun())


def _of_watchdog() -> Mapping[str, int]:
    from run_watchdog import measures

    return measures(WatchdogReport())


IDLE: Mapping[str, Callable[[], Mapping[str, int]]] = {
    "ImportFiles": _of_files,
    "RunWatchdog": _of_watchdog,
    "WriteDailyReport": dict,
}
"""Function that a schedule starts → the metrics of a run that finds nothing to do."""


def month_without_webhooks() -> Mapping[str, float]:
    """US dollars by what costs them, without free tiers and without the dashboard."""
    resources: dict[str, dict[str, Any]] = source()["Resources"]
    alarms = [one["Properties"] for one in _of_type(resources, "AWS::CloudWatch::Alarm")]
    secrets = _of_type(resources, "AWS::SecretsManager::Secret")
    polls = POLLERS * MONTH_S / POLL_S
    return {
        "alarms": ALARM_METRIC_USD * sum(_metrics(one) for one in alarms),
        "metrics": METRIC_USD * len(idle_metrics(resources)),
        "secrets": SECRET_USD * len(secrets),
        "requests to queues": _polled_queues(resources) * polls * PRICES["SQS requests"],
    }


def idle_metrics(resources: Mapping[str, dict[str, Any]]) -> set[str]:
    """The metrics that are written although nothing happens."""
    return {name for one in scheduled(resources) for name in IDLE[one]()}


def scheduled(resources: Mapping[str, dict[str, Any]]) -> set[str]:
    """The functions that schedules start."""
    targets = [one["Properties"]["Target"]["Arn"] for one in _schedules(resources)]
    return {str(one["Fn::GetAtt"][0]) for one in targets if "Fn::GetAtt" in one}


def _schedules(resources: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return _of_type(resources, "AWS::Scheduler::Schedule")


def _of_type(resources: Mapping[str, dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    return [one for one in resources.values() if one["Type"] == type_]


def _metrics(alarm: Mapping[str, Any]) -> int:
    return sum("MetricStat" in one for one in alarm.get("Metrics", ())) or 1


def _polled_queues(resources: Mapping[str, dict[str, Any]]) -> int:
    functions = _of_type(resources, "AWS::Serverless::Function")
    events = (event for one in functions for event in one["Properties"].get("Events", {}).values())
    return sum(event["Type"] == "SQS" for event in events)
