"""Older changes never overwrite newer ones, and in the end Mateo has the newest."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from tests.simulation.checks.books import CLOCKS_S, Books, Item, Version
from tests.simulation.crm import CONNECTION

COLUMNS: Mapping[str, str] = {
    "full_name": "name",
    "city": "city",
    "zipcode": "zip",
    "title": "name",
    "stage": "stage",
}
"""Column of Mateo → the field of a record that it is mapped from."""
_AGAIN = frozenset({"duplicate"})
_UNTOLD = frozenset({"duplicate", "failed"})
"""How the last copy of a change may have ended if an older copy of it is imported after others."""
_GOOD = frozenset({"imported", "duplicate", "superseded"})


def check_order(books: Books) -> None:
    """A column never gets an older value after a newer one; the same value does not count."""
    latest: dict[tuple[str, str], Version] = {}
    repeated: dict[tuple[str, str], list[Version]] = {}
    shown: dict[tuple[str, str], object] = {}
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
            cell = one.key, column
            before = latest.get(cell, newest)
            may_be = max([newest, *_copies(books, versions, _UNTOLD, one.at)])
            overtaken = any(_came_together(books, newest, copy) for copy in repeated.get(cell, ()))
            is_older = may_be < before and value != shown.get(cell)
            if is_older or overtaken:
                books.wrong("stale", f"{one.key}: {column} of {value} after a newer one")
            latest[cell], shown[cell] = max(newest, before), value
            if not any(
                "failed" in books.outcomes_of(item) for item in versions
            ):  # else of which copy?
                repeated[cell] = [*repeated.get(cell, ()), *_copies(books, versions)]
    for (key, column), value in shown.items():
        copies = _copies(books, tags[key, COLUMNS[column], str(value)])
        latest[key, column] = max([latest[key, column], *copies])
    for key, of_key in books.by_key.items():
        _final(books, key, of_key, latest)
    _taken_back(books, tags, shown)


def _taken_back(
    books: Books,
    tags: Mapping[tuple[str, str, str], Mapping[str, Version]],
    shown: Mapping[tuple[str, str], object],
) -> None:
    """A state that came again is shown in the end, if its sender told of nothing newer.

    The repetition ends as a duplicate of the change that had brought the state before. Only a
    sender without versions tells of one change twice with another one in between. It may also be
    a duplicate of a change that Mateo failed.
    """
    for (key, column), value in shown.items():
        field_ = COLUMNS[column]
        own = tags[key, field_, str(value)]
        if any(books.items[item].connection != "plain" for item in own):
            continue
        for item, one in books.by_key.get(key, ()):
            is_again = one.connection == "plain" and books.outcomes_of(item) == {"duplicate"}
            is_newer = is_again and one.version > max(own.values())
            said = one.record.fields.get(field_, value)
            has_failed = any(
                "failed" in books.outcomes_of(copy) for copy in tags[key, field_, str(said)]
            )
            if is_newer and said != value and not has_failed:
                books.wrong("stale", f"{key}: {column} is not what it became again")


def _tags(books: Books) -> dict[tuple[str, str, str], dict[str, Version]]:
    """Key, field and value → the items that say so, with their versions.

    A test counts only where records are fetched at the CRM, which shows its values as well.
    """
    found: dict[tuple[str, str, str], dict[str, Version]] = defaultdict(dict)
    for item, one in books.items.items():
        if one.is_test and one.connection != CONNECTION:
            continue
        for field_, value in one.record.fields.items():
            found[one.record.key, field_, str(value)][item] = one.version
    return found


def _copies(
    books: Books,
    versions: Mapping[str, Version],
    outcomes: Collection[str] = _AGAIN,
    until: float = math.inf,
) -> Iterator[Version]:
    """The versions of a change's copies that came before a time and ended in one of these ways.

    Of changes with one version, the last to arrive wins. One that was requeued may count as arrived
    with the copy that ended as its duplicate.
    """
    for item, version in versions.items():
        came_at = books.items[item].received_at / 1_000_000
        if not books.outcomes_of(item).isdisjoint(outcomes) and came_at < until + CLOCKS_S:
            yield version


def _final(
    books: Books,
    key: str,
    of_key: Sequence[tuple[str, Item]],
    latest: Mapping[tuple[str, str], Version],
) -> None:
    """Mateo has the newest version that was imported in the end.

    A column is not checked if a newer change of it is unaccounted for, is a dead letter that Mateo
    refused, or failed or was rejected as a change of single columns: older changes leave the column
    out then.
    """
    newest: dict[str, Version] = {}
    unsure: dict[str, Version] = {}
    for item, one in of_key:
        is_certain = item not in books.unsure
        known = newest if is_certain and books.outcomes.get(item) == {"imported"} else unsure
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
    """Whether a change is unaccounted for or refused, or was of single columns and Mateo did not
    take it.
    """
    outcomes = books.outcomes_of(item)
    waits = "unaccounted" in outcomes or item in books.relay.unproven
    return waits or bool(outcomes & {"failed", "rejected"} and one.connection == "hub")


def _read_versions(
    books: Books, of_key: Sequence[tuple[str, Item]]
) -> Iterator[tuple[str, Version]]:
    """Fields of changes that, fetched at the CRM, said what another change had said before.

    The other change has at least their version. This holds only if all changes of the record were
    imported, and none of them is a dead letter.
    """
    unproven = books.relay.unproven
    if all(books.outcomes_of(item) <= _GOOD and item not in unproven for item, _ in of_key):
        for item, one in of_key:
            if one.connection == CONNECTION and books.outcomes_of(item) == {"duplicate"}:
                for field_ in one.record.fields:
                    yield field_, (one.version[0], "", 0, "")


def _as_sent(version: Version) -> Version:
    """The version of the sender's own item.

    An item that was put back has its version and values, so it does not matter which came last.
    """
    return *version[:3], ""


def _came_together(books: Books, older: Version, newer: Version) -> bool:
    """Whether both came with one delivery, `older` first, and under one name of their contact.

    Under two names (id, e-mail) each has a history of its own: another change of the same version
    may have come in between in one of them only.
    """
    if (older[1], older[3]) != (newer[1], newer[3]) or older >= newer:
        return False
    items = (books.items.get(f"{one[1]}/{one[2]}") for one in (older, newer))
    return len({one.record.without_id for one in items if one}) < 2
