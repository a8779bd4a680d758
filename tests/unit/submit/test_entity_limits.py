"""What a batch may use of a day: of all, of its lane's share, and of each connection's own."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from import_relay.domain.lanes import Lane
from import_relay.domain.models import Row
from import_relay.storage.pause import PauseState
from import_relay.storage.quota import Limits, Usage
from import_relay.storage.reservations import Charge
from import_relay.submit.entity_limits import EntityLimits
from import_relay.submit.progress import BatchProgress
from tests.support.builders import CONTACTS, NOON, TODAY, change

LIMITS = Limits(2.0, 10_000, 100, ZoneInfo("UTC"))
LAST_HOUR = NOON + 11 * 3_600


def entity_limits(
    own: dict[str, int] | None = None,
    *,
    usage: Usage = Usage(TODAY, 0, 0),  # noqa: B008 - it is frozen
    lane: Lane = Lane.LIVE,
    now: float = NOON,
    rows: int = 0,
) -> EntityLimits:
    progress = BatchProgress(PauseState(), first_of_day=False, rows=rows)
    return EntityLimits(LIMITS, usage, own or {}, lane=lane, progress=progress, clock=lambda: now)


def row(number: int, *connections: str, joined: bool = False) -> Row:
    """A row to which these connections contributed, the oldest change first."""
    one = change(f"contact_details#external_id:{number}", number=number, options=CONTACTS)
    changes = tuple(
        one._replace(occurrence=one.occurrence._replace(connection=name)) for name in connections
    )
    return Row(one.key, one.text, CONTACTS, changes, {}, joined=joined)


def rows_of(connection: str, many: int, first: int = 0) -> list[Row]:
    return [row(number, connection) for number in range(first, first + many)]


@pytest.mark.parametrize(
    ("lane", "now", "usage", "left", "reason"),
    [
        (Lane.LIVE, NOON, Usage(TODAY, 0, 30, 0, 30), 70, "limit.entities"),
        (Lane.BULK, NOON, Usage(TODAY, 0, 30, 0, 30), 50, "limit.bulk_share"),
        (Lane.BULK, NOON, Usage(TODAY, 0, 60, 0, 10), 40, "limit.entities"),
        (Lane.BULK, NOON, Usage(TODAY, 0, 80, 0, 80), 0, "limit.bulk_share"),
        (Lane.BULK, NOON, Usage(TODAY, 0, 100, 0, 80), 0, "limit.entities"),
        (Lane.BULK, LAST_HOUR, Usage(TODAY, 0, 80, 0, 80), 20, "limit.entities"),
    ],
)
def test_a_batch_may_use_what_the_day_and_its_lane_leave(
    lane: Lane, now: float, usage: Usage, left: int, reason: str
) -> None:
    limits = entity_limits(usage=usage, lane=lane, now=now)

    assert (limits.left(), limits.reason()) == (left, reason)


def test_what_the_batch_has_sent_is_used() -> None:
    assert entity_limits(rows=10).left() == 90
    assert entity_limits(rows=10, lane=Lane.BULK).left() == 70


def test_rows_beyond_the_own_limit_of_their_connection_wait() -> None:
    usage = Usage(TODAY, 0, 9, connections={"erp": Charge(1, 3)})
    limits = entity_limits({"erp": 3}, usage=usage)
    rows = [*rows_of("erp", 5), *rows_of("shop", 5, first=5)]

    admitted, waiting = limits.admit(rows)

    assert (admitted, waiting) == ([*rows[:2], *rows[5:]], rows[2:5])
    assert limits.charges(admitted) == {"erp": Charge(2, 3)}
    assert limits.charges(rows[5:]) == {}


@pytest.mark.parametrize(
    ("lane", "now", "admitted"),
    [(Lane.LIVE, NOON, 7), (Lane.BULK, NOON, 5), (Lane.BULK, LAST_HOUR, 7)],
)
def test_the_bulk_lane_leaves_some_of_an_own_limit_to_live_changes(
    lane: Lane, now: float, admitted: int
) -> None:
    usage = Usage(TODAY, 0, 9, connections={"erp": Charge(3, 10)})
    limits = entity_limits({"erp": 10}, usage=usage, lane=lane, now=now)
    rows = rows_of("erp", 9)

    assert limits.admit(rows) == (rows[:admitted], rows[admitted:])
    assert limits.charges(rows[:1]) == {"erp": Charge(1, 10)}


def test_without_limits_of_their_own_all_rows_go_and_nobody_pays() -> None:
    rows = rows_of("erp", 3)
    limits = entity_limits()

    assert limits.admit(rows) == (rows, [])
    assert limits.charges(rows) == {}


def test_a_limit_that_was_lowered_below_what_is_used_leaves_nothing() -> None:
    limits = entity_limits({"erp": 3}, usage=Usage(TODAY, 0, 9, connections={"erp": Charge(9, 9)}))

    assert limits.admit(rows_of("erp", 1))[0] == []
    assert limits.spares("erp", 1)


@pytest.mark.parametrize(
    ("connections", "payer"),
    [(("a", "b"), "b"), (("b", "a"), "a"), (("a", "c"), None), (("c", "a"), None)],
)
def test_the_newest_change_pays_for_a_row_unless_a_change_is_free(
    connections: tuple[str, ...], payer: str | None
) -> None:
    limits = entity_limits({"a": 5, "b": 5})
    one = row(1, *connections)

    assert limits.admit([one]) == ([one], [])
    assert limits.charges([one]) == ({payer: Charge(1, 5)} if payer else {})


def test_another_connection_of_a_row_pays_if_the_newest_cannot() -> None:
    limits = entity_limits({"a": 1, "b": 1})
    rows = [row(1, "a", "b"), row(2, "a", "b"), row(3, "a", "b")]

    admitted, waiting = limits.admit(rows)

    assert (admitted, waiting) == (rows[:2], rows[2:])
    assert limits.charges(admitted) == {"a": Charge(1, 1), "b": Charge(1, 1)}


def test_joined_rows_go_or_wait_together() -> None:
    limits = entity_limits({"erp": 3})
    pair, other = [row(1, "erp"), row(2, "erp", joined=True)], row(5, "erp")
    second = [row(3, "erp"), row(4, "erp", joined=True)]

    admitted, waiting = limits.admit([*pair, *second, other])

    assert (admitted, waiting) == ([*pair, other], second)
    assert limits.charges(admitted) == {"erp": Charge(3, 3)}


def test_of_joined_rows_that_no_day_can_pay_for_the_first_go() -> None:
    limits = entity_limits({"erp": 2})
    joined = [row(1, "erp"), row(2, "erp", joined=True), row(3, "erp", joined=True)]

    assert limits.admit(joined) == (joined[:2], joined[2:])


def test_a_joined_row_that_is_free_does_not_hold_up_those_that_no_day_can_pay_for() -> None:
    limits = entity_limits({"erp": 1})
    joined = [row(1, "erp"), row(2, "erp", joined=True), row(3, "erp", "hub", joined=True)]

    assert limits.admit(joined) == ([joined[0], joined[2]], [joined[1]])


def test_joined_rows_that_were_received_first_go_before_newer_ones() -> None:
    limits = entity_limits({"erp": 2})
    newer, *pair = [row(1, "erp"), row(2, "erp"), row(3, "erp", joined=True)]
    late = newer.changes[0].occurrence._replace(received_at=10**16)
    newer = newer._replace(changes=(newer.changes[0]._replace(occurrence=late),))

    assert limits.admit([newer, *pair]) == (pair, [newer])


def test_items_of_a_connection_wait_once_its_limit_is_used_up() -> None:
    limits = entity_limits({"erp": 1})
    assert not limits.spares("erp", 7)
    limits.admit(rows_of("erp", 2))

    assert limits.spares("erp", 7)
    assert not limits.spares("shop", 7)


def test_how_many_items_wait_is_logged_by_connection() -> None:
    told: list[Any] = []
    limits = entity_limits({"erp": 1, "shop": 5})
    limits.admit([*rows_of("erp", 3), *rows_of("shop", 2, first=3)])
    limits.spares("erp", 4)

    limits.tell(lambda event, **keys: told.append((event, keys)))

    assert told == [("batch.limited", {"connection": "erp", "limit": 1, "items": 6})]
