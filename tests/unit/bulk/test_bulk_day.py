"""A day of files: the bulk lane's share of the account's, or the connection's own limit."""

import pytest

from import_relay.bulk.bulk_day import bulk_day
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
