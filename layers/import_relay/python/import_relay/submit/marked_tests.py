"""Records the outcome `test` for items that senders marked as tests, before they are claimed.

Called by `batch_run`.

A test goes the way of every item up to its row: it is received, queued, read at the CRM and mapped.
Then it ends as a test, with the reason that would have kept it from becoming a row.
"""

from dataclasses import replace

from import_relay.domain.models import ItemOutcome, Outcome
from import_relay.submit.changes import Mapped


def end_tests(mapped: Mapped) -> None:
    """Take all tests out of what is going to be imported; they end as `test`, or as erased."""
    tests = [change for change in mapped.changes if change.occurrence.is_test]
    if tests:
        mapped.changes = [one for one in mapped.changes if not one.occurrence.is_test]
    mapped.outcomes = [_ended(one) for one in mapped.outcomes] + [
        ItemOutcome(one.occurrence, Outcome.TEST, notes=one.notes, record=one.record)
        for one in tests
    ]


def _ended(one: ItemOutcome) -> ItemOutcome:
    if not one.occurrence.is_test or one.outcome is Outcome.ERASED:
        return one
    return replace(one, outcome=Outcome.TEST, demand=None)  # a test erases nobody
