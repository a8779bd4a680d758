"""How many items were received, by connection and time: metrics in CloudWatch.

Webhooks are counted by the receivers, rows of files when they are queued.
Nothing else knows what still waits in the queue. Called by the daily report.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from import_relay.domain.batches import batches
from import_relay.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient

METRIC = "ItemsReceived"
FILE_ROWS = "FileRowsQueued"
PERIOD_S = 900
"""Days and hours begin at a multiple of this in every time zone. For data older than 15 days
CloudWatch takes multiples of five minutes."""
MAX_QUERIES = 500
"""Of one GetMetricData (CloudWatch quota)."""


class ReceivedCounts:
    """Reads the metric.

    Args:
        namespace: of the relay's metrics.
        service: their dimension, the stack's name.
    """

    def __init__(self, client: "CloudWatchClient", namespace: str, service: str) -> None:
        self._client = client
        self._namespace = namespace
        self._service = service

    def each(
        self, connections: Iterable[str], begin: float, end: float
    ) -> Iterator[tuple[str, float, int]]:
        """Connection, time (s since the epoch) and count of each quarter of an hour with any.

        What connections of other names received comes with an empty name, and so do rows of files.

        Raises:
            StoreUnavailable: CloudWatch gave a part only.
        """
        names = ["", *sorted(set(connections))]
        rest: dict[float, int] = {}
        for part in batches(names, MAX_QUERIES):
            for name, at, count in self._read(part, begin, end):
                if name:
                    yield name, at, count
                rest[at] = rest.get(at, 0) + (-count if name else count)
        for _, at, count in self._read([""], begin, end, metric=FILE_ROWS):
            rest[at] = rest.get(at, 0) + count
        yield from (("", at, count) for at, count in sorted(rest.items()) if count > 0)

    def _read(
        self, names: Iterable[str], begin: float, end: float, *, metric: str = METRIC
    ) -> Iterator[tuple[str, float, int]]:
        by_id = {f"c{number}": name for number, name in enumerate(names)}
        pages = self._pages(
            MetricDataQueries=[self._query(id_, name, metric) for id_, name in by_id.items()],
            StartTime=datetime.fromtimestamp(begin, UTC),
            EndTime=datetime.fromtimestamp(end, UTC),
        )
        last = dict.fromkeys(by_id, "no answer")  # before its last page, a result is partial
        for page in pages:
            for result in page["MetricDataResults"]:
                last[result["Id"]] = result["StatusCode"]
                for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                    yield by_id[result["Id"]], at.timestamp(), round(value)
        wrong = {status for status in last.values() if status != "Complete"}
        if wrong:
            raise StoreUnavailable(f"CloudWatch did not give all of {metric}: {sorted(wrong)}")

    def _pages(self, **asked: Any) -> Iterator[Mapping[str, Any]]:
        call: Callable[..., Mapping[str, Any]] = self._client.get_metric_data
        while True:
            answer = call(**asked)
            yield answer
            if not answer.get("NextToken"):
                return
            asked["NextToken"] = answer["NextToken"]

    def _query(self, id_: str, connection: str, metric: str) -> dict[str, Any]:
        dimensions = [{"Name": "service", "Value": self._service}]
        if connection:
            dimensions.append({"Name": "connection", "Value": connection})
        of = {"Namespace": self._namespace, "MetricName": metric, "Dimensions": dimensions}
        return {"Id": id_, "MetricStat": {"Metric": of, "Period": PERIOD_S, "Stat": "Sum"}}
