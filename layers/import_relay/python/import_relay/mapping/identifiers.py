"""What identifies the rows of an import, however Mateo shows them: called by `reconciling`.

Mateo may give rows back with other values and more columns: e-mail addresses in lower case, phone
numbers in another form. It does not change how many there are, nor which record each is about.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any

from import_relay.mapping.keys import PHONE_COLUMNS

TEXTS = ("email", "instagram", "facebook", "google_business_messaging", "postal")
PHONE_DIGITS = 8
"""The last digits of a number are the same in each of its forms, with a country's code or not."""
SentRow = Mapping[str, Any]
Identifier = tuple[str, str]


class Likeness(Enum):
    """How the rows of an import in Mateo compare with those that were posted."""

    SAME = auto()
    """The same records, one by one."""
    SHARED = auto()
    """Some record is in both, or may be: external ids that differ in nothing but their case."""
    UNREADABLE = auto()
    """Some row shows nothing that identifies it, and no other is in both."""
    OTHER = auto()
    """No record is in both, or one has more rows."""


def likeness(posted: Sequence[SentRow], shown: Sequence[Any]) -> Likeness:
    """Compare the rows that were posted with those that an import in Mateo shows."""
    if len(posted) != len(shown):
        return Likeness.OTHER
    found = [identifiers(row) if isinstance(row, Mapping) else set() for row in shown]
    if _is_same(posted, found):
        return Likeness.SAME
    folded = {_folded(one) for of_row in found for one in of_row}
    if any(_folded(one) in folded for row in posted for one in identifiers(row)):
        return Likeness.SHARED
    return Likeness.OTHER if all(found) else Likeness.UNREADABLE


def _is_same(posted: Sequence[SentRow], shown: Sequence[set[Identifier]]) -> bool:
    """Whether each posted row has one of its own among those that are shown."""
    by_identifier: dict[Identifier, list[int]] = defaultdict(list)
    for number, of_row in enumerate(shown):
        for identifier in of_row:
            by_identifier[identifier].append(number)
    taken: set[int] = set()
    for row in posted:
        found = _free(row, by_identifier, taken)
        if found is None:
            return False
        taken.add(found)
    return True


def _folded(identifier: Identifier) -> Identifier:
    column, text = identifier
    return column, text.casefold()


def _free(
    row: SentRow, by_identifier: Mapping[Identifier, Sequence[int]], taken: set[int]
) -> int | None:
    """The number of a shown row that is this one, by its external id if it has one; each once.

    Handles may move between contacts, so that two rows with the same one may be different records.
    """
    known = sorted(identifiers(row))
    external = [one for one in known if one[0] == "external_id"]
    for identifier in external or known:
        for number in by_identifier.get(identifier, ()):
            if number not in taken:
                return number
    return None


def identifiers(row: SentRow) -> set[Identifier]:
    """Column and normalised value of all that identifies a row's record."""
    return set(_identifiers(row))


def _identifiers(row: SentRow) -> Iterator[Identifier]:
    for column in ("external_id", *TEXTS, *PHONE_COLUMNS):
        value = row.get(column)
        for one in value if isinstance(value, list) else [value]:
            found = _identifier(column, "" if one is None else str(one).strip())
            if found[1]:
                yield found


def _identifier(column: str, text: str) -> Identifier:
    if column in PHONE_COLUMNS:
        return "phone", re.sub(r"\D", "", text)[-PHONE_DIGITS:]
    return column, text if column == "external_id" else text.casefold()
