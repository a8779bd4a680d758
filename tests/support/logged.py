"""What the handlers log, line by line."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from import_relay.telemetry import outcome_log

Lines = Callable[[], list[dict[str, Any]]]


@contextmanager
def log_texts() -> Iterator[list[str]]:
    """Catch the lines of the log as written, also in fixtures, where pytest replaces stdout."""
    written: list[str] = []
    with patch.object(outcome_log, "put", written.append):
        yield written


@contextmanager
def log_lines() -> Iterator[Lines]:
    """Catch the log; the function that is given reads its lines."""
    with log_texts() as written:
        yield lambda: [json.loads(line) for line in written]
