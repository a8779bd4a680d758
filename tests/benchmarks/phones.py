"""Phones: how many numbers of twelve countries come out right, left out or wrong.

1,000 random mobiles and 1,000 random landlines of each country, in five spellings, with the country
alone in the list, in every order of three lists of three, and as the record's own country; for each
value of `ambiguous_phones`. Nothing may come out wrong by default. Takes minutes.
"""

from collections.abc import Iterator
from typing import get_args

from import_relay.domain.connections import AmbiguousPhones
from tests.benchmarks.measures import Measure
from tests.support.phone_numbers import (
    COUNTRIES,
    WITHOUT_PLUS_IN_ITALY,
    Tally,
    merged,
    tallies,
)

PER_KIND = 1_000
SEED = 20_261_128
CONTEXTS = {"alone": "alone in the list", "list": "lists of three", "own": "record's own country"}


def measure() -> Iterator[Measure]:
    """Wrong numbers, and numbers left out, by default; the other choices are printed."""
    for choice in get_args(AmbiguousPhones):
        found = tallies(choice, PER_KIND, SEED)
        print_table(choice, found)
        if choice == "leave_out":
            yield from bars(found)


def bars(found: dict[tuple[str, str, str], Tally]) -> Iterator[Measure]:
    """What has to hold by default, for the worst of the countries where it is a share."""
    wrong = sum(len(tally.wrong) for tally in found.values())
    yield Measure("phones wrong by default", wrong, 0, "numbers")
    alone = max(
        100 * (1 - tally.right / tally.total)
        for region in COUNTRIES
        for tally in [merged(of(found, region), "alone", WITHOUT_PLUS_IN_ITALY)]
    )
    yield Measure("phones not right, country alone, worst country", alone, 1, "%")
    own = max(
        100 * tally.unusable / tally.total
        for region in COUNTRIES
        for tally in [merged(of(found, region), "own")]
    )
    yield Measure("phones neither right nor ambiguous, own country, worst", own, 1, "%")


def of(found: dict[tuple[str, str, str], Tally], region: str) -> dict[tuple[str, str, str], Tally]:
    """The tallies of one country."""
    return {key: tally for key, tally in found.items() if key[1] == region}


def print_table(choice: str, found: dict[tuple[str, str, str], Tally]) -> None:
    """Right, left out and wrong for each context."""
    print(f"  ambiguous_phones = {choice!r}: right, left out, wrong")
    for context, title in CONTEXTS.items():
        tally = merged(found, context)
        counts = (tally.right, tally.left_out, len(tally.wrong))
        shares = ", ".join(f"{count} ({100 * count / tally.total:.2f} %)" for count in counts)
        print(f"    {title}: {shares}")
