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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from import_relay.domain.errors import LimitReached
from import_relay.storage.attributes import Plain, from_attributes, to_attributes
from import_relay.storage.budget import CLOCK_SKEW_S, Budget
from import_relay.storage.bulk_reads import read_items
from import_relay.storage.conditions import failed_conditions, takes_effect, through_conflicts
from import_relay.storage.connection_counts import NO_CONNECTIONS, ConnectionCounts
from import_relay.storage.outcome_counts import OutcomeCounts, OutcomesByDay

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ENTRY_DAYS = 90
"""How long an entry is kept: longer than any watermark that points to it."""
OPEN_INDEX = "open-imports"


class State(StrEnum):
    """Where an import is on its way."""

    INTENDED = "intended"
    SENT = "sent"
    UNKNOWN = "unknown"
    FINISHED = "finished"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    ABANDONED = "abandoned"


UNFINISHED = frozenset({State.INTENDED, State.SENT, State.UNKNOWN})
"""The import may still change records in Mateo."""
NEVER_CREATED = frozenset({State.REFUSED, State.ABANDONED})
"""The import never happened and never will."""


class Standing(NamedTuple):
    """Where an import is; `reported_until` as in `Entry`, 0 if nobody began its report."""

    state: State
    reported_until: float = 0.0


class Entry(NamedTuple):
    """One import. Times are seconds since the epoch; counts are Mateo's, None until it has them.

    `deadline`: when whoever is sending it is certainly gone. `day`: the day whose entities
    it reserves. `posts`: how often it was posted at most, `posted_at`: the last time at which it
    may have been. `absent`: how often a lookup since then did not find it. `found`: how many
    imports fitted when it was adopted. `items`: of how many occurrences the rows were made.
    `counted_at`: since when the counts are what they are, `confirmed_at`: when Mateo last said so.
    `reported_until`: when whoever last began its report is certainly gone, `retried`: the numbers
    of the rows that are requeued, as that one decided. `answered_at`: when Mateo last answered
    a question about it, `answered_s`: for how long it has been asked and answered (`polling`).
    `suspects`: ids, with spaces between them, of imports in Mateo that may be this one.
    `file_tries`: how often the list of failed rows could not be had although Mateo answered.
    """

    reference: str
    state: State
    type: str
    rows: int
    day: str
    created_at: float
    deadline: float
    digest: str = ""
    import_id: str = ""
    posts: int = 0
    posted_at: float = 0.0
    absent: int = 0
    absent_at: float = 0.0
    polled_at: float = 0.0
    counted_at: float = 0.0
    confirmed_at: float = 0.0
    total_count: int | None = None
    success_count: int | None = None
    failed_count: int | None = None
    found: int = 0
    items: int = 0
    reported_until: float = 0.0
    retried: str = ""
    answered_at: float = 0.0
    answered_s: float = 0.0
    suspects: str = ""
    file_tries: int = 0

    @property
    def is_counted(self) -> bool:
        """Whether Mateo has finished it: the counts are there and add up."""
        if self.total_count is None or self.success_count is None:
            return False
        # Whether failed rows are counted at all where none failed is not documented.
        return self.success_count + (self.failed_count or 0) == self.total_count


class Ledger:
    """The entries, in the table that also holds the budget."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        budget: Budget,
        outcome_counts: OutcomeCounts,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._budget = budget
        self._outcome_counts = outcome_counts
        self._clock = clock
        self._sleep = sleep

    def get(self, reference: str) -> Entry | None:
        """One entry, read consistently."""
        answer = self._client.get_item(
            TableName=self._table, Key=_key(reference), ConsistentRead=True
        )
        item = answer.get("Item")
        return _entry(item) if item else None

    def states(self, references: Collection[str]) -> dict[str, Standing]:
        """Where those of the imports are that have an entry, each read consistently."""
        keys = [_key(reference) for reference in sorted(references)]
        names = ("reference", "state", "reported_until")
        request = {
            "ProjectionExpression": ", ".join(f"#{name}" for name in names),
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
        }
        found = {}
        for item in self._items(keys, request=request):
            until = float(item.get("reported_until", {}).get("N", 0))
            found[item["reference"]["S"]] = Standing(State(item["state"]["S"]), until)
        return found

    def _items(
        self, keys: Sequence[Mapping[str, Any]], *, request: Mapping[str, Any] | None = None
    ) -> Iterator[Mapping[str, Any]]:
        return read_items(self._client, self._table, keys, request=request, sleep=self._sleep)

    def intend(self, entry: Entry) -> bool:
        """Write a new entry and reserve its rows of its day's entities, both or neither.

        Returns:
            False when the reference has an entry already: tracking gave it up first.

        Raises:
            LimitReached: the rows do not fit into what is left of that day.
        """
        try:
            self._transact(
                self._put_operation(entry), self._budget.reserve_operation(entry.day, entry.rows)
            )
        except ClientError as error:
            failed = failed_conditions(error)
            if failed is None:
                raise
            if failed[0]:
                return False
            raise self._entities_spent() from error
        return True

    def write_tombstone(self, reference: str, *, type_: str = "") -> bool:
        """Write an abandoned entry for a reference that never got one, so that it never will.

        Returns:
            False when there is an entry after all.
        """
        now = self._clock()
        entry = Entry(
            reference=reference,
            state=State.ABANDONED,
            type=type_,
            rows=0,
            day=self._budget.limits.day(now),
            created_at=now,
            deadline=now,
        )
        put = self._put_operation(entry)["Put"]
        return takes_effect(lambda: self._client.put_item(**put))

    def advance(
        self,
        reference: str,
        *,
        expected: Iterable[State],
        target: State,
        **changes: Plain | None,
    ) -> bool:
        """Move an entry on and change some of its attributes; None takes one away.

        An `import_id` among them is claimed first, so that no other entry ever adopts that import.

        Returns:
            False when it is not in one of the `expected` states any more; nothing was changed then.
        """
        import_id = changes.get("import_id")
        if import_id and not self.claim_import(str(import_id), reference):
            self._take_import(str(import_id), reference)
        return self._write(self._update(reference, expected, target, changes))

    def release(self, entry: Entry, *, expected: Iterable[State], target: State) -> bool:
        """Move an entry to a state of imports never created and give its entities back, in one
        transaction.

        Returns:
            False when it is not in one of the `expected` states any more; nothing was changed then.
        """
        update = self._update(entry.reference, expected, target, {})
        try:
            self._transact(
                {"Update": update}, self._budget.release_operation(entry.day, entry.rows)
            )
        except ClientError as error:
            if failed_conditions(error) is None:
                raise
            return False
        return True

    def begin_report(self, entry: Entry, *, until: float, retried: str) -> bool:
        """Become the one who reports an unfinished import, until a time (s since the epoch).

        Args:
            retried: the numbers of the rows that this report requeues; whoever reports the
                import after a crash has to keep to them.

        Returns:
            False when somebody else is at it, or was since the entry was read.
        """
        update = self._update(
            entry.reference,
            UNFINISHED,
            entry.state,
            {"reported_until": until, "retried": retried},
        )
        update["ConditionExpression"] += (
            " AND #state = :state AND (attribute_not_exists(#reported_until)"
            " OR (#reported_until = :known AND #reported_until < :now))"
        )
        update["ExpressionAttributeValues"] |= {
            ":known": {"N": repr(entry.reported_until)},
            ":now": {"N": repr(self._clock() - CLOCK_SKEW_S)},
        }
        return self._write(update)

    def close(
        self,
        entry: Entry,
        *,
        target: State,
        outcomes: OutcomesByDay,
        of_connections: Mapping[str, ConnectionCounts] = NO_CONNECTIONS,
    ) -> bool:
        """Move an entry to a final state and count how its occurrences ended, in one transaction.

        Returns:
            False when it had ended already; nothing was changed then.
        """
        update = self._update(entry.reference, UNFINISHED, target, {})
        operations = [
            {"Update": update},
            *self._outcome_counts.operations(outcomes, of_connections),
        ]
        try:
            self._transact(*operations)
        except ClientError as error:
            if failed_conditions(error) is None:
                raise
            return False
        return True

    def move_reservation(self, entry: Entry, *, day: str) -> bool:
        """Let the entry reserve entities of another day: the one on which it is really sent.

        Returns:
            False when the entry has changed meanwhile; nothing was changed then.

        Raises:
            LimitReached: it does not fit into what is left of that day.
        """
        update = self._update(entry.reference, [entry.state], entry.state, {"day": day})
        update["ConditionExpression"] += " AND #day = :old_day"
        update["ExpressionAttributeValues"][":old_day"] = {"S": entry.day}
        try:
            self._transact(
                {"Update": update},
                self._budget.release_operation(entry.day, entry.rows),
                self._budget.reserve_operation(day, entry.rows),
            )
        except ClientError as error:
            failed = failed_conditions(error)
            if failed is None:
                raise
            if failed[0]:
                return False
            raise self._entities_spent() from error
        return True

    def begin_post(self, entry: Entry, *, posted_at: float, deadline: float) -> bool:
        """Write down that an unknown import is about to be posted again, before `deadline`.

        Its lookups start afresh.

        Returns:
            False when somebody else did so meanwhile; then it must not be posted here.
        """
        changes: dict[str, Plain] = {
            "posts": entry.posts + 1,
            "posted_at": posted_at,
            "deadline": deadline,
            "absent": 0,
            "absent_at": 0.0,
        }
        update = self._update(entry.reference, [State.UNKNOWN], State.UNKNOWN, changes)
        update["ConditionExpression"] += " AND #posts = :known_posts"
        update["ExpressionAttributeValues"][":known_posts"] = {"N": str(entry.posts)}
        return self._write(update)

    def claim_import(self, import_id: str, reference: str) -> bool:
        """Write down whose import this is in Mateo; False when it is another entry's."""
        expires = int(self._clock()) + ENTRY_DAYS * 86_400
        return takes_effect(
            lambda: self._client.put_item(
                TableName=self._table,
                Item={
                    **_owner_key(import_id),
                    **to_attributes({"reference": reference, "expires_at": expires}),
                },
                ConditionExpression="attribute_not_exists(pk) OR #reference = :reference",
                ExpressionAttributeNames={"#reference": "reference"},
                ExpressionAttributeValues={":reference": {"S": reference}},
            )
        )

    def _take_import(self, import_id: str, reference: str) -> None:
        """Take an import from whoever adopted it by its looks: a POST's own answer names it."""
        adopter = self.owners([import_id]).get(import_id)
        expires = int(self._clock()) + ENTRY_DAYS * 86_400
        values: dict[str, Plain | None] = {"reference": reference, "expires_at": expires}
        self._client.put_item(
            TableName=self._table, Item={**_owner_key(import_id), **to_attributes(values)}
        )
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

    def owners(self, import_ids: Iterable[str]) -> dict[str, str]:
        """Import id in Mateo → reference of the entry that it belongs to, where it is known."""
        found = {}
        keys = [_owner_key(import_id) for import_id in sorted(set(import_ids))]
        for item in self._items(keys):
            found[item["pk"]["S"].removeprefix("mateo#")] = item["reference"]["S"]
        return found

    def open_imports(self, limit: int = 50) -> Sequence[Entry]:
        """The oldest unfinished imports, at most `limit`. From an index: may lag a little."""
        answer = self._client.query(
            TableName=self._table,
            IndexName=OPEN_INDEX,
            KeyConditionExpression="#open = :open",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues={":open": {"S": "yes"}},
            Limit=limit,
        )
        return [_entry(item) for item in answer["Items"]]

    def record_poll(
        self,
        entry: Entry,
        *,
        polled_at: float,
        counts: Mapping[str, int | None],
        answered: Mapping[str, float] = MappingProxyType({}),
    ) -> Entry:
        """Write what a poll said of an import that is sent; anything else is left alone.

        Args:
            answered: `answered_at` and `answered_s` as they are now, if Mateo answered.

        Returns:
            the entry with that, unless it is not sent any more.
        """
        changes: dict[str, Any] = {name: n for name, n in counts.items() if n is not None}
        if changes:
            changed = any(getattr(entry, name) != value for name, value in changes.items())
            changes["counted_at"] = polled_at if changed else entry.counted_at or polled_at
            changes["confirmed_at"] = polled_at
        changes |= {"polled_at": polled_at, **answered}
        written = self.advance(entry.reference, expected=[State.SENT], target=State.SENT, **changes)
        return entry._replace(**changes) if written else entry

    def claim_round(self, *, not_since: float) -> bool:
        """Become the one who polls for all; False when somebody did after `not_since`."""
        now = self._clock()
        return takes_effect(
            lambda: self._client.put_item(
                TableName=self._table,
                Item={"pk": {"S": "round"}, "started_at": {"N": repr(now)}},
                ConditionExpression="attribute_not_exists(pk) OR started_at < :since",
                ExpressionAttributeValues={":since": {"N": repr(not_since)}},
            )
        )

    def _write(self, update: Mapping[str, Any]) -> bool:
        """Change an entry; False when its condition does not hold."""
        return takes_effect(
            lambda: through_conflicts(lambda: self._client.update_item(**update), sleep=self._sleep)
        )

    def _transact(self, *operations: Any) -> None:
        through_conflicts(
            lambda: self._client.transact_write_items(TransactItems=operations), sleep=self._sleep
        )

    def _entities_spent(self) -> LimitReached:
        return LimitReached("limit.entities", resets_at=self._budget.limits.next_day(self._clock()))

    def _put_operation(self, entry: Entry) -> dict[str, Any]:
        values: dict[str, Plain | None] = entry._asdict()
        values["state"] = entry.state.value
        values["expires_at"] = int(self._clock()) + ENTRY_DAYS * 86_400
        if entry.state in UNFINISHED:
            values["open"] = "yes"
        return {
            "Put": {
                "TableName": self._table,
                "Item": {**_key(entry.reference), **to_attributes(values)},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _update(
        self,
        reference: str,
        expected: Iterable[State],
        target: State,
        changes: Mapping[str, Plain | None],
    ) -> dict[str, Any]:
        allowed = {f":from{n}": state.value for n, state in enumerate(expected)}
        known = {name: value for name, value in changes.items() if value is not None}
        sets: dict[str, Plain] = {"state": target.value, **known}
        removed = [name for name in changes if name not in known]
        if target not in UNFINISHED:
            removed.append("open")
        remove = " REMOVE " + ", ".join(f"#{name}" for name in removed) if removed else ""
        names = {f"#{name}": name for name in (*sets, *removed)}
        return {
            "TableName": self._table,
            "Key": _key(reference),
            "UpdateExpression": (
                "SET " + ", ".join(f"#{name} = :{name}" for name in sets) + remove
            ),
            "ConditionExpression": f"#state IN ({', '.join(allowed)})",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_attributes(
                {**{f":{name}": value for name, value in sets.items()}, **allowed}
            ),
        }


def _key(reference: str) -> dict[str, Any]:
    return {"pk": {"S": f"import#{reference}"}}


def _owner_key(import_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"mateo#{import_id}"}}


def _entry(item: Mapping[str, Any]) -> Entry:
    values = from_attributes(item)
    kept: dict[str, Any] = {name: values[name] for name in Entry._fields if name in values}
    kept["state"] = State(kept["state"])
    return Entry(**kept)
