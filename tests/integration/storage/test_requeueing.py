"""Both functions that requeue records log what waited too long as an error, with a metric."""

from collections.abc import Callable
from typing import Any

import pytest

import submit_imports
import write_report
from import_relay.storage.requeueing import REQUEUED, TOO_OLD
from tests.support.logged import log_lines


@pytest.mark.parametrize("tell", [submit_imports.emit, write_report.tell])
def test_what_waited_too_long_is_an_error_with_a_metric(tell: Callable[..., Any]) -> None:
    with log_lines() as lines:
        tell(TOO_OLD, code="requeued.too_long", connection="erp", delivery="d1", items=2)
        tell("batch.requeued", reason="lease.held", items=2)
    first, second = lines()

    assert (first["message"], first["level"], first["code"]) == (
        TOO_OLD,
        "ERROR",
        "requeued.too_long",
    )
    assert first["MessagesTooOld"] == 1
    assert "_aws" not in second


@pytest.mark.parametrize("tell", [submit_imports.emit, write_report.tell])
def test_the_age_of_what_is_requeued_is_a_metric(tell: Callable[..., Any]) -> None:
    with log_lines() as lines:
        tell(REQUEUED, messages=2, oldest_s=864_001)
    (line,) = lines()

    assert (line["message"], line["OldestRequeuedSeconds"]) == (REQUEUED, 864_001)
