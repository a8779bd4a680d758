"""The daily pages of the demo: written at its end, and compared with where every item ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from import_relay.domain.models import ENDS
from local.demo.balance import Balance
from local.stack.services import StackError
from local.stack.stack import RunningStack

FUNCTION = "WriteDailyReport"


def write_pages(
    stack: RunningStack, first: date, state_dir: Path, reconciliation: Balance
) -> list[Path]:
    """Write the page of each day from `first` to the stack's today; their files, oldest first.

    Raises:
        StackError: a page could not be written.
    """
    stack.metrics.put()  # received records are counted there
    totals: Counter[str] = Counter()
    pages = []
    for day in _days(first, stack.clock.now().date()):
        result = stack.invoke(FUNCTION, {"date": str(day)})
        if result.failed:
            raise StackError(f"the page of {day} could not be written: {result.payload!r}")
        folder = state_dir / "daily" / f"date={day}"
        stack.mirror.copy()
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        totals.update(summary["totals"])
        pages.append(folder / "index.html")
    told = {"received": reconciliation.accepted, **{one: reconciliation.ends[one] for one in ENDS}}
    wrong = {what: (totals[what], count) for what, count in told.items() if totals[what] != count}
    reconciliation.check(
        not wrong, "the daily pages have the same figures", f"daily pages have others: {wrong}"
    )
    return pages


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
