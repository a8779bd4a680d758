"""All checks of a run, in the order in which a report tells their violations."""

from tests.simulation.checks.books import Books
from tests.simulation.checks.counts import (
    check_outcome_counts,
    check_pauses,
    check_put_back,
    check_reservations,
)
from tests.simulation.checks.files import check_files
from tests.simulation.checks.imports import check_imports
from tests.simulation.checks.items import check_items
from tests.simulation.checks.lanes import check_lanes
from tests.simulation.checks.limits import check_limits
from tests.simulation.checks.order import check_order
from tests.simulation.checks.reports import check_reports

CHECKS = (
    check_items,
    check_files,
    check_imports,
    check_order,
    check_limits,
    check_lanes,
    check_reports,
    check_pauses,
    check_outcome_counts,
    check_put_back,
    check_reservations,
)


def check_everything(books: Books) -> None:
    """Note all that is wrong with a run in its books."""
    for check in CHECKS:
        check(books)
