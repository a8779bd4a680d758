"""One line per outcome: a structured log record that carries its metrics (EMF) in itself.

Called by handlers. CloudWatch reads metrics from any JSON line with an `_aws` member, and other
members may stand beside it (Embedded Metric Format specification, "Root node"); one line instead of
two halves what a webhook costs in logs. Metrics leave at every log level.
"""

import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Literal, TypeVar

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from import_relay.domain.errors import RelayError
from import_relay.domain.log_events import RESERVED_KEYS
from import_relay.domain.reasons import Unexpected, place_of
from import_relay.telemetry.log_levels import own_level, passing_level, quiet_libraries

NAMESPACE = "ImportRelay"
SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "import-relay")
"""The stack's name: two stacks in one region count apart."""
BY_CONNECTION = frozenset({"ItemsReceived"})
"""Metrics that are also kept by connection, where a line names one: each costs as much again."""
Level = Literal["info", "warning", "error"]
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_T = TypeVar("_T")


class _OwnLogger(Logger):
    """Powertools' logger at the relay's own level, whatever level Lambda's configuration names."""

    def _determine_log_level(self, level: str | int | None) -> str | int:
        # Its own choice prefers Lambda's level, and fails on TRACE, which Python does not have.
        return own_level() if level is None else level


class OutcomeLog:
    """Writes outcomes. No key may hold a record, a header's value or a secret.

    A key that a line has itself, such as `message` or `name`, gets an underscore: what is said of
    a batch must not end it.
    """

    def __init__(self) -> None:
        quiet_libraries()
        self._logger = _OwnLogger(service=SERVICE, location=None, use_rfc3339=True, utc=True)
        self._shown = logging.getLogger(SERVICE).isEnabledFor
        self._passing = passing_level()
        self._metrics = Metrics(namespace=NAMESPACE, service=SERVICE)

    def write(
        self,
        event: str,
        counts: Mapping[str, int],
        *,
        level: Level = "info",
        counted_at: int | None = None,
        **keys: object,
    ) -> None:
        """Log `event` with its keys, and count; a log level that hides the record keeps counts.

        Args:
            counted_at: the time that the counts belong to, in µs since the epoch; now if None.
        """
        connection = str(keys.get("connection", ""))
        embedded = self._embedded(counts, counted_at, connection) if counts else {}
        self._put(event, embedded, level, keys)

    def write_of_connection(
        self, event: str, connection: str, counts: Mapping[str, int], **keys: object
    ) -> None:
        """Log what is counted of one connection alone; the sums of all are counted elsewhere."""
        timestamp = int(datetime.now(UTC).timestamp() * 1_000)
        about = {"Timestamp": timestamp, "CloudWatchMetrics": [_of_connections(counts)]}
        embedded = {"_aws": about, "service": SERVICE, "connection": connection, **counts}
        self._put(event, embedded, "info", keys)

    def _put(
        self,
        event: str,
        embedded: Mapping[str, object],
        level: Level,
        keys: Mapping[str, object],
    ) -> None:
        """Write a record with its metrics, or the metrics alone where the record is hidden."""
        shown = self._shown(LEVELS[level])
        if RESERVED_KEYS.intersection(keys):
            keys = {f"{name}_" if name in RESERVED_KEYS else name: keys[name] for name in keys}
        together = shown and not self._passing
        if shown:
            getattr(self._logger, level)(event, extra={**keys, **(embedded if together else {})})
        if embedded and not together:
            sys.stdout.write(json.dumps({**_head(self._passing), **embedded}) + "\n")

    def _embedded(
        self, counts: Mapping[str, int], counted_at: int | None, connection: str
    ) -> Mapping[str, object]:
        for name, count in counts.items():
            self._metrics.add_metric(name, MetricUnit.Count, count)
        embedded: Any = self._metrics.serialize_metric_set()
        self._metrics.clear_metrics()
        if counted_at is not None:
            embedded["_aws"]["Timestamp"] = counted_at // 1_000
        by_connection = [name for name in counts if name in BY_CONNECTION]
        if not (connection and by_connection):
            return {**embedded}
        embedded["_aws"]["CloudWatchMetrics"].append(_of_connections(by_connection))
        return {**embedded, "connection": connection}


def _of_connections(names: Iterable[str]) -> Mapping[str, object]:
    """The part of a line that makes metrics of these members, by connection."""
    return {
        "Namespace": NAMESPACE,
        "Dimensions": [["service", "connection"]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in names],
    }


def _head(passing: str) -> Mapping[str, str]:
    """What lets a line with metrics alone pass Lambda's filter by level."""
    return {"level": passing, "timestamp": datetime.now(UTC).isoformat()} if passing else {}


def without_payload(handler: Callable[[dict[str, Any], Any], _T]) -> Callable[..., _T]:
    """A handler whose errors may be shown: Lambda logs their text, and its callers keep it.

    Errors of the relay stay as they are; any other becomes `Unexpected`, which names type and
    place, and of an error of AWS its code and operation.
    """

    @wraps(handler)
    def guarded(event: dict[str, Any], context: Any) -> _T:
        try:
            return handler(event, context)
        except RelayError:
            raise
        except Exception as error:  # noqa: BLE001 - its text may hold data
            inside = error.__traceback__.tb_next if error.__traceback__ else None
            shown = Unexpected(place_of(error.with_traceback(inside))).with_traceback(inside)
        raise shown

    return guarded
