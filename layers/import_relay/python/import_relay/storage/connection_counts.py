"""Counts of one connection's day: how its occurrences ended, and the notes they had. Pure.

Made by reporting and submission; `outcome_counts` keeps them, one item per day and connection.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from import_relay.domain.notes import Note, NoteCounts, count_notes

MAX_CONNECTIONS = 60
"""Connections counted apart, of one import. Of more, those with the fewest notes count as `OTHERS`.
"""
MAX_COUNTERS = 60
"""Counters of notes in one update, whose expression DynamoDB limits to 4 KB. Of more, the rarest
are summed up by code."""
OTHERS = "*"


class ConnectionCounts(NamedTuple):
    """What became of one connection's occurrences: how many ended how, and their notes."""

    outcomes: Mapping[str, int]
    notes: NoteCounts


NO_CONNECTIONS: Mapping[str, ConnectionCounts] = MappingProxyType({})


def count_by_connection(
    ended: Iterable[tuple[str, str, Iterable[Note]]],
) -> dict[str, ConnectionCounts]:
    """Counts of occurrences, each given as its connection, how it ended, and its notes."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    notes: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for connection, outcome, of_one in ended:
        outcomes[connection][outcome] += 1
        notes[connection].update(count_notes(of_one))
    return {name: ConnectionCounts(outcomes[name], notes[name]) for name in outcomes}


def at_most(
    of_connections: Mapping[str, ConnectionCounts], most: int = MAX_CONNECTIONS
) -> Mapping[str, ConnectionCounts]:
    """The same with at most so many names: those with the fewest notes become `OTHERS`."""
    if len(of_connections) <= most:
        return of_connections
    by_notes = sorted(of_connections, key=lambda name: -sum(of_connections[name].notes.values()))
    kept = {name: of_connections[name] for name in by_notes[: most - 1]}
    return kept | {OTHERS: summed([of_connections[name] for name in by_notes[most - 1 :]])}


def summed(several: Iterable[ConnectionCounts]) -> ConnectionCounts:
    """Several counts as one."""
    outcomes: Counter[str] = Counter()
    notes: Counter[tuple[str, str]] = Counter()
    for one in several:
        outcomes.update(one.outcomes)
        notes.update(one.notes)
    return ConnectionCounts(outcomes, notes)


def counters(counts: ConnectionCounts) -> dict[str, int]:
    """The attributes of a connection's item, e.g. `imported` and `value.bad_date#birthday`."""
    notes = Counter(counts.notes).most_common()
    counters = {f"{code}#{field}": count for (code, field), count in notes[:MAX_COUNTERS]}
    for (code, _), count in notes[MAX_COUNTERS:]:
        name = f"{code}#{OTHERS}"
        counters[name] = counters.get(name, 0) + count
    return {**counts.outcomes, **counters}


def connection_counts(attributes: Mapping[str, Any]) -> ConnectionCounts:
    """The counts of such an item."""
    outcomes, notes = {}, {}
    for name, value in attributes.items():
        code, sharp, field = name.partition("#")
        if sharp:
            notes[code, field] = int(value)
        elif name not in ("pk", "expires_at"):
            outcomes[name] = int(value)
    return ConnectionCounts(outcomes, notes)
