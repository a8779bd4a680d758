"""One line per outcome: a JSON object that carries its metrics (EMF) in itself.

Called by handlers. CloudWatch reads metrics from any JSON line with an `_aws` member, and other
members may stand beside it (Embedded Metric Format specification, "Root node"); one line instead of
two halves what a webhook costs in logs. Metrics leave at every log level.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, wraps
from typing import Any, TypeVar

from aws_lambda_powertools.logging import Logger

from import_relay.domain.errors import RelayError
from import_relay.domain.log_events import RESERVED_KEYS, Level, level_of
from import_relay.domain.reasons import Unexpected, place_of
from import_relay.telemetry.log_levels import own_level, passing_level, quiet_libraries

NAMESPACE = "ImportRelay"
SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "import-relay")
"""The stack's name: two stacks in one region count apart."""
BY_CONNECTION = frozenset({"ItemsReceived"})
"""Metrics that are also kept by connection, where a line names one: each costs as much again."""
_OF_SERVICE = ("service",)
_OF_CONNECTION = ("service", "connection")
TRACE_HEADER = "_X_AMZN_TRACE_ID"
"""Variable that Lambda sets for each invocation; `Sampled=1` in it: X-Ray keeps the trace."""
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_json = json.JSONEncoder(default=str, ensure_ascii=False, separators=(",", ":")).encode
_T = TypeVar("_T")


def put(text: str) -> None:
    """Write a line to standard output, which Lambda reads, before anything else happens."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class _Lines(logging.Handler):
    """Puts each line of Powertools' logger where the lines with metrics alone go."""

    def emit(self, record: logging.LogRecord) -> None:
        put(self.format(record))


class _Logger(Logger):
    """Powertools' logger; `OutcomeLog` decides what is shown, by the relay's own level."""

    def _determine_log_level(self, level: str | int | None) -> str | int:
        # Its own choice prefers Lambda's level, and fails on TRACE, which Python does not have.
        return logging.DEBUG if level is None else level


class OutcomeLog:
    """Writes outcomes to standard output. No key may hold a record, a header's value or a secret.

    A key that is None is left out. One that a line has itself, such as `message`, gets an
    underscore: what is said of a batch must not end it.
    """

    def __init__(self) -> None:
        quiet_libraries()
        self._logger = _Logger(
            service=SERVICE,
            location=None,
            use_rfc3339=True,
            utc=True,
            json_serializer=_text,
            logger_handler=_Lines(),
        )
        self._least = own_level()
        self._passing = passing_level()

    def write(
        self,
        event: str,
        counts: Mapping[str, int],
        *,
        level: Level | None = None,
        counted_at: int | None = None,
        **keys: object,
    ) -> None:
        """Log `event` with its keys, and count; a log level that hides the line keeps counts.

        Args:
            level: if None, that of the event.
            counted_at: the time that the counts belong to, in µs since the epoch; now if None.
        """
        connection = keys.get("connection")
        directives = _directives(tuple(counts), has_connection=bool(connection))
        embedded = _embedded(directives, counts, counted_at)
        if connection and not BY_CONNECTION.isdisjoint(counts):
            embedded["connection"] = connection
        self._put(event, level or level_of(event), keys, embedded)

    def write_of_connection(
        self, event: str, connection: str, counts: Mapping[str, int], **keys: object
    ) -> None:
        """Log what is counted of one connection alone; the sums of all are counted elsewhere."""
        embedded = _embedded([_directive(counts, _OF_CONNECTION)], counts)
        self._put(event, "info", keys, {**embedded, "connection": connection})

    def _put(
        self, event: str, level: Level, keys: Mapping[str, object], embedded: Mapping[str, object]
    ) -> None:
        """Write a line with its metrics, or the metrics alone where the line is hidden."""
        if not RESERVED_KEYS.isdisjoint(keys):
            keys = {f"{name}_" if name in RESERVED_KEYS else name: keys[name] for name in keys}
        shown = LEVELS[level] >= self._least
        together = shown and not self._passing
        if shown:
            getattr(self._logger, level)(event, extra={**keys, **embedded} if together else keys)
        if embedded and not together:
            head = {"level": self._passing, "timestamp": _now()} if self._passing else {}
            put(_text({**head, "service": SERVICE, **embedded}))


def _embedded(
    directives: Sequence[Mapping[str, object]],
    counts: Mapping[str, int],
    counted_at: int | None = None,
) -> dict[str, object]:
    """The members of a line that make metrics of it; none if there is nothing to count."""
    if not directives:
        return {}
    timestamp = time.time_ns() // 1_000_000 if counted_at is None else counted_at // 1_000
    return {"_aws": {"Timestamp": timestamp, "CloudWatchMetrics": directives}, **counts}


@lru_cache(maxsize=128)
def _directives(names: tuple[str, ...], *, has_connection: bool) -> Sequence[Mapping[str, object]]:
    """The parts of a line that make metrics of these members: few lines differ in their names."""
    by_both = [name for name in names if has_connection and name in BY_CONNECTION]
    by_service = [name for name in names if name not in by_both]
    found = [_directive(by_service, _OF_SERVICE)] if by_service else []
    return [*found, _directive(by_both, _OF_SERVICE, _OF_CONNECTION)] if by_both else found


def _directive(names: Iterable[str], *dimensions: tuple[str, ...]) -> Mapping[str, object]:
    """The part of a line that makes metrics of these members, in each of these dimensions."""
    return {
        "Namespace": NAMESPACE,
        "Dimensions": dimensions,
        "Metrics": [{"Name": name, "Unit": "Count"} for name in names],
    }


def _now() -> str:
    """The time as Lambda's filter reads it (RFC 3339)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _text(line: Mapping[str, Any]) -> str:
    """A line's JSON, with the id of a trace only where X-Ray keeps the trace.

    A lone surrogate, which is no text in UTF-8, is escaped as JSON does it.
    """
    if "Sampled=1" not in os.environ.get(TRACE_HEADER, ""):
        line = {name: value for name, value in line.items() if name != "xray_trace_id"}
    text = _json(line)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def without_payload(handler: Callable[[dict[str, Any], Any], _T]) -> Callable[..., _T]:
    """A handler whose errors may be shown: Lambda logs their text, and its callers keep it.

    Errors of the relay stay as they are; any other becomes `Unexpected`, which names type and
    place, and of an error of AWS its code and operation.
    """

    @wraps(handler)
    def guarded(event: dict[str, Any], context: Any) -> _T:
        try:
            return handler(event, context)
        except (RelayError, Unexpected):
            raise
        except Exception as error:  # noqa: BLE001 - its text may hold data
            inside = error.__traceback__.tb_next if error.__traceback__ else None
            shown = Unexpected(place_of(error.with_traceback(inside))).with_traceback(inside)
        raise shown

    return guarded
