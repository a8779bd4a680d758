"""Phone numbers: which number a text means, in E.164, or why none is sent.

A national number means one thing in each country, so a text has *readings*. Exactly one reading
makes it a number. With several it would be a guess, and a wrong guess reaches a stranger. Called by
`mapping`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from import_relay.domain.connections import AmbiguousPhones
from import_relay.mapping.numbering import Country, NumberKind, country, international
from import_relay.mapping.phone_texts import Dialled, Several, numbers_in

_EXIT_CODE = "00"


class PhoneStatus(StrEnum):
    """What became of one number."""

    INTERNATIONAL = "international"
    """It said its country itself."""
    COMPLETED = "completed"
    """A country of the record or of the connection completed it."""
    AMBIGUOUS = "ambiguous"
    """It may be several numbers, so it was left out."""
    UNUSABLE = "unusable"
    """It is no number."""


@dataclass(frozen=True, slots=True)
class PhoneRules:
    """What a connection says of its numbers."""

    countries: tuple[str, ...] = ()
    ambiguous: AmbiguousPhones = "leave_out"
    restore_leading_zero: bool = False


class Home(NamedTuple):
    """The countries that a record itself names. `is_known`: whether the record says all of it.

    A partial change may name a number and not the country of its record: then it is not known.
    """

    countries: tuple[str, ...] = ()
    is_known: bool = True


class PhoneReading(NamedTuple):
    """One number that a text may mean, and the country in which it means that."""

    number: str
    kind: NumberKind
    country: str = ""
    status: PhoneStatus = PhoneStatus.COMPLETED


class Result(NamedTuple):
    """What became of one number: `number` is E.164. `readings` are those of an ambiguous one."""

    status: PhoneStatus
    number: str | None = None
    readings: tuple[PhoneReading, ...] = ()


class Chosen(NamedTuple):
    """The first number of a list that can be sent, and what became of each up to it."""

    number: str | None
    results: tuple[Result, ...]


_UNUSABLE = Result(PhoneStatus.UNUSABLE)
_INTERNATIONAL = PhoneStatus.INTERNATIONAL
"""The same: Python 3.11 takes long to find a member of an Enum."""


def choose(texts: Iterable[str], rules: PhoneRules, home: Home) -> Chosen:
    """The first number among the texts that is certain. One text may hold several."""
    results: list[Result] = []
    for text in texts:
        for result in results_of(text, rules, home):
            results.append(result)
            if result.number is not None:
                return Chosen(result.number, tuple(results))
    return Chosen(None, tuple(results))


def results_of(text: str, rules: PhoneRules, home: Home) -> tuple[Result, ...]:
    """What becomes of each number in a text; if one of them is none, the whole text is none."""
    found = numbers_in(text)
    if len(found) == 1 and not isinstance(found[0], Several):
        return (_result(found[0], rules, home),)
    results: list[Result] = []
    for one in found:
        if isinstance(one, Several):
            results.extend(_of_several(one, rules, home))
        else:
            results.append(_result(one, rules, home))
    if len(results) > 1 and _UNUSABLE in results:
        return (_UNUSABLE,)
    return tuple(results)


def _of_several(several: Several, rules: PhoneRules, home: Home) -> Sequence[Result]:
    """The parts if each is a number by itself; the whole if none is; else it is ambiguous."""
    of_parts = [_result(part, rules, home) for part in several.parts]
    if _UNUSABLE not in of_parts:
        return of_parts
    if any(result is not _UNUSABLE for result in of_parts):
        return (_UNUSABLE,)
    return (_result(several.joined, rules, home),)


def _result(dialled: Dialled | None, rules: PhoneRules, home: Home) -> Result:
    if dialled is None:
        return _UNUSABLE
    if dialled.has_plus:
        return _international(dialled, 0)
    if dialled.digits.startswith(_EXIT_CODE):
        result = _international(dialled, len(_EXIT_CODE))
        if result is not _UNUSABLE:
            return result
    found = _readings(dialled, rules, home)
    if not found:
        return _UNUSABLE
    readings = found if len(found) == 1 else _distinct(found)
    if len(readings) == 1 and (home.is_known or readings[0].kind.may_be_mobile):
        return Result(readings[0].status, readings[0].number)
    return _preferred(readings, rules.ambiguous)


def _distinct(readings: Sequence[PhoneReading]) -> list[PhoneReading]:
    """The first reading of each number."""
    of_number = {reading.number: reading for reading in reversed(readings)}
    return list(reversed(of_number.values()))


def _international(dialled: Dialled, start: int) -> Result:
    """What the digits after an exit code or a plus are, which begin at `start`."""
    if not dialled.doubtful:
        one = international(dialled.digits[start:])
        return _UNUSABLE if one is None else Result(_INTERNATIONAL, one[0])
    found = [international(spelling[start:]) for spelling in dialled.spellings]
    numbers = dict(one for one in found if one is not None)
    if not numbers:
        return _UNUSABLE
    if len(numbers) == 1:
        return Result(_INTERNATIONAL, next(iter(numbers)))
    readings = (PhoneReading(number, kind) for number, kind in numbers.items())
    return Result(PhoneStatus.AMBIGUOUS, None, tuple(readings))


def _readings(dialled: Dialled, rules: PhoneRules, home: Home) -> list[PhoneReading]:
    """Every reading that counts: the record's own countries override the connection's list."""
    if not home.countries:
        return _in_all(dialled, _countries(rules.countries), rules)
    readings = _in_all(dialled, _countries(home.countries), rules)
    if not readings:
        return _without_plus(dialled, _countries(rules.countries, home.countries))
    if not any(reading.kind.may_be_mobile for reading in readings):
        elsewhere = _in_all(dialled, _countries(rules.countries, home.countries), rules)
        readings += [reading for reading in elsewhere if reading.kind.may_be_mobile]
    return readings


def _in_all(
    dialled: Dialled, countries: Sequence[Country], rules: PhoneRules
) -> list[PhoneReading]:
    readings = []
    for spelling in dialled.spellings:
        for one in countries:
            for number, kind in one.national(spelling):
                readings.append(PhoneReading(number, kind, one.region))
            if one.has_own_exit_code and (found := one.dialled_abroad(spelling)):
                readings.append(PhoneReading(*found, one.region, _INTERNATIONAL))
    readings += _without_plus(dialled, countries)
    if rules.restore_leading_zero:
        restored = [(one, found) for one in countries if (found := one.restored(dialled.digits))]
        if len(restored) == 1:
            one, found = restored[0]
            readings.append(PhoneReading(*found, one.region))
    return readings


def _without_plus(dialled: Dialled, countries: Sequence[Country]) -> list[PhoneReading]:
    return [
        PhoneReading(*found, one.region)
        for spelling in dialled.spellings
        for one in countries
        if (found := one.without_plus(spelling))
    ]


def _preferred(readings: list[PhoneReading], choice: AmbiguousPhones) -> Result:
    """What a connection prefers among several readings; it may leave as many."""
    if choice == "prefer_mobile":
        left = [reading for reading in readings if reading.kind.may_be_mobile]
    elif choice == "first_country":
        left = [reading for reading in readings if reading.country == readings[0].country]
    else:
        left = []
    if len(left) == 1:
        return Result(left[0].status, left[0].number)
    return Result(PhoneStatus.AMBIGUOUS, None, tuple(readings))


@lru_cache(maxsize=1_024)
def _countries(codes: tuple[str, ...], but: tuple[str, ...] = ()) -> tuple[Country, ...]:
    return tuple(one for code in codes if code not in but and (one := country(code)) is not None)
