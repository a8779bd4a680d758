"""Random calls of the relay's stores, the same for both sides of the contract tests.

A call is data: store, method, and arguments out of small sets, so many calls touch the same items.
"""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import Any, NamedTuple

from import_relay.domain.lanes import Lane
from import_relay.domain.models import MATEO_TYPES, ItemOutcome, Outcome, Row, Watermark
from import_relay.storage.connection_counts import ConnectionCounts
from import_relay.storage.entries import NEVER_CREATED, Entry, State
from import_relay.storage.pause import PauseState
from import_relay.storage.queue import Delayed
from tests.simulation.contract_sides import Side, outcome
from tests.simulation.world import START
from tests.support.builders import CONTACTS, change, claim, occurrence

REFERENCES = ("r1", "r2", "r3")
IMPORTS = ("i1", "i2")
DAYS = ("2026-10-31", "2026-11-01")
KEYS = ("contact_details#external_id:1", "contact_details#external_id:2", "deal_details#x")
FIELDS = ("*", "city", "my field", "a.b")
DELIVERIES = ("d1", "d2")
OUTCOMES = ("imported", "failed", "rejected", "unaccounted")
CONNECTIONS = ("erp", "hubspot")
FILES = ("file#f1", "replay#p1")
_TYPES = sorted(MATEO_TYPES.values())
_STATES = sorted(State)
Arguments = tuple[Sequence[Any], Mapping[str, Any]]


class Known(NamedTuple):
    """Stands for an entry as the ledger has it when the call is made."""

    reference: str


class Call(NamedTuple):
    """One call of a store; `inside` are calls within the block of a context manager."""

    store: str
    method: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    pause_s: float
    inside: Sequence["Call"] = ()

    def make(self, side: Side) -> Any:
        """Make it on a side, and return its result or error in a form that compares."""
        side.world.sleep(self.pause_s)
        return outcome(lambda: self._result(side))

    def _result(self, side: Side) -> Any:
        args = [
            side.ledger.get(one.reference) if isinstance(one, Known) else one for one in self.args
        ]
        if None in args:
            return "no such entry"
        found = getattr(getattr(side, self.store), self.method)(*args, **self.kwargs)
        if isinstance(found, AbstractContextManager):
            with found:
                return [call.make(side) for call in self.inside]
        return found


class Chooser:
    """Chooses arguments."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  # a seed, no secret
        self._entries = 0
        self._elapsed_s = 0.0

    def calls(self, number: int) -> Iterator[Call]:
        """That many calls of any methods, some after a pause."""
        for _ in range(number):
            yield self.call(self.random.choice(METHODS))

    def call(self, name: str) -> Call:
        """One call of `store.method`."""
        store, _, method = name.partition(".")
        args, kwargs = _ARGUMENTS[name](self)
        pause_s = self.random.choice((0.0, 0.25, 3.0))
        if self.random.random() < 0.03:
            pause_s = 2 * 3_600.0  # until tomorrow, in a few steps
        self._elapsed_s += pause_s
        inside: list[Call] = []
        if name == "lease.held":
            inside = [
                self.call(self.random.choice(("lease.held", "lease.waits", "ledger.get")))
                for _ in range(self.random.randrange(3))
            ]
        return Call(store, method, args, kwargs, pause_s, inside)

    def some(self, values: Sequence[Any], most: int = 3) -> list[Any]:
        """Some of the values, each at most once."""
        return self.random.sample(values, self.random.randrange(min(most, len(values)) + 1))

    def one(self, values: Sequence[Any]) -> Any:
        """One of the values."""
        return self.random.choice(values)

    def timestamp(self) -> float:
        """A time around the present."""
        later_s = self.random.choice((0.0, 1.5, 60.0, 3_600.0)) + self.random.randrange(60)
        return START + self._elapsed_s + later_s

    def entry(self) -> Entry:
        """An entry as somebody may remember it."""
        self._entries += 1
        count = self.random.randrange(3)
        return Entry(
            reference=self.one(REFERENCES),
            state=self.one((State.INTENDED, State.UNKNOWN, State.SENT)),
            type=self.one(_TYPES),
            rows=self.one((10, 30, 70)),
            day=self.one(DAYS),
            created_at=START + self._entries * 0.125,
            deadline=self.timestamp(),
            digest=self.one(("", "abc")),
            posts=count,
            items=count,
            lane=self.one(tuple(Lane)),
            charges=self.one(("", "erp=5/20")),
            total_count=self.one((None, 3)),
        )

    def known(self) -> Entry | Known:
        """An entry as the ledger has it, or as somebody may remember it."""
        return Known(self.one(REFERENCES)) if self.random.random() < 0.7 else self.entry()

    def changes(self) -> dict[str, Any]:
        """Changes of some attributes of an entry."""
        possible = {
            "import_id": self.one(("", *IMPORTS)),
            "posts": self.random.randrange(3),
            "posted_at": self.timestamp(),
            "absent": self.random.randrange(3),
            "digest": "def",
        }
        return {name: possible[name] for name in self.some(sorted(possible))}

    def item_outcome(self) -> ItemOutcome:
        """The outcome of an occurrence."""
        return ItemOutcome(self.occurrence(), self.one(sorted(Outcome)), "signature.missing")

    def occurrence(self) -> Any:
        """An occurrence, received today or tomorrow."""
        return occurrence(
            self.one((0, 1, 99, 100)),
            delivery=self.one(DELIVERIES),
            received_at=int(self.one((START, START + 86_400)) * 1e6),
        )

    def watermark(self) -> Watermark:
        """Claims of a record, and claims that they replaced."""
        return Watermark(
            {
                field_name: claim(
                    self.one((-1, 5, 10**20)),
                    reference=self.one(("", *REFERENCES)),
                    failed=self.random.random() < 0.2,
                )._replace(repeated_by=self.one(("", "d9/0")))
                for field_name in self.some(FIELDS)
            },
            tuple(self.some(("d1/0", "d2/1~1"))),
        )

    def row(self) -> Row:
        """A row of an import."""
        one = change(self.one(KEYS), self.random.randrange(9))
        return Row(one.key, one.text, CONTACTS, (one,), {"*": claim()})


def _counts(of: Chooser, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Some of the names, each with counts of outcomes."""
    return {
        name: {one: of.random.randrange(1, 3) for one in of.some(OUTCOMES) or OUTCOMES}
        for name in of.some(names, 2)
    }


_ARGUMENTS: Mapping[str, Callable[[Chooser], Arguments]] = {
    "ledger.get": lambda of: ((of.one(REFERENCES),), {}),
    "ledger.states": lambda of: ((of.some(REFERENCES),), {}),
    "ledger.intend": lambda of: ((of.entry(),), {}),
    "ledger.write_tombstone": lambda of: ((of.one(REFERENCES),), {"type_": of.one(("", *_TYPES))}),
    "ledger.advance": lambda of: (
        (of.one(REFERENCES),),
        {
            "expected": of.some(_STATES, 6) or [State.SENT],
            "target": of.one(_STATES),
            **of.changes(),
        },
    ),
    "ledger.release": lambda of: (
        (of.known(),),
        {"expected": [State.INTENDED, State.UNKNOWN], "target": of.one(sorted(NEVER_CREATED))},
    ),
    "ledger.begin_report": lambda of: ((of.known(),), {"until": of.timestamp(), "retried": "0-1"}),
    "ledger.close": lambda of: (
        (of.known(),),
        {
            "target": of.one((State.FINISHED, State.TIMED_OUT)),
            "outcomes": _counts(of, DAYS),
            "of_connections": {
                name: ConnectionCounts(counts, {("value.bad_date", "my field"): 1})
                for name, counts in _counts(of, CONNECTIONS).items()
            },
            "of_files": _counts(of, FILES),
        },
    ),
    "ledger.move_reservation": lambda of: ((of.known(),), {"day": of.one(DAYS)}),
    "ledger.begin_post": lambda of: (
        (of.known(),),
        {"posted_at": of.timestamp(), "deadline": of.timestamp()},
    ),
    "ledger.claim_import": lambda of: ((of.one(IMPORTS), of.one(REFERENCES)), {}),
    "ledger.owners": lambda of: ((of.some(IMPORTS),), {}),
    "ledger.open_imports": lambda of: ((), {}),
    "ledger.record_poll": lambda of: (
        (of.known(),),
        {
            "polled_at": of.timestamp(),
            "counts": {"total_count": of.one((None, 3)), "failed_count": of.one((None, 0))},
        },
    ),
    "ledger.claim_round": lambda of: ((), {"not_since": of.timestamp() - 30}),
    "outcome_counts.days": lambda of: ((of.some(DAYS),), {}),
    "outcome_counts.recorded": lambda of: (([of.occurrence() for _ in range(3)],), {}),
    "outcome_counts.known": lambda of: (([of.occurrence() for _ in range(3)],), {}),
    "outcome_counts.prove": lambda of: (
        ([of.item_outcome() for _ in range(of.random.randrange(4))],),
        {},
    ),
    "outcome_counts.record": lambda of: (
        ([of.item_outcome() for _ in range(of.random.randrange(1, 4))],),
        {},
    ),
    "outcome_counts.connections": lambda of: ((of.one(DAYS), of.some(CONNECTIONS)), {}),
    "outcome_counts.batches_of": lambda of: (
        ([(one.delivery, one.number) for one in (of.occurrence() for _ in range(3))],),
        {},
    ),
    "quota.usage": lambda of: ((), {}),
    "quota.count_request": lambda of: (
        (of.one(DAYS),),
        {"for_tracking": of.one((True, False)), "lane": of.one(tuple(Lane))},
    ),
    "permits.acquire": lambda of: (
        (),
        {
            "deadline": of.timestamp(),
            "for_tracking": of.one((True, False)),
            "lane": of.one(tuple(Lane)),
        },
    ),
    "lease.held": lambda of: (
        (of.one(("a", "b")),),
        {
            "until": of.timestamp(),
            "wait_until": of.timestamp(),
            "lane": of.one(tuple(Lane)),
        },
    ),
    "lease.waits": lambda of: ((of.one(tuple(Lane)),), {}),
    "watermarks.delete": lambda of: ((of.some(KEYS),), {}),
    "watermarks.read": lambda of: ((of.some(KEYS),), {}),
    "watermarks.write": lambda of: (({key: of.watermark() for key in of.some(KEYS) or KEYS},), {}),
    "watermarks.fail_claims": lambda of: (([(of.one(KEYS), FIELDS)], of.one(REFERENCES)), {}),
    "watermarks.note_repeated": lambda of: (({of.one(KEYS): of.watermark().claims},), {}),
    "pause.state": lambda of: ((), {}),
    "pause.begin": lambda of: (  # far ahead: moto's schedules never fire
        (START + 2 * 86_400 + of.one((0.0, 0.5, 60.0)), of.one(("limit.entities", "credentials"))),
        {"consecutive_failures": of.random.randrange(3)},
    ),
    "pause.clear_failures": lambda of: ((of.one((None, PauseState())),), {}),
    "pause.repair": lambda of: ((), {}),
    "archive.freeze": lambda of: ((of.one(REFERENCES), b'{"a":1}', [of.row()]), {}),
    "archive.load": lambda of: ((of.one(REFERENCES),), {}),
    "archive.fetch": lambda of: ((f"oversize/{of.one('abc')}",), {}),
    "archive.put": lambda of: (
        (f"oversize/{of.one('abc')}", of.one((b"", b"x", b"\xff"))),
        {"content_type": "application/json"},
    ),
    "archive.record_outcomes": lambda of: (
        ([of.item_outcome()],),
        {"at": of.timestamp(), "date": of.one(DAYS), "batch": of.one("xy")},
    ),
    "queue.send": lambda of: (
        ([Delayed(json.dumps(n), of.one((0, 1, 900))) for n in range(of.one((0, 1, 11)))],),
        {},
    ),
    "executions.start": lambda of: (
        (of.one(REFERENCES),),
        {"deadline": of.timestamp(), "again": of.one((None, None, 1, 2))},
    ),
    "executions.followed": lambda of: ((), {}),
    "store.send": lambda of: (
        (["{}", "[]"][: of.random.randrange(3)],),
        {"give_up_at": of.timestamp() + 3_600},
    ),
    "store.put": lambda of: (
        (f"oversize/{of.one('abc')}", b"{}"),
        {"give_up_at": of.timestamp() + 3_600},
    ),
}
METHODS = sorted(_ARGUMENTS)
INDIRECT = {
    "outcome_counts.operations",
    "outcome_counts.day_of",
    "quota.reserve_operation",
    "quota.release_operation",
    "quota.why_refused",
    "permits.is_in_time",
    "permits.renew",
    "queue.count",
    "queue.delete",
    "queue.receive",
    "queue.receive_surely",
}
"""Methods that are not called by themselves.

Most make no call of AWS, or the calls of others: they give parts to these. The answer of
`queue.count` is late, on each side by another time. Both ways to receive give receipts, which each
side makes by itself, and `queue.delete` needs them: `test_queue_fake` calls these.
"""


def contents(side: Side) -> Mapping[str, Any]:
    """Everything that a side holds in the end, in a form that compares."""
    return {
        "tables": side.tables(),
        "objects": {key: _unpacked(key, content) for key, content in side.stored().items()},
        "queued": Counter(side.queued()),
        "executions": side.executions_begun(),
        "schedules": side.schedules(),
        "enabled": side.lambda_.enabled,
    }


def _unpacked(key: str, content: bytes) -> bytes:
    """The content without compression: gzip writes the time of this machine into it."""
    return gzip.decompress(content) if key.endswith(".gz") else content
