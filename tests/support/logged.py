"""What the handlers log, line by line."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from import_relay.telemetry.outcome_log import SERVICE, OutcomeLog

Lines = Callable[[], list[dict[str, Any]]]


@contextmanager
def log_lines() -> Iterator[Lines]:
    """Catch the log; call what is given to read it."""
    OutcomeLog()
    (handler,) = (
        one for one in logging.getLogger(SERVICE).handlers if isinstance(one, logging.StreamHandler)
    )
    stream = StringIO()
    before = handler.setStream(stream)
    try:
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        if before is not None:
            handler.setStream(before)
