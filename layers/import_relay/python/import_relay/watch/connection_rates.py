"""Rates of a connection's day that call for a person: what the watchdog computes. Pure.

    rejected, failed, ignored   share of all records of the connection that ended on that day
    left_out                    share of the records that could become rows, field by field; of a
                                handle, share of the records that have one, and one that a
                                contact lost to another counts as well

Few records say nothing, so a rate counts from `MIN_ITEMS` on; but if all that a connection brings
is rejected or fails, `MIN_ALL` are enough. Where a day has fewer, those of a week count together:
else a connection that brings one record a day would never be named.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from import_relay.domain.notes import LEFT_OUT, LOST, SENT
from import_relay.mapping.keys import HANDLES
from import_relay.storage.connection_counts import ConnectionCounts, summed

MIN_ITEMS = 20
"""Records of a day below which no rate is computed: one bad record of three is no trend."""
MIN_ALL = 3
"""Records of a day from which on it counts that every one of them was rejected, or failed."""
DAYS_OF_FEW = 7
"""Days whose records count together where those of one day say nothing."""
NOT_MAPPED = ("ignored", "duplicate", "erased")
"""Outcomes of records that never became a row, so that no value of theirs could be left out."""


class RateLimits(NamedTuple):
    """Percent that a rate may reach: of ignored records, which may be normal, and of all others."""

    bad_percent: float
    ignored_percent: float


@dataclass(frozen=True, slots=True)
class HighRate:
    """`count` of `of` records of a connection; `field` is the column of values left out.

    `days`: how many days these records are of.
    """

    connection: str
    rate: str
    count: int
    of: int
    field: str = ""
    days: int = 1

    @property
    def percent(self) -> float:
        """The rate, rounded for people."""
        return round(100 * self.count / self.of, 1)


def high_rates(counts: Mapping[str, ConnectionCounts], limits: RateLimits) -> list[HighRate]:
    """The rates above their limits, of connections with their counts of a day."""
    return [
        rate
        for connection, of_one in sorted(counts.items())
        for rate in _rates(connection, of_one)
        if _says_something(rate) and 100 * rate.count > _limit(rate, limits) * rate.of
    ]


def undecided(counts: Mapping[str, ConnectionCounts]) -> dict[str, set[tuple[str, str]]]:
    """Connection → its rates, with their columns, for which its day has too few records to judge.

    Only those of which there is a bad record on this day.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for connection, of_one in counts.items():
        for rate in _rates(connection, of_one):
            if rate.count and rate.rate != "ignored" and not _says_something(rate):
                found.setdefault(connection, set()).add((rate.rate, rate.field))
    return found


def high_rates_of_few(
    wanted: Mapping[str, Collection[tuple[str, str]]],
    days: Sequence[Mapping[str, ConnectionCounts]],
    limits: RateLimits,
) -> list[HighRate]:
    """Those of the `undecided` rates that are above their limits over several days together."""
    together = {
        name: summed([of_day[name] for of_day in days if name in of_day]) for name in wanted
    }
    return [
        replace(rate, days=len(days))
        for rate in high_rates(together, limits)
        if (rate.rate, rate.field) in wanted[rate.connection]
    ]


def _rates(connection: str, counts: ConnectionCounts) -> Iterator[HighRate]:
    ended = sum(counts.outcomes.values()) - counts.outcomes.get("test", 0)
    for outcome in ("rejected", "failed", "ignored"):
        yield HighRate(connection, outcome, counts.outcomes.get(outcome, 0), ended)
    mapped = ended - sum(counts.outcomes.get(outcome, 0) for outcome in NOT_MAPPED)
    left_out: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for (code, field), count in counts.notes.items():
        if code.startswith(LEFT_OUT):
            left_out[field] += count
        elif code in LOST:
            lost[field] += count
    for field in sorted(left_out | lost):
        given = left_out[field] + counts.notes.get((SENT, field), 0)
        of = given if field in HANDLES else mapped
        yield HighRate(connection, "left_out", left_out[field] + lost[field], of, field)


def _says_something(rate: HighRate) -> bool:
    is_all = rate.rate in ("rejected", "failed") and rate.count == rate.of
    return rate.of >= (MIN_ALL if is_all else MIN_ITEMS)


def _limit(rate: HighRate, limits: RateLimits) -> float:
    return limits.ignored_percent if rate.rate == "ignored" else limits.bad_percent
