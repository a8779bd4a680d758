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
    """Catch the log, as it is written; in a fixture, where pytest exchanges standard output."""
    written: list[str] = []
    with patch.object(outcome_log, "put", written.append):
        yield written


@contextmanager
def log_lines() -> Iterator[Lines]:
    """Catch the log; call what is given to read it."""
    with log_texts() as written:
        yield lambda: [json.loads(line) for line in written]
