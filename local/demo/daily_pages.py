"""The daily pages of the demo: written at its end, and compared with where every item ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from import_relay.domain.models import ENDS
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
        ends = {one: reconciliation.ends[one] for one in ENDS}
        told = {"received": reconciliation.accepted, **ends}
        counted = {what: self.totals.get(what, 0) for what in told}
        wrong = {what: (counted[what], told[what]) for what in told if counted[what] != told[what]}
        reconciliation.check(
            not wrong, "the daily pages have the same figures", f"daily pages have others: {wrong}"
        )


def write_pages(stack: RunningStack, first: date, state_dir: Path) -> DailyPages:
    """Write the page of each day from `first` to the stack's today.

    Raises:
        StackError: a page could not be written.
    """
    stack.metrics.put()  # received records are counted there
    totals: Counter[str] = Counter()
    files = []
    for day in _days(first, stack.clock.now().date()):
        result = stack.invoke(FUNCTION, {"date": str(day)})
        if result.failed:
            raise StackError(f"the page of {day} could not be written: {result.payload!r}")
        files.append(state_dir / "daily" / f"date={day}" / "index.html")
    stack.mirror.copy()
    for file in files:
        totals.update(json.loads((file.parent / "summary.json").read_text("utf-8"))["totals"])
    return DailyPages(files, totals)


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
