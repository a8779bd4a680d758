"""Older changes never overwrite newer ones, and the newest one is there in the end."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from import_relay.domain.replays import original_delivery
from tests.simulation.checks.books import CLOCKS_S, Books, Item, Version
from tests.simulation.crm import CONNECTION

COLUMNS: Mapping[str, str] = {
    "full_name": "name",
    "city": "city",
    "zipcode": "zip",
    "title": "name",
    "stage": "stage",
}
"""Column of Mateo → field of a record in which its tag stands."""
_GOOD = frozenset({"imported", "duplicate", "superseded"})


def check_order(books: Books) -> None:
    """A column never gets an older value after a newer one; the same value again is none.

    Of changes with one version a redriven dead letter may come after a copy that is the newer one.
    """
    died = books.relay.died
    latest: dict[tuple[str, str], Version] = {}
    repeated: dict[tuple[str, str], list[Version]] = {}
    there: dict[tuple[str, str], object] = {}
    tags = _tags(books)
    for one in books.applied:
        if one.too_late:
            continue
        for column, value in one.row.items():
            field_ = COLUMNS.get(column)
            if field_ is None or (one.key, field_, str(value)) not in tags:
                continue
            versions = tags[one.key, field_, str(value)]
            own = [versions[item] for item in one.items if item in versions]
            newest = max(own or versions.values())
            place = one.key, column
            before = latest.get(place, newest)
            may_be = max([newest, *_copies(books, versions, one.at)])
            overtaken = any(_came_together(newest, copy) for copy in repeated.get(place, ()))
            redriven = any(versions.get(item) == newest for item in died.intersection(one.items))
            is_older = may_be < before and value != there.get(place)
            if is_older or (overtaken and not redriven):
                books.wrong("stale", f"{one.key}: {column} of {value} after a newer one")
            latest[place], there[place] = max(newest, before), value
            if not any("failed" in books.end(item) for item in versions):  # else a copy of which?
                repeated[place] = [*repeated.get(place, ()), *_copies(books, versions)]
    for key, of_key in books.by_key.items():
        _final(books, key, of_key, latest)


def _tags(books: Books) -> dict[tuple[str, str, str], dict[str, Version]]:
    """Key, field and value → the items that say so, with their versions."""
    found: dict[tuple[str, str, str], dict[str, Version]] = defaultdict(dict)
    for item, one in books.items.items():
        if one.is_test:
            continue
        for field_, value in one.record.fields.items():
            found[one.record.key, field_, str(value)][item] = one.version
    return found


def _copies(
    books: Books, versions: Mapping[str, Version], until: float = math.inf
) -> Iterator[Version]:
    """The versions of a change's copies, or of those that had come before a time.

    Of changes with one version the last to arrive wins, and one that was requeued may
    have arrived as the copy that ended as its duplicate.
    """
    for item, version in versions.items():
        came_at = books.items[item].received_at / 1_000_000
        if "duplicate" in books.end(item) and came_at < until + CLOCKS_S:
            yield version


def _final(
    books: Books,
    key: str,
    of_key: Sequence[tuple[str, Item]],
    latest: Mapping[tuple[str, str], Version],
) -> None:
    """The newest version that was imported is what Mateo has in the end.

    But for a column of which something newer is unaccounted for, a dead letter that Mateo had
    refused, or failed as a change of that column: older ones leave it out.
    """
    newest: dict[str, Version] = {}
    unsure: dict[str, Version] = {}
    for item, one in of_key:
        is_certain = item not in books.unsure
        known = newest if is_certain and books.ends.get(item) == {"imported"} else unsure
        if known is newest or not is_certain or _waits_for_a_person(books, item, one):
            for field_ in one.record.fields:
                known[field_] = max(known.get(field_, one.version), one.version)
    for field_, least in _read_versions(books, of_key):
        newest[field_] = max(newest.get(field_, least), least)
    for column, field_ in COLUMNS.items():
        version = latest.get((key, column))
        best = newest.get(field_)
        if best is None or version is None or unsure.get(field_, best) > best:
            continue
        if _as_sent(version) < _as_sent(best):
            books.wrong("stale", f"{key}: {column} is not of the newest version")


def _waits_for_a_person(books: Books, item: str, one: Item) -> bool:
    """Whether it is not known what became of a change, or it failed and set some columns alone."""
    ends = books.end(item)
    waits = "unaccounted" in ends or item in books.relay.unproven
    return waits or ("failed" in ends and one.connection == "hub")


def _read_versions(
    books: Books, of_key: Sequence[tuple[str, Item]]
) -> Iterator[tuple[str, Version]]:
    """The fields of changes that were read at the CRM as what another change had said already.

    What had said so has at least their version, unless something became of it in between, or it
    waits in the dead-letter queue.
    """
    unproven = books.relay.unproven
    if all(books.end(item) <= _GOOD and item not in unproven for item, _ in of_key):
        for item, one in of_key:
            if one.connection == CONNECTION and books.end(item) == {"duplicate"}:
                for field_ in one.record.fields:
                    yield field_, (one.version[0], "", 0)


def _as_sent(version: Version) -> Version:
    """The version of the sender's own item.

    What was put back has its version and its values: which of the two came last breaks no promise.
    """
    return version[0], original_delivery(version[1]), version[2]


def _came_together(older: Version, newer: Version) -> bool:
    """Whether one delivery brought both, of which the first is the older."""
    return older[1] == newer[1] and older < newer
