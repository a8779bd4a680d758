"""Asks CloudWatch for metrics, and checks that it gave all of them. For `relay status`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from import_relay.storage.received_counts import PERIOD_S
from relay_ops.exits import StackUnavailable


def metric_data(
    pages: Iterable[Mapping[str, Any]], asked: Iterable[str]
) -> Iterator[Mapping[str, Any]]:
    """The results in the answers to GetMetricData for the queries `asked`, by their ids.

    Raises:
        StackUnavailable: at the end, if a query was answered in part: no sum would be true.
    """
    last = dict.fromkeys(asked, "no answer")  # before its last page, a result says PartialData
    for page in pages:
        for result in page["MetricDataResults"]:
            last[result["Id"]] = result["StatusCode"]
            yield result
    for name, status in last.items():
        if status != "Complete":
            again = "run this again, and if it stays so, check that you may read metrics"
            raise StackUnavailable(f"CloudWatch did not give all of `{name}` ({status}): {again}.")


def metric_query(
    name: str,
    namespace: str,
    metric: str,
    dimension: Mapping[str, str],
    period_s: int = PERIOD_S,
) -> dict[str, Any]:
    """The query `name` for the sums of a metric."""
    of = {"Namespace": namespace, "MetricName": metric, "Dimensions": [dimension]}
    return {"Id": name, "MetricStat": {"Metric": of, "Period": period_s, "Stat": "Sum"}}
