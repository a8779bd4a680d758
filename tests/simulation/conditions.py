"""What a run met that few runs do: a promise that holds where nothing happens says nothing."""

from collections.abc import Callable, Mapping

from import_relay.domain.models import WHOLE_RECORD
from import_relay.storage.entries import State
from tests.simulation.checks.books import Books
from tests.simulation.stores import WATERMARKS

MANY_OUTCOMES = 50
"""More outcomes than one transaction takes, of one batch."""
WEEKS_S = 14 * 86_400.0
"""So long after its receipt nothing is left of an item in the queues."""


def _two_functions_died(books: Books) -> bool:
    return len(books.relay.killed) > 1


def _many_outcomes(books: Books) -> bool:
    return any(
        content.count(b"\n") > MANY_OUTCOMES
        for key, content in books.relay.s3.objects.items()
        if key.startswith(("rejected/", "outcomes/"))
    )


def _partial_change_failed(books: Books) -> bool:
    claims = (
        claim
        for item in books.relay.dynamodb.tables.get(WATERMARKS, {}).values()
        for claim in item["claims"]["M"].items()
    )
    return any(name != WHOLE_RECORD and "failed" in claim["M"] for name, claim in claims)


def _put_back_after_weeks(books: Books) -> bool:
    return any(
        one.at - one.received_at > WEEKS_S * 1_000_000
        for one in books.relay.put_back.items.values()
    )


def _given_up(books: Books) -> bool:
    return any(entry["state"] == State.TIMED_OUT for entry in books.entries)


def _person_under_two_keys(books: Books) -> bool:
    records = [books.items[one].record for one in books.times_applied if one in books.items]
    return any(one.without_id for one in records) and not all(one.without_id for one in records)


CONDITIONS: Mapping[str, Callable[[Books], bool]] = {
    "two different functions died": _two_functions_died,
    "more outcomes of a batch than a transaction takes": _many_outcomes,
    "a partial change failed": _partial_change_failed,
    "an item was put back after weeks": _put_back_after_weeks,
    "an import was given up": _given_up,
    "a person was imported under two keys": _person_under_two_keys,
}


def met_by(books: Books) -> frozenset[str]:
    """The conditions that a run met."""
    return frozenset(name for name, is_met in CONDITIONS.items() if is_met(books))
