"""Phones: how many numbers of twelve countries are read right, left out or read wrong.

1,000 random mobiles and 1,000 random landlines of each country, in five spellings, with the country
alone in the list, in every order of three lists of three, and as the record's own country; for each
value of `ambiguous_phones`. By default no number may be read wrong. Takes minutes.
"""

from collections.abc import Iterator
from typing import get_args

from import_relay.domain.connections import AmbiguousPhones
from tests.benchmarks.measures import Measure
from tests.support.phone_numbers import (
    COUNTRIES,
    WITHOUT_PLUS_IN_ITALY,
    Totals,
    counts,
    merged,
)

PER_KIND = 1_000
SEED = 20_261_128
CONTEXTS = {"alone": "alone in the list", "list": "lists of three", "own": "record's own country"}


def measure() -> Iterator[Measure]:
    """Wrong numbers, and numbers left out, by default; the other choices are printed."""
    for choice in get_args(AmbiguousPhones):
        found = counts(choice, PER_KIND, SEED)
        print_table(choice, found)
        if choice == "leave_out":
            yield from bars(found)


def bars(found: dict[tuple[str, str, str], Totals]) -> Iterator[Measure]:
    """The bars by default; a share is that of the worst country."""
    wrong = sum(len(totals.wrong) for totals in found.values())
    yield Measure("phones wrong by default", wrong, 0, "numbers")
    alone = max(
        100 * (1 - totals.right / totals.total)
        for region in COUNTRIES
        for totals in [merged(of(found, region), "alone", WITHOUT_PLUS_IN_ITALY)]
    )
    yield Measure("phones not right, country alone, worst country", alone, 1, "%")
    own = max(
        100 * totals.unusable / totals.total
        for region in COUNTRIES
        for totals in [merged(of(found, region), "own")]
    )
    yield Measure("phones neither right nor ambiguous, own country, worst", own, 1, "%")


def of(
    found: dict[tuple[str, str, str], Totals], region: str
) -> dict[tuple[str, str, str], Totals]:
    """The counts of one country."""
    return {key: totals for key, totals in found.items() if key[1] == region}


def print_table(choice: str, found: dict[tuple[str, str, str], Totals]) -> None:
    """Right, left out and wrong for each context."""
    print(f"  ambiguous_phones = {choice!r}: right, left out, wrong")
    for context, title in CONTEXTS.items():
        totals = merged(found, context)
        counts = (totals.right, totals.left_out, len(totals.wrong))
        shares = ", ".join(f"{count} ({100 * count / totals.total:.2f} %)" for count in counts)
        print(f"    {title}: {shares}")
