"""The phone columns of a contact's row: one number in E.164 of each list, or a note why none.

Called by `mapping`, with what `phones` makes of each number.
"""

from collections.abc import Sequence
from typing import cast

from import_relay.domain.connections import RecordType
from import_relay.domain.notes import Note
from import_relay.mapping.countries import country_code
from import_relay.mapping.keys import PHONE_COLUMNS
from import_relay.mapping.phones import Home, PhoneRules, PhoneStatus, Result, choose

COUNTRIES = "country_codes"
"""A record's own countries: Mateo takes the column to read numbers by, and stores it nowhere."""
HOMES = (COUNTRIES, "country")
"""Columns that say a record's own country; of several that are mapped the first one counts."""
MAX_COUNTED = 10
"""Notes of one column at most: the rest of a longer list is not counted."""
_UNUSABLE = Result(PhoneStatus.UNUSABLE)
_INTERNATIONAL = PhoneStatus.INTERNATIONAL
_LEFT_OUT = {
    PhoneStatus.AMBIGUOUS: "value.ambiguous_phone",
    PhoneStatus.UNUSABLE: "value.no_valid_phone",
}
_COUNTED = {
    PhoneStatus.COMPLETED: "note.completed_phone",
    PhoneStatus.AMBIGUOUS: "note.ambiguous_phone",
    PhoneStatus.UNUSABLE: "note.unusable_phone",
}


def phone_options(value: object) -> list[object]:
    """The numbers or countries that a column offers, unchanged and without blank texts."""
    options = value if isinstance(value, list) else [value]
    return [one for one in options if one is not None and (type(one) is not str or one.strip())]


class ContactPhones:
    """How one connection's contacts get their numbers."""

    def __init__(self, record_type: RecordType) -> None:
        self._passes_on = record_type.phones == "pass"
        self._rules = PhoneRules(
            record_type.country_codes,
            record_type.ambiguous_phones,
            restore_leading_zero=record_type.restore_leading_zero,
        )

    def choose(self, values: dict[str, object], *, home_is_known: bool) -> list[Note]:
        """Replace each list of numbers by its first certain one; a column without one goes.

        With `phones = "pass"` the lists stay, with the country codes that help Mateo to read them.
        """
        given = [column for column in PHONE_COLUMNS if values.get(column)]
        own, notes = _own_countries(values) if given else ((), [])
        values.pop(COUNTRIES, None)
        if not given:
            return []
        if self._passes_on:
            if countries := own or self._rules.countries:
                values[COUNTRIES] = list(countries)
            return notes + [note for column in given for note in _kept_texts(values, column)]
        home = Home(own, is_known=home_is_known and not notes)
        for column in given:
            notes += self._choose_one(values, column, home)
        return notes

    def _choose_one(self, values: dict[str, object], column: str, home: Home) -> list[Note]:
        options = cast("list[object]", values[column])
        texts = _texts(options)
        number, results = choose(texts, self._rules, home)
        notes = []
        if number is None:
            results += (_UNUSABLE,) * (len(options) - len(texts))
            del values[column]
            first, *others = sorted(
                results, key=lambda one: one.status is not PhoneStatus.AMBIGUOUS
            )
            notes = [Note(_LEFT_OUT[first.status], column, options, _reason(first, home))]
            results = tuple(others)
        else:
            values[column] = number
        for result in results[:MAX_COUNTED]:
            if result.status is not _INTERNATIONAL:
                notes.append(Note(_COUNTED[result.status], column))
        return notes


def is_national(option: object) -> bool:
    """Whether a country may be needed to read the number."""
    return not (isinstance(option, str) and option.lstrip().startswith("+"))


def _own_countries(values: dict[str, object]) -> tuple[tuple[str, ...], list[Note]]:
    """The codes of the countries that the record names, and a note if one of them is unknown."""
    for column in HOMES:
        if value := values.get(column):
            break
    else:
        return (), []
    named = value if type(value) is list else [value]
    codes = dict.fromkeys([country_code(one) if type(one) is str else None for one in named])
    unknown = [Note("note.unknown_country", column, value)] if None in codes else []
    return tuple(filter(None, codes)), unknown


def _kept_texts(values: dict[str, object], column: str) -> list[Note]:
    options = cast("list[object]", values[column])
    values[column] = _texts(options)
    if values[column]:
        return []
    del values[column]
    return [Note(_LEFT_OUT[PhoneStatus.UNUSABLE], column, options)]


def _texts(options: Sequence[object]) -> list[str]:
    """Texts and whole numbers; anything else is no phone number."""
    return [
        one.strip() if isinstance(one, str) else str(one)
        for one in options
        if isinstance(one, str) or type(one) is int
    ]


def _reason(result: Result, home: Home) -> str:
    if result.status is not PhoneStatus.AMBIGUOUS:
        return ""
    countries = sorted({reading.country for reading in result.readings if reading.country})
    if len(result.readings) == 1 and not home.is_known:
        return f"may be a number of {countries[0]}, but the record's country is not known"
    return f"reads as {len(result.readings)} numbers, of {', '.join(countries)}"
