"""The daily pages of the demo: written when a day is over, compared with where items ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from import_relay.domain.models import OUTCOME_NAMES
from local.demo.balance import Balance
from local.stack.services import StackError
from local.stack.stack import RunningStack

FUNCTION = "WriteDailyReport"


@dataclass(frozen=True, slots=True)
class DailyPages:
    """The pages of all days, oldest first, and what they count."""

    files: Sequence[Path]
    totals: Mapping[str, int]

    def compare(self, reconciliation: Balance) -> None:
        """Note whether the pages count what is known."""
        outcomes = {one: reconciliation.outcomes[one] for one in OUTCOME_NAMES}
        told = {"received": reconciliation.accepted, **outcomes}
        counted = {what: self.totals.get(what, 0) for what in told}
        wrong = {what: (counted[what], told[what]) for what in told if counted[what] != told[what]}
        reconciliation.check(
            not wrong, "the daily pages have the same figures", f"daily pages have others: {wrong}"
        )


class PageWriter:
    """Writes the page of each day from the present one on, beside whatever else is going on.

    A day that is over does not change any more once all of its imports have their reports: only
    then may `write_soon` be called.
    """

    def __init__(self, stack: RunningStack, state_dir: Path) -> None:
        self._stack = stack
        self._state_dir = state_dir
        self._first = stack.clock.now().date()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="pages")
        self._pages: dict[date, Future[None]] = {}
        self._over: list[date] = []

    def add(self, day: date) -> None:
        """A day is over, and its page may be written once there is time for it."""
        self._over.append(day)

    def write_soon(self) -> None:
        """Write the pages of days that are over."""
        for day in self._over:
            self._pages[day] = self._pool.submit(self._write, day)
        self._over.clear()

    def write_all_soon(self) -> None:
        """Write those that are not written yet, up to the stack's today."""
        self._over = [
            day
            for day in _days(self._first, self._stack.clock.now().date())
            if day not in self._pages
        ]
        self.write_soon()

    def finish(self) -> DailyPages:
        """The pages, once they are written.

        Raises:
            StackError: a page could not be written.
        """
        for page in self._pages.values():
            page.result()
        self._pool.shutdown()
        self._stack.mirror.copy()
        folder = self._state_dir / "daily"
        files = [folder / f"date={day}" / "index.html" for day in sorted(self._pages)]
        totals: Counter[str] = Counter()
        for file in files:
            totals.update(json.loads((file.parent / "summary.json").read_text("utf-8"))["totals"])
        return DailyPages(files, totals)

    def _write(self, day: date) -> None:
        self._stack.metrics.put()  # received records are counted there
        result = self._stack.invoke(FUNCTION, {"date": str(day)})
        if result.failed:
            raise StackError(f"the page of {day} could not be written: {result.payload!r}")


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
