"""The demo's live line: what was received, what waits, what is in Mateo, and today's use."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass

from local.background import Rounds
from local.stack.stack import RunningStack

_PERIOD_S = 1.0
SHOWN_EVENTS = (
    "file.read",
    "file.finished",
    "import.sent",
    "import.finished",
    "import.timed_out",
    "submission.paused",
    "import.unknown",
)
"""Events that get a line of their own."""


@dataclass(frozen=True, slots=True)
class DemoSnapshot:
    """How far the stack is. `waiting` are messages, everything else items or rows."""

    waiting: int
    submitted: int
    imported: int
    failed: int
    used: str
    submission: str

    @classmethod
    def of(cls, stack: RunningStack) -> DemoSnapshot:
        """Ask queue, submission and Mateo."""
        imports = stack.mateo("GET", "imports?limit=10000")["items"]
        state = stack.mateo("GET", "state")
        used, limit = state["usage"]["entities"], state["limits"]["entities_per_day"]
        return cls(
            waiting=sum(stack.lane_counts().values()),
            submitted=sum(one["row_count"] for one in imports),
            imported=sum(one["succeeded"] or 0 for one in imports),
            failed=sum(one["row_count"] - one["succeeded"] for one in imports if is_done(one)),
            used=f"{used:,} of {limit:,}",
            submission="running" if stack.esm_enabled() else "paused",
        )


def is_done(one: dict[str, object]) -> bool:
    """Whether Mateo has counted every row of an import."""
    return one["state"] == "done"


class Progress:
    """Prints a line again and again in place; on something that is no terminal, when it changes."""

    def __init__(self) -> None:
        self.received = 0
        self._stack: RunningStack | None = None
        self._lock = threading.Lock()
        self._line = ""
        self._terminal = sys.stdout.isatty()
        self._rounds = Rounds("progress", self._look, period_s=_PERIOD_S, has_last=True)

    def start(self, stack: RunningStack) -> None:
        """Begin to show how far `stack` is."""
        self._stack = stack
        self._rounds.start()

    def stop(self) -> None:
        """Show it a last time."""
        self._rounds.stop()
        if self._terminal:
            print()

    def say(self, text: str) -> None:
        """Print a line of its own above the live one."""
        with self._lock:
            if self._terminal and self._line:
                print("\r\x1b[2K", end="")
            print(text, flush=True)
            if self._terminal and self._line:
                print(self._line, end="", flush=True)

    def _look(self) -> None:
        if self._stack is not None:
            self._show(DemoSnapshot.of(self._stack))

    def _show(self, now: DemoSnapshot) -> None:
        line = (
            f"  received {self.received:,} items | queue {now.waiting:,} messages | "
            f"submitted {now.submitted:,} rows | imported {now.imported:,} | "
            f"failed {now.failed:,} | today {now.used} | submission {now.submission}"
        )
        with self._lock:
            if line != self._line:
                self._line = line
                print(
                    f"\r\x1b[2K{line}" if self._terminal else line,
                    end="" if self._terminal else "\n",
                )
                sys.stdout.flush()
