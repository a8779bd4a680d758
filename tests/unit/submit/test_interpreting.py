"""A batch is interpreted as long as there is time; items that are left over wait."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from import_relay.domain.models import Occurrence
from import_relay.submit.changes import Mapper
from import_relay.submit.fetched_records import RecordsFetched
from import_relay.submit.interpreting import ITEMS_AT_A_TIME, MIN_TRIAL_S, Interpreting
from tests.support.builders import ERP, connections, occurrence

BROKEN = (
    '[broken]\nkind = "json"\nsame_ids_as = "erp"\n[broken.contact.fields]\nexternal_id = "a["\n'
)


@dataclass
class Parts:
    """Loading, fetching and isolation that take a second for each load."""

    now: float = 0.0
    tried: list[int] = field(default_factory=list)
    fetched: int = 0

    def load(self, occurrences: Sequence[Occurrence]) -> list[Occurrence]:
        self.now += 1
        return list(occurrences)

    def read(self, to_fetch: object, *, give_up_at: float) -> RecordsFetched:
        self.fetched += 1
        return RecordsFetched(failed={"crm": "fetcher.refused"})

    @contextmanager
    def trying(self, occurrences: Sequence[Occurrence], *, alone: bool = False) -> Iterator[None]:
        self.tried.append(len(occurrences))
        yield

    def survived(self) -> None:
        self.tried.append(0)


def interpreting(parts: Any, *, give_up_at: float = 100.0) -> Interpreting:
    mapper = Mapper(connections(ERP + BROKEN))
    return Interpreting(mapper, parts, parts, parts, lambda: parts.now, give_up_at)


def items(count: int, connection: str = "erp") -> list[Occurrence]:
    return [
        occurrence(number, item={"id": number, "name": "A"}, connection=connection)
        for number in range(count)
    ]


def test_items_are_taken_a_hundred_at_a_time_and_read_in_one_go() -> None:
    parts = Parts()

    mapped = interpreting(parts).together(items(2 * ITEMS_AT_A_TIME + 1))

    assert len(mapped.changes) == 2 * ITEMS_AT_A_TIME + 1
    assert parts.tried == [100, 100, 1, 0, 100, 100, 1, 0]
    assert parts.fetched == 1


def test_without_time_all_items_wait_but_the_first_hundred() -> None:
    mapped = interpreting(Parts(), give_up_at=0.0).together(items(250))

    assert len(mapped.changes) == 100
    assert len(mapped.waiting) == 150


def test_half_of_the_time_is_for_interpreting() -> None:
    mapped = interpreting(Parts(), give_up_at=4.0).together(items(500))

    assert len(mapped.changes) == 200


def test_each_item_that_is_tried_alone_has_time_enough_or_waits() -> None:
    parts = Parts()

    mapped = interpreting(parts, give_up_at=MIN_TRIAL_S + 2).alone(items(3))

    assert len(mapped.changes) == 2
    assert mapped.waiting == {"d1/2"}
    assert parts.tried == [1, 1, 0]


def test_nothing_is_loaded_for_a_connection_that_cannot_be_used() -> None:
    parts = Parts()
    found = interpreting(parts)

    mapped = found.together(items(2, "broken"))

    assert found.disabled == {"broken": {"d1/0", "d1/1"}}
    assert mapped.changes == []


def test_connections_that_cannot_be_read_are_counted() -> None:
    found = interpreting(Parts())

    found.together(items(1))

    assert len(found.unread) == 1
