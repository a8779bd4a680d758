"""How occurrences ended, counted by the day on which they were received, in the ledger table.

An occurrence that was part of an import is counted in the transaction that closes the import. One
that ended without an import leaves an *outcome record*, written in the transaction that counts it,
and only if there is none: the queue may redeliver the occurrence, and its first outcome counts.

A second item per day and connection counts, in the same transactions, how occurrences of that
connection ended and which notes they had; rates are computed from it. Its day is that of the
outcome. A third one per file counts how its rows ended.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from import_relay.domain.batches import batches
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.models import ItemOutcome, Occurrence, Outcome
from import_relay.domain.notes import Note
from import_relay.domain.retrying import COUNT_OUTCOMES, tries
from import_relay.storage.attributes import Plain, from_attributes
from import_relay.storage.bulk_reads import read_items
from import_relay.storage.conditions import transact
from import_relay.storage.connection_counts import (
    NO_CONNECTIONS,
    ConnectionCounts,
    at_most,
    connection_counts,
    count_by_connection,
    counters,
)
from import_relay.storage.file_counts import NO_FILES, count_by_file, file_operation
from import_relay.storage.item_writes import all_of, attribute, update_of
from import_relay.storage.proofs import from_proof, proof_text

if TYPE_CHECKING:
    from boto3.dynamodb.conditions import ConditionBase
    from types_boto3_dynamodb import DynamoDBClient

COUNTS_DAYS = 180
"""How long a day's counts are kept: as long as ledger entries."""
OUTCOME_DAYS = 65
"""How long an occurrence may be delivered again: put back after 35 days, and 28 more in both
queues."""
REPLAYED = "replayed"
"""Counts what a person put back: it is received again on that day. It is no outcome."""
FROM_FILES = "from_files"
"""Counts rows of files that were received on that day. It is no outcome."""
COUNTED_RECEIPTS = (REPLAYED, FROM_FILES)
NUMBERS_PER_ITEM = 100
"""Occurrences of a delivery whose outcome records share an item; as many as share a message."""
OUTCOMES_PER_TRANSACTION = 25
"""Of a transaction's 100 operations (AWS quota); each takes three more at most, to be counted."""
PROOFS_PER_TRANSACTION = 100

OutcomesByDay = Mapping[str, Mapping[str, int]]
"""Day (YYYY-MM-DD) on which occurrences were received → how they ended → how many."""


@dataclass(frozen=True, slots=True)
class KnownOutcomes:
    """Outcomes of some items: `ended` were counted, `proven` are still to be counted."""

    ended: set[str] = field(default_factory=set)
    proven: list[ItemOutcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """The counts. `day`: of a time in s since the epoch, which `clock` gives."""

    client: "DynamoDBClient"
    table: str
    day: Callable[[float], str]
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def day_of(self, received_at: int) -> str:
        """The day that a time counts for, in µs since the epoch."""
        return self.day(received_at / 1_000_000)

    def days(self, days: Iterable[str]) -> dict[str, dict[str, int]]:
        """The counts of those days that have any, by outcome; read consistently."""
        found = {}
        keys = [_day_key(day) for day in sorted(set(days))]
        for item in self._items(keys):
            counts = {
                name: int(value)
                for name, value in from_attributes(item).items()
                if name not in ("pk", "expires_at")
            }
            found[item["pk"]["S"].removeprefix("counts#")] = counts
        return found

    def connections(self, day: str, names: Iterable[str]) -> dict[str, ConnectionCounts]:
        """The counts of those connections that had any end on that day; read consistently.

        One read of DynamoDB per 100 connections. `OTHERS` is a name, too.
        """
        keys = [_connection_key(day, name) for name in sorted(set(names))]
        prefix = _connection_key(day, "")["pk"]["S"]
        return {
            item["pk"]["S"].removeprefix(prefix): connection_counts(from_attributes(item))
            for item in self._items(keys)
        }

    def operations(
        self,
        outcomes: OutcomesByDay,
        of_connections: Mapping[str, ConnectionCounts] = NO_CONNECTIONS,
        of_files: OutcomesByDay = NO_FILES,
    ) -> list[dict[str, Any]]:
        """The parts of a transaction that count these ends, by day, by connection and by file."""
        now = self.clock()
        counted = [(_day_key(day), counts) for day, counts in sorted(outcomes.items())]
        for name, counts in sorted(at_most(of_connections).items()):
            counted.append((_connection_key(self.day(now), name), counters(counts)))
        sets = {"expires_at": int(now) + COUNTS_DAYS * 86_400}
        updates = [
            update_of(self.table, key, sets=sets, adds={name: n for name, n in counts.items() if n})
            for key, counts in counted
            if any(counts.values())
        ]
        return [{"Update": one} for one in updates] + [
            file_operation(self.table, *of_file) for of_file in sorted(of_files.items())
        ]

    def recorded(self, occurrences: Iterable[Occurrence]) -> set[str]:
        """Item ids of those of the occurrences that ended without an import, read consistently."""
        return self.known(occurrences).ended

    def known(self, occurrences: Iterable[Occurrence]) -> KnownOutcomes:
        """Which of the occurrences ended, or have to end, without an import; read consistently."""
        asked = list(occurrences)
        items = {item["pk"]["S"]: item for item in self._items(outcome_keys(asked))}
        return known_outcomes(asked, items)

    def prove(self, item_outcomes: Sequence[ItemOutcome]) -> None:
        """Store outcomes that nothing will prove again, before anything else is written of them.

        `detail` must hold no personal data. An item that ended already keeps its outcome.
        """
        by_item: dict[str, dict[str, str]] = defaultdict(dict)
        for one in item_outcomes:
            key = _outcome_key(one.occurrence.delivery, one.occurrence.number)
            by_item[key][_proof_name(one.occurrence)] = proof_text(one)
        operations = [self._set(key, texts) for key, texts in by_item.items()]
        for part in batches(operations, PROOFS_PER_TRANSACTION):
            self._transact(part)

    def batches_of(self, items: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """Delivery and number of each item that ended without an import → the batch it was in."""
        by_key: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for delivery, number in items:
            by_key[_outcome_key(delivery, number)].append((delivery, number))
        return {
            item: found[f"n{item[1]}"]["S"].partition(" ")[2]
            for found in self._items([{"pk": {"S": key}} for key in by_key])
            for item in by_key[found["pk"]["S"]]
            if f"n{item[1]}" in found
        }

    def record(self, item_outcomes: Iterable[ItemOutcome], *, batch: str = "") -> None:
        """Count how these occurrences ended, each once, however often this is called.

        `batch`: where their items were written down (`Archive.record_outcomes`).

        Raises:
            StoreUnavailable: others wrote the same again and again.
        """
        by_item: dict[str, dict[str, ItemOutcome]] = defaultdict(dict)
        for one in sorted(item_outcomes, key=lambda one: one.occurrence.received_at):
            key = _outcome_key(one.occurrence.delivery, one.occurrence.number)
            by_item[key].setdefault(_name(one.occurrence), one)
        of_items = [list(of_item.values()) for of_item in by_item.values()]
        for part in batches(of_items, OUTCOMES_PER_TRANSACTION):
            self._record([one for of_item in part for one in of_item], batch)

    def _record(self, item_outcomes: Sequence[ItemOutcome], batch: str) -> None:
        for _ in tries(COUNT_OUTCOMES, self.sleep):
            counts = self.operations(
                self._outcomes_by_day(item_outcomes),
                _of_connections(item_outcomes),
                count_by_file((one.occurrence.delivery, one.outcome) for one in item_outcomes),
            )
            operations = [*self._outcome_operations(item_outcomes, batch), *counts]
            if not self._transact(operations):
                return
            known = self.recorded(one.occurrence for one in item_outcomes)
            item_outcomes = [one for one in item_outcomes if one.occurrence.item_id not in known]
            if not item_outcomes:
                return
        raise StoreUnavailable(
            "outcomes could not be counted: conditions fail in TransactWriteItems"
        )

    def _transact(self, operations: Sequence[Any]) -> Sequence[bool]:
        return transact(self.client, operations, sleep=self.sleep)

    def _items(self, keys: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        return read_items(self.client, self.table, keys, sleep=self.sleep)

    def _outcome_operations(
        self, item_outcomes: Iterable[ItemOutcome], batch: str
    ) -> Iterator[dict[str, Any]]:
        by_item: dict[str, dict[str, str]] = defaultdict(dict)
        for one in item_outcomes:
            key = _outcome_key(one.occurrence.delivery, one.occurrence.number)
            value = f"{one.outcome.value} {batch}".rstrip()
            by_item[key][_name(one.occurrence)] = value
        for key, outcomes in by_item.items():
            uncounted = [attribute(name).not_exists() for name in outcomes]
            yield self._set(key, outcomes, all_of(uncounted))

    def _set(
        self, key: str, texts: Mapping[str, str], where: "ConditionBase | None" = None
    ) -> dict[str, Any]:
        """The part of a transaction that adds texts to an item of outcome records."""
        expires_at = int(self.clock()) + OUTCOME_DAYS * 86_400
        sets: dict[str, Plain | None] = {"expires_at": expires_at, **texts}
        return {"Update": update_of(self.table, {"pk": {"S": key}}, where, sets=sets)}

    def _outcomes_by_day(self, item_outcomes: Iterable[ItemOutcome]) -> OutcomesByDay:
        outcomes_by_day: dict[str, Counter[str]] = defaultdict(Counter)
        for one in item_outcomes:
            outcomes_by_day[self.day(one.occurrence.counted_at / 1_000_000)][one.outcome.value] += 1
        return outcomes_by_day


def _of_connections(item_outcomes: Iterable[ItemOutcome]) -> dict[str, ConnectionCounts]:
    return count_by_connection(
        (one.occurrence.connection, one.outcome.value, _counted_notes(one)) for one in item_outcomes
    )


def _counted_notes(one: ItemOutcome) -> tuple[Note, ...]:
    """Its notes; those of a test say nothing of the connection's records."""
    return () if one.outcome is Outcome.TEST else one.notes


def _day_key(day: str) -> dict[str, Any]:
    return {"pk": {"S": f"counts#{day}"}}


def _connection_key(day: str, connection: str) -> dict[str, Any]:
    return {"pk": {"S": f"connection#{day}#{connection}"}}


def _outcome_key(delivery: str, number: int) -> str:
    return f"outcome#{delivery}#{number // NUMBERS_PER_ITEM}"


def _name(one: Occurrence) -> str:
    return f"n{one.number}"


def _proof_name(one: Occurrence) -> str:
    return f"p{one.number}"


def outcome_keys(occurrences: Iterable[Occurrence]) -> list[dict[str, Any]]:
    """Where it says whether these ended without an import, each key once."""
    names = dict.fromkeys(_outcome_key(one.delivery, one.number) for one in occurrences)
    return [{"pk": {"S": name}} for name in names]


def known_outcomes(
    occurrences: Iterable[Occurrence], items: Mapping[str, Mapping[str, Any]]
) -> KnownOutcomes:
    """What the items under `outcome_keys`, by their keys, say about these occurrences."""
    known = KnownOutcomes()
    for one in occurrences:
        item = items.get(_outcome_key(one.delivery, one.number), {})
        if _name(one) in item:
            known.ended.add(one.item_id)
        elif _proof_name(one) in item:
            known.proven.append(from_proof(one, item[_proof_name(one)]["S"]))
    return known
