"""One line per outcome: a structured log record that carries its metrics (EMF) in itself.

Called by handlers. CloudWatch reads metrics from any JSON line with an `_aws` member, and other
members may stand beside it (Embedded Metric Format specification, "Root node"); one line instead of
two halves what a webhook costs in logs.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Literal

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

NAMESPACE = "ImportRelay"
SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "import-relay")
"""The stack's name: two stacks in one region count apart."""
Level = Literal["info", "warning", "error"]
LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class OutcomeLog:
    """Writes outcomes. No key may hold a record, a header's value or a secret.

    A key that a log record has itself, such as `message` or `name`, is a KeyError.
    """

    def __init__(self) -> None:
        self._logger = Logger(service=SERVICE, location=None)
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
            counted_at: the moment that the counts belong to, in µs since the epoch; now if None.
        """
        shown = logging.getLogger(SERVICE).isEnabledFor(LEVELS[level])
        embedded = self._embedded(counts, counted_at) if counts else {}
        if shown:
            getattr(self._logger, level)(event, extra={**keys, **embedded})
        elif embedded:
            sys.stdout.write(json.dumps(embedded) + "\n")

    def _embedded(self, counts: Mapping[str, int], counted_at: int | None) -> Mapping[str, object]:
        for name, count in counts.items():
            self._metrics.add_metric(name, MetricUnit.Count, count)
        embedded = self._metrics.serialize_metric_set()
        self._metrics.clear_metrics()
        if counted_at is not None:
            embedded["_aws"]["Timestamp"] = counted_at // 1_000
        return {**embedded}


def place_of(error: BaseException) -> str:
    """`ValueError at intake.py:88`: all that can be said of an unknown error without its text."""
    return f"{type(error).__name__} at {_innermost(error.__traceback__)}"


def _innermost(traceback: TracebackType | None) -> str:
    place = "unknown place"
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename.rpartition("/")[2]
        place = f"{file}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
