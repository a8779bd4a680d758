"""Rare conditions that a run met: a promise proves nothing in runs where nothing happens."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from import_relay.domain.models import WHOLE_RECORD
from import_relay.storage.entries import State
from tests.simulation.checks.books import Books
from tests.simulation.mateo_failures import FailureLists
from tests.simulation.stores import WATERMARKS

MANY_OUTCOMES = 50
"""More outcomes of one batch than one transaction takes."""
LARGE = "oversize/"
"""Prefix of the objects of items that are too large for a message."""
WEEKS_S = 14 * 86_400.0
"""How long queues keep a message."""


def _two_functions_died(books: Books) -> bool:
    return len(books.relay.killed) > 1


def _many_outcomes(books: Books) -> bool:
    return any(
        content.count(b"\n") > MANY_OUTCOMES
        for key, content in books.relay.s3.objects.items()
        if key.startswith(("rejected/", "outcomes/"))
    )


def _partial_change_failed(books: Books) -> bool:
    claims = _claims(books)
    return any(name != WHOLE_RECORD and "failed" in claim["M"] for name, claim in claims)


def _repeated_late(books: Books) -> bool:
    return any("repeated_by" in claim["M"] for _, claim in _claims(books))


def _claims(books: Books) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in books.relay.dynamodb.tables.get(WATERMARKS, {}).values():
        yield from item["claims"]["M"].items()


def _put_back_after_weeks(books: Books) -> bool:
    return any(
        one.at - one.received_at > WEEKS_S * 1_000_000
        for one in books.relay.put_back.items.values()
    )


def _given_up(books: Books) -> bool:
    return any(entry["state"] == State.TIMED_OUT for entry in books.entries)


def _accepted_without_id(books: Books) -> bool:
    return any(entry.get("accepted_at") for entry in books.entries)


def _person_under_two_keys(books: Books) -> bool:
    records = [books.items[one].record for one in books.times_applied if one in books.items]
    return any(one.without_id for one in records) and not all(one.without_id for one in records)


def _died_before_two_calls(books: Books) -> bool:
    return books.relay.world.died_before > 1


def _too_large(books: Books) -> bool:
    return any(key.startswith(LARGE) for key in books.relay.s3.objects)


def _read_at_the_crm(books: Books) -> bool:
    return books.relay.crm.reads > 0


def _expired(books: Books) -> bool:
    return books.relay.dynamodb.expired > 0


def _too_old(books: Books) -> bool:
    return books.relay.queue.too_old > 0


def _cut(books: Books) -> bool:
    return bool(books.cut)


def _listed_otherwise(books: Books) -> bool:
    has_failures = any(one.failures for one in books.relay.mateo.imports.values())
    return has_failures and books.relay.fault_profile.lists != FailureLists()


def _connection_missing(books: Books) -> bool:
    missing = books.relay.fault_profile.missing
    return any(one.connection == missing for one in books.items.values())


CONDITIONS: Mapping[str, Callable[[Books], bool]] = {
    "two different functions died": _two_functions_died,
    "more outcomes of a batch than a transaction takes": _many_outcomes,
    "a partial change failed": _partial_change_failed,
    "a change was repeated after it was claimed": _repeated_late,
    "an item was put back after weeks": _put_back_after_weeks,
    "an import was given up": _given_up,
    "Mateo accepted an import without naming its id": _accepted_without_id,
    "a person was imported under two keys": _person_under_two_keys,
    "processes died before two of their calls": _died_before_two_calls,
    "an item was too large for a message": _too_large,
    "a record was read at its CRM": _read_at_the_crm,
    "claims or counts expired": _expired,
    "a message waited for thirteen days": _too_old,
    "Mateo cut rows off": _cut,
    "submission did not know a connection": _connection_missing,
    "Mateo listed failed rows in another way than documented": _listed_otherwise,
}


def met_by(books: Books) -> frozenset[str]:
    """The conditions that a run met."""
    return frozenset(name for name, is_met in CONDITIONS.items() if is_met(books))
