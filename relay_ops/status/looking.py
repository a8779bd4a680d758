"""Takes snapshots of a stack until its sums balance, or as long as counts may be late."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from relay_ops.stack import Stack
from relay_ops.status.reading import StackReading
from relay_ops.status.reasons import reasons_of
from relay_ops.status.reconciliation import Reconciliation
from relay_ops.status.screen import Shown

LOOK_EVERY_S, LOOK_PATIENCE_S = 15.0, 150.0
"""How often, and for how long, a deployed stack that does not balance is read again: a metric comes
up to two minutes after its log line, and SQS counts up to a minute late.
"""
LOCAL_PATIENCE_S = 10.0
"""On this machine numbers are late only while it is busy with something else."""
AGAIN = "The sums do not balance at once; CloudWatch and SQS count late. Reading again …"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stack is.

    `refresh` is called before each snapshot. If the sums do not balance, the next
    one follows after `period_s`, for `patience_s`.
    """

    stack: str
    place: str
    client: Callable[[str], Any]
    clock: Callable[[], float]
    refresh: Callable[[], object]
    period_s: float
    patience_s: float


def snapshot(source: Source) -> Shown:
    """Take snapshots of a stack until its sums balance, or as long as counts may be late."""
    source.refresh()
    reading = StackReading(source.client, source.stack, clock=source.clock)
    reconciliation = Reconciliation([reading.snapshot()])
    until = time.monotonic() + source.patience_s
    if source.patience_s and not reconciliation.balances:
        sys.stderr.write(AGAIN + "\n")
    while not reconciliation.balances and time.monotonic() < until:
        time.sleep(source.period_s)
        source.refresh()
        reconciliation = Reconciliation([*reconciliation.snapshots, reading.snapshot()])
    forecast = reading.forecast()
    reasons = reasons_of(forecast, reading.noted)
    return Shown(
        source.stack,
        source.place,
        reading.since,
        reconciliation,
        forecast,
        reasons,
        is_final=source.patience_s > 0,
    )


def look(stack: Stack, *, wait: bool = True) -> Shown:
    """The snapshots of a stack that a command has opened; one alone without `wait`."""
    patience_s = LOCAL_PATIENCE_S if stack.is_local else LOOK_PATIENCE_S
    return snapshot(
        Source(
            stack=stack.name,
            place=stack.place,
            client=stack.client,
            clock=stack.clock,
            refresh=stack.refresh,
            period_s=0.5 if stack.is_local else LOOK_EVERY_S,
            patience_s=patience_s if wait else 0.0,
        )
    )
