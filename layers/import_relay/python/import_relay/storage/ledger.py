"""The ledger: one entry per import, from the intention to send it to its report.

    intended ──▶ sent ──▶ finished
       │  ├────▶ unknown ──▶ sent (adopted, or posted again)
       │  │         └────▶ timed_out ◀── sent
       │  ├────▶ refused       nothing was created: bisected, or rejected
       └──┴────▶ abandoned     nothing was created: its records went back

Reserving entities and writing the entry are one transaction; so are releasing them and the change
of state that releases them, and closing the entry and counting how its occurrences ended. Written
by submission, tracking and reporting.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from import_relay.storage.attributes import Plain, to_attributes
from import_relay.storage.bulk_reads import only, read_items
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.conditions import takes_effect, transact, update
from import_relay.storage.connection_counts import NO_CONNECTIONS, ConnectionCounts
from import_relay.storage.entries import (
    UNFINISHED,
    Entry,
    Standing,
    State,
    entry_key,
    from_item,
    to_item,
)
from import_relay.storage.entry_updates import (
    Move,
    nobody_reports,
    polled_before,
    same_day,
    same_posts,
)
from import_relay.storage.file_counts import NO_FILES, count_apart, split_files
from import_relay.storage.import_owners import ImportOwners
from import_relay.storage.item_writes import IS_NEW, attribute, put_of
from import_relay.storage.open_imports import listed
from import_relay.storage.outcome_counts import OutcomeCounts, OutcomesByDay
from import_relay.storage.quota import Quota
from import_relay.storage.reservations import Reservation

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def read_entry(client: "DynamoDBClient", table: str, reference: str) -> Entry | None:
    """One entry, read consistently, for callers that change none."""
    answer = client.get_item(TableName=table, Key=entry_key(reference), ConsistentRead=True)
    item = answer.get("Item")
    return from_item(item) if item else None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries, in the table that also holds the quota."""

    client: "DynamoDBClient"
    table: str
    quota: Quota
    outcome_counts: OutcomeCounts
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    @property
    def _owners(self) -> ImportOwners:
        return ImportOwners(self.client, self.table, clock=self.clock, sleep=self.sleep)

    def get(self, reference: str) -> Entry | None:
        """One entry, read consistently."""
        return read_entry(self.client, self.table, reference)

    def states(self, references: Collection[str]) -> dict[str, Standing]:
        """Where those of the imports are that have an entry, each read consistently."""
        keys = [entry_key(reference) for reference in sorted(references)]
        request = only("reference", "state", "reported_until")
        found = {}
        for item in read_items(self.client, self.table, keys, request=request, sleep=self.sleep):
            until = float(item.get("reported_until", {}).get("N", 0))
            found[item["reference"]["S"]] = Standing(State(item["state"]["S"]), until)
        return found

    def open_imports(self) -> Sequence[Entry]:
        """All unfinished imports, the oldest first. From an index: may lag a little."""
        return [from_item(item) for item in listed(self.client, self.table)]

    def intend(self, entry: Entry) -> bool:
        """Write a new entry and reserve its rows of its day's entities, both or neither.

        Returns:
            False when the reference has an entry already: tracking gave it up first.

        Raises:
            LimitReached: the rows do not fit into what is left of that day.
        """
        failed = self._transact(
            self._put_operation(entry), self.quota.reserve_operation(entry.reservation)
        )
        return self._took_effect_unless_spent(failed, entry.reservation)

    def write_tombstone(self, reference: str, *, type_: str = "") -> bool:
        """Write an abandoned entry for a reference that never got one, so that it never will.

        Returns:
            False when there is an entry after all.
        """
        now = self.clock()
        entry = Entry(
            reference=reference,
            state=State.ABANDONED,
            type=type_,
            rows=0,
            day=self.quota.limits.day(now),
            created_at=now,
            deadline=now,
        )
        put = self._put_operation(entry)["Put"]
        return takes_effect(lambda: self.client.put_item(**put))

    def advance(
        self, reference: str, *, expected: Iterable[State], target: State, **changes: Plain | None
    ) -> bool:
        """Move an entry to another state and change some of its attributes; None removes one.

        An `import_id` among them is claimed first, so that no other entry ever adopts that import.

        Returns:
            False when it is not in one of the `expected` states any more; nothing was changed then.
        """
        import_id = changes.get("import_id")
        if import_id and not self.claim_import(str(import_id), reference):
            self._take_import(str(import_id), reference)
        return self._write(Move(reference, expected, target, changes))

    def release(self, entry: Entry, *, expected: Iterable[State], target: State) -> bool:
        """Move an entry to a state of imports never created and release its entities, in one
        transaction.

        Returns:
            False when it is not in one of the `expected` states any more; nothing was changed then.
        """
        return not self._transact(
            self._operation(Move(entry.reference, expected, target)),
            self.quota.release_operation(entry.reservation),
        )

    def begin_report(self, entry: Entry, *, until: float, retried: str) -> bool:
        """Become the one who reports an unfinished import, until a time (s since the epoch).

        Args:
            retried: the numbers of the rows that this report requeues. One that is written again
                after a crash requeues these, too.

        Returns:
            False when somebody else is reporting it, or began to after the entry was read.
        """
        return self._write(
            Move(
                entry.reference,
                UNFINISHED,
                entry.state,
                {"reported_until": until, "retried": retried},
                nobody_reports(entry, now=self.clock() - CLOCK_SKEW_S),
            )
        )

    def close(
        self,
        entry: Entry,
        *,
        target: State,
        outcomes: OutcomesByDay,
        of_connections: Mapping[str, ConnectionCounts] = NO_CONNECTIONS,
        of_files: OutcomesByDay = NO_FILES,
    ) -> bool:
        """Move an entry to a final state and count how its occurrences ended, in one transaction.

        If the import has rows of more files than fit the transaction, the files with the fewest
        rows are counted just before it, each once.

        Returns:
            False when it had ended already; nothing was changed then.
        """
        together, apart = split_files(of_files)
        for file, counts in apart.items():
            count_apart(
                self.client,
                self.table,
                file,
                counts,
                reference=entry.reference,
                sleep=self.sleep,
            )
        return not self._transact(
            self._operation(Move(entry.reference, UNFINISHED, target)),
            *self.outcome_counts.operations(outcomes, of_connections, together),
        )

    def move_reservation(self, entry: Entry, *, day: str) -> bool:
        """Move the entry's reservation to another day: the one on which it is really sent.

        Returns:
            False when the entry has changed meanwhile; nothing was changed then.

        Raises:
            LimitReached: it does not fit into what is left of that day.
        """
        move = Move(entry.reference, [entry.state], entry.state, {"day": day}, same_day(entry))
        moved = entry.reservation._replace(day=day)
        failed = self._transact(
            self._operation(move),
            self.quota.release_operation(entry.reservation),
            self.quota.reserve_operation(moved),
        )
        return self._took_effect_unless_spent(failed, moved)

    def begin_post(self, entry: Entry, *, posted_at: float, deadline: float) -> bool:
        """Write down that an unknown import is about to be posted again, before `deadline`.

        Its lookups start afresh.

        Returns:
            False when somebody else did so meanwhile; then it must not be posted here.
        """
        changes: dict[str, Plain | None] = {
            "posts": entry.posts + 1,
            "posted_at": posted_at,
            "deadline": deadline,
            "absent": 0,
            "absent_at": 0.0,
            "accepted_at": 0.0,
        }
        return self._write(
            Move(entry.reference, [State.UNKNOWN], State.UNKNOWN, changes, same_posts(entry))
        )

    def claim_import(self, import_id: str, reference: str) -> bool:
        """Write down whose import this is in Mateo; False when it is another entry's."""
        return self._owners.claim(import_id, reference)

    def owners(self, import_ids: Iterable[str]) -> dict[str, str]:
        """Import id in Mateo → reference of the entry that it belongs to, where it is known."""
        return self._owners.of(import_ids)

    def record_poll(
        self,
        entry: Entry,
        *,
        polled_at: float,
        counts: Mapping[str, int | None],
        answered: Mapping[str, float] = MappingProxyType({}),
    ) -> Entry:
        """Write what a poll said of an import that is sent; anything else is left alone.

        So are an entry that belongs to another import by now, and what a later poll said.

        Args:
            answered: `answered_at` and `answered_s` as they are now, if Mateo answered.

        Returns:
            the entry with that, if it was written.
        """
        changes: dict[str, Any] = {name: n for name, n in counts.items() if n is not None}
        if changes:
            changed = any(getattr(entry, name) != value for name, value in changes.items())
            changes["counted_at"] = polled_at if changed else entry.counted_at or polled_at
            changes["confirmed_at"] = polled_at
        changes |= {"polled_at": polled_at, **answered}
        where = polled_before(entry, polled_at)
        written = self._write(Move(entry.reference, [State.SENT], State.SENT, changes, where))
        return entry._replace(**changes) if written else entry

    def claim_round(self, *, not_since: float) -> bool:
        """Become the poller of this round; False if another one did after `not_since`."""
        item = {"pk": {"S": "round"}, **to_attributes({"started_at": self.clock()})}
        is_due = IS_NEW | attribute("started_at").lt(not_since)
        return takes_effect(lambda: self.client.put_item(**put_of(self.table, item, is_due)))

    def _take_import(self, import_id: str, reference: str) -> None:
        """Reassign an import that another entry adopted by matching; the POST response decides."""
        adopter = self._owners.take(import_id, reference)
        if adopter is not None:
            self.advance(
                adopter,
                expected=[State.SENT],
                target=State.UNKNOWN,
                import_id="",
                absent=0,
                absent_at=0.0,
                total_count=None,
                success_count=None,
                failed_count=None,
            )

    def _write(self, move: Move) -> bool:
        """Change an entry; False when its condition does not hold."""
        return update(self.client, move.update(self.table), sleep=self.sleep)

    def _transact(self, *operations: Any) -> Sequence[bool]:
        return transact(self.client, operations, sleep=self.sleep)

    def _operation(self, move: Move) -> dict[str, Any]:
        return {"Update": move.update(self.table)}

    def _put_operation(self, entry: Entry) -> dict[str, Any]:
        return {"Put": put_of(self.table, to_item(entry, now=self.clock()), IS_NEW)}

    def _took_effect_unless_spent(self, failed: Sequence[bool], reservation: Reservation) -> bool:
        """What a transaction says that changes an entry first and reserves entities last.

        nothing failed         it took effect
        the entry's condition  it did not: the entry is not as it was expected
        only the reservation   LimitReached: too few entities are left of the day, of the bulk
                               lane's share, or of what a connection may use
        """
        if not failed:
            return True
        if failed[0]:
            return False
        raise self.quota.why_refused(reservation)
