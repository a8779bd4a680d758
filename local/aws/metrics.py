"""Puts the metrics in the functions' logs into the stack's CloudWatch; `stack` runs it.

CloudWatch Logs takes metrics out of JSON lines with an `_aws` member (Embedded Metric Format).
Here they are added up per minute, CloudWatch's resolution, and put there once a minute, so that a
webhook costs reading its line, and no request.
"""

from __future__ import annotations

import json
import math
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from local.background import Rounds

_PERIOD_S = 60.0
MINUTE_MS = 60_000


class Metric(NamedTuple):
    """One metric in one minute (s since the epoch)."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    minute: int


@dataclass(slots=True)
class Statistics:
    """What CloudWatch keeps of a minute's values."""

    count: int = 0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf

    def add(self, other: Statistics) -> None:
        """More values."""
        self.count += other.count
        self.total += other.total
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)


class Metrics:
    """Adds up what lines say, and hands it to CloudWatch."""

    def __init__(self) -> None:
        self._added: defaultdict[Metric, Statistics] = defaultdict(Statistics)
        self._lock = threading.Lock()
        self._handing_over = threading.Lock()
        self._rounds = Rounds("metrics", self.put, period_s=_PERIOD_S)
        self._cloudwatch: Any = None

    def start(self, cloudwatch: Any) -> None:
        """Put the sums into CloudWatch once a minute, until `stop`."""
        self._cloudwatch = cloudwatch
        self._rounds.start()

    def stop(self) -> None:
        """End. What was not put into CloudWatch yet is dropped."""
        self._rounds.stop()

    def read(self, line: str) -> None:
        """Add the metrics of a function's line, if it has any."""
        if '"_aws"' in line:
            self._add(_metrics(line))

    def count_error(self, function: str, now: float) -> None:
        """Add what Lambda itself counts for an invocation that failed at `now` (s since epoch)."""
        minute = int(now) // 60 * 60
        of = Metric("AWS/Lambda", "Errors", "Count", (("FunctionName", function),), minute)
        self._add([(of, Statistics(1, 1.0, 1.0, 1.0))])

    def count_dropped(self, function: str, now: float) -> None:
        """Add what Lambda counts for an invocation that it refuses as a recursive loop."""
        minute = int(now) // 60 * 60
        dimensions = (("FunctionName", function),)
        of = Metric("AWS/Lambda", "RecursiveInvocationsDropped", "Count", dimensions, minute)
        self._add([(of, Statistics(1, 1.0, 1.0, 1.0))])

    def put(self) -> None:
        """Hand over everything that was added; what CloudWatch does not take is kept.

        When this returns, what another thread was just handing over is there as well.
        """
        with self._handing_over:
            self._put()

    def _put(self) -> None:
        with self._lock:
            taken, self._added = self._added, defaultdict(Statistics)
        try:
            for namespace in sorted({metric.namespace for metric in taken}):
                own = {one: taken[one] for one in taken if one.namespace == namespace}
                self._cloudwatch.put_metric_data(
                    Namespace=namespace, MetricData=[_datum(*pair) for pair in own.items()]
                )
                for metric in own:
                    del taken[metric]
        finally:
            self._add(taken.items())

    def _add(self, values: Iterable[tuple[Metric, Statistics]]) -> None:
        with self._lock:
            for metric, statistics in values:
                self._added[metric].add(statistics)


def _metrics(line: str) -> list[tuple[Metric, Statistics]]:
    """The metrics of a line; none if it is not as CloudWatch wants it."""
    try:
        event = json.loads(line)
        about = event["_aws"]
        minute = int(about["Timestamp"]) // MINUTE_MS * 60
        return [
            (
                Metric(
                    directive["Namespace"],
                    metric["Name"],
                    metric.get("Unit", "None"),
                    tuple((name, str(event[name])) for name in names),
                    minute,
                ),
                _statistics(event[metric["Name"]]),
            )
            for directive in about["CloudWatchMetrics"]
            for names in directive["Dimensions"]
            for metric in directive["Metrics"]
        ]
    except (ValueError, KeyError, TypeError):
        return []


def _statistics(found: float | list[float]) -> Statistics:
    values = [float(one) for one in (found if isinstance(found, list) else [found])]
    return Statistics(len(values), sum(values), min(values), max(values))


def _datum(metric: Metric, statistics: Statistics) -> dict[str, Any]:
    return {
        "MetricName": metric.name,
        "Unit": metric.unit,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        "Timestamp": datetime.fromtimestamp(metric.minute, UTC),
        "StatisticValues": {
            "SampleCount": statistics.count,
            "Sum": statistics.total,
            "Minimum": statistics.least,
            "Maximum": statistics.most,
        },
    }
