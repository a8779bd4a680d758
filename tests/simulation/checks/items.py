"""Every item has one outcome, which its content explains, and Mateo has what counts as imported."""

import math

from tests.simulation.checks.books import Books, Item, item_of, say_the_same
from tests.simulation.checks.files import rows_behind
from tests.simulation.crm import CONNECTION
from tests.simulation.queue import MAX_RECEIVES

DEATHS = 3
"""How many processes a record may kill; then it is a dead letter by itself."""
TRIALS = 2
"""How often a record is tried after a death: with others, and alone."""
TRIED = frozenset({"imported", "failed", "rejected", "unaccounted"})
"""Outcomes of changes that were sent to Mateo, whatever it made of them."""


def check_items(books: Books) -> None:
    """Every acknowledged item has an outcome, one alone, and one that it may have."""
    waiting = books.relay.unproven | rows_behind(books)
    for item, one in books.items.items():
        outcomes = books.outcomes_of(item)
        if not outcomes and one.acknowledged and item not in waiting:
            books.wrong("lost", f"{item} ({one.record.key}) has no outcome")
        if len(outcomes) > 1:
            books.wrong("unexpected", f"{item} ended as {' and '.join(sorted(outcomes))}")
        if item in books.relay.died - books.relay.poison and not _may_die(books, item):
            books.wrong("stuck", f"{item} is a dead letter, with so few faults")
        for outcome in outcomes:
            if one.is_test or outcome == "test":
                _check_test(books, item, one, outcome)
            else:
                _check_outcome(books, item, one, outcome)
    _deaths(books)
    _uncertain_rows(books)
    _check_unproven(books)
    for item in sorted(books.outcomes.keys() - books.items.keys()):
        books.wrong("unexpected", f"{item} was never received")


def _check_outcome(books: Books, item: str, one: Item, outcome: str) -> None:
    _explain(books, item, one, outcome)
    if item in books.unsure:
        return
    if outcome == "imported" and not books.times_applied[item]:
        books.wrong("lost", f"{item} is called imported, but Mateo has not got it")
    if outcome == "failed" and books.times_applied[item]:
        books.wrong("unexpected", f"{item} is called failed, but Mateo has got it")


def _check_test(books: Books, item: str, one: Item, outcome: str) -> None:
    """Tests end as tests, nothing else does, and Mateo never gets them."""
    if one.is_test != (outcome == "test"):
        kind = "a test" if one.is_test else "no test"
        books.wrong("unexpected", f"{item} is {kind}, but {outcome}")
    if books.times_applied[item]:
        books.wrong("unexpected", f"{item} is a test, and Mateo has got it")


def _uncertain_rows(books: Books) -> None:
    """As many rows are called imported as Mateo has got; which ones, the report leaves open."""
    for reference, lines in books.uncertain.items():
        told = sum(line["outcome"] == "imported" for line in lines)
        got = sum(
            any(books.times_applied[item_of(item_id)] for item_id in line["item_ids"])
            for line in lines
        )
        if told > got:
            books.wrong("lost", f"{reference}: {told} rows are called imported, Mateo has {got}")


def _deaths(books: Books) -> None:
    """Poison costs three processes, and as many more as meet a fault or a second copy."""
    relay = books.relay
    more = _trouble(books)
    if relay.poisonings > DEATHS * len(relay.poison) + more:
        books.wrong("stuck", f"{sorted(relay.poison)} killed {relay.poisonings} processes")


def _trouble(books: Books) -> int:
    """How often something went wrong that may have made a message come again."""
    relay, queue = books.relay, books.relay.queue
    messages = queue.duplicates + queue.partials + queue.missed
    return len(relay.world.hit) + relay.throttles + messages


def _may_die(books: Books, item: str) -> bool:
    """Whether so much went wrong that its message may have used up its receives.

    Or two processes died that had it: if they were trying it, it looks like poison. A process also
    looks dead if AWS did not let it note that it survived.
    """
    relay = books.relay
    return _trouble(books) > MAX_RECEIVES / 2 or relay.killed_with[item] >= TRIALS


def _check_unproven(books: Books) -> None:
    """A refused record is a dead letter only if Mateo refuses it, whatever else it refused."""
    for item in sorted(books.relay.unproven):
        if not _may_fail(books, books.items[item]):
            books.wrong("unexpected", f"{item} is a dead letter, and nobody refuses it")


def _explain(books: Books, item: str, one: Item, outcome: str) -> None:
    """Something explains the outcome: the record itself, another change, Mateo or the CRM."""
    if one.record.broken:
        if outcome != ("ignored" if one.record.broken == "deletion" else "rejected"):
            books.wrong("unexpected", f"{item}: {one.record.broken}, but {outcome}")
    elif outcome == "superseded":
        if not all(_is_covered(books, item, one, field) for field in one.record.fields):
            books.wrong("lost", f"{item} is called superseded, but nothing newer is known")
    elif outcome == "duplicate":
        if not _is_repeated(books, item, one):
            books.wrong("lost", f"{item} is called a duplicate of nothing")
    elif outcome in ("rejected", "failed") and not _may_fail(books, one):
        books.wrong("unexpected", f"{item} {outcome} without a reason")
    elif outcome == "ignored" and not may_be_gone(books, one):
        books.wrong("unexpected", f"{item} ignored without a reason")


def _is_covered(books: Books, item: str, one: Item, field_: str) -> bool:
    """Whether another change that came to Mateo sets this field and is not older.

    A full record sets all fields, also those that it leaves empty. A change that waited until its
    record was deleted at the CRM need not come to Mateo.
    """
    return any(
        (field_ in other.record.fields or other.connection != "hub")
        and other.version >= one.version
        and (_came_to_mateo(books, name) or _is_gone(books, name, other))
        for name, other in books.by_key[one.record.key]
        if name != item
    )


def _came_to_mateo(books: Books, item: str) -> bool:
    """Whether a change was sent, or is the copy of one; Mateo may have refused it."""
    return bool(books.outcomes_of(item) & (TRIED | {"duplicate"})) or item in books.relay.unproven


def _may_fail(books: Books, one: Item) -> bool:
    """Whether Mateo may have refused it, or a row that it was merged into.

    The values of a test count only where records are fetched at the CRM, which shows them as well.
    """
    key = one.record.key
    told = [
        other
        for other in books.items.values()
        if other.record.key == key and not other.record.broken
    ]
    return (
        one.record.is_deal
        or key in books.cut
        or any(
            other.record.failing
            for other in told
            if not other.is_test or other.connection == one.connection == CONNECTION
        )
    )


def may_be_gone(books: Books, one: Item) -> bool:
    """Whether its record may have been deleted at the CRM before it was read there."""
    return one.connection == CONNECTION and books.relay.fault_profile.crm_gone_s < math.inf


def _is_gone(books: Books, item: str, one: Item) -> bool:
    """Whether its record was deleted at the CRM before it could be sent."""
    return books.outcomes_of(item) == {"ignored"} and may_be_gone(books, one)


def _is_repeated(books: Books, item: str, one: Item) -> bool:
    return any(
        say_the_same(one, other) for name, other in books.by_key[one.record.key] if name != item
    )
