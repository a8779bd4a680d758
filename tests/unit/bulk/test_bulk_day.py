"""How many rows of files a day takes: the bulk lane's share, or a connection's own limit."""

import pytest

from import_relay.bulk.bulk_day import BulkDay, bulk_day
from import_relay.domain.connections import Connection

CONNECTIONS = {
    one.name: one
    for one in (
        Connection("erp", "json"),
        Connection("shop", "json", entities_per_day=3),
        Connection("desk", "json", entities_per_day=90),
    )
}


def test_a_connection_has_its_own_limit_within_the_share_of_the_account() -> None:
    day = bulk_day(100, 80, CONNECTIONS)
    assert [day.of(name) for name in ("erp", "shop", "desk")] == [80, 3, 80]


@pytest.mark.parametrize(("share", "rows"), [(1, 1), (40, 1), (50, 1), (99, 1), (100, 2)])
def test_a_day_has_at_least_a_row(share: int, rows: int) -> None:
    assert bulk_day(2, share, {}).entities == rows


@pytest.mark.parametrize(
    ("connection", "rows", "before", "is_too_long"),
    [
        ("erp", 1_200, {}, False),
        ("erp", 1_201, {}, True),
        ("erp", 1_200, {"erp": 1}, True),
        ("erp", 1_200, {"shop": 1}, False),
        ("shop", 120_000, {}, False),
        ("shop", 119_000, {"erp": 1_001}, True),
    ],
)
def test_a_row_waits_for_120_days_at_most(
    connection: str, rows: int, before: dict[str, int], *, is_too_long: bool
) -> None:
    day = BulkDay(1_000, {"erp": 10})
    assert bool(day.too_long_wait(connection, rows, before)) is is_too_long
