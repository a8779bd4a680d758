"""The day of a file's last row follows from the limits and turns of the bulk lane."""

from collections.abc import Mapping

import pytest

from import_relay.bulk.bulk_day import BulkDay
from relay_ops.files.turns import Ahead, DayLimits, FileAhead, LeftToday, days_until_done

A_DAY = LeftToday(25_000, 25_000)


def days(
    mine: FileAhead,
    ahead: Ahead | None = None,
    first: LeftToday = A_DAY,
    own: Mapping[str, int] | None = None,
) -> int | None:
    limits = DayLimits(25_000, BulkDay(20_000, own or {}))
    return days_until_done(ahead or Ahead(), mine, limits, first)


@pytest.mark.parametrize(("rows", "day"), [(25_000, 0), (25_001, 1), (1_000_000, 39)])
def test_a_file_alone_takes_the_days_of_its_rows(rows: int, day: int) -> None:
    assert days(FileAhead("erp", rows)) == day


def test_a_small_file_does_not_wait_for_a_large_one() -> None:
    large = FileAhead("shop", 900_000, sent=20_000)

    assert days(FileAhead("erp", 5_000), Ahead(files=[large])) == 0
    assert days(FileAhead("erp", 20_000), Ahead(files=[large])) == 0


def test_equal_files_share_the_days() -> None:
    other = FileAhead("shop", 50_000)

    assert days(FileAhead("erp", 50_000), Ahead(files=[other])) == 3


def test_a_connection_at_its_limit_leaves_the_rest_to_the_others() -> None:
    slow = FileAhead("slow", 500_000)

    assert days(FileAhead("erp", 49_000), Ahead(files=[slow]), own={"slow": 500}) == 1


def test_files_of_one_connection_share_its_limit() -> None:
    other = FileAhead("erp", 5_000)

    assert days(FileAhead("erp", 5_000), Ahead(files=[other]), own={"erp": 1_000}) == 9


def test_what_is_queued_goes_first() -> None:
    queued = Ahead(live=10_000, put_back=10_000, files=[FileAhead("shop", 0, 9_000, 4_000)])

    assert queued.total == 24_000
    assert days(FileAhead("erp", 1_000), queued) == 0
    assert days(FileAhead("erp", 1_001), queued) == 1


def test_webhooks_may_use_more_of_today_than_files() -> None:
    first = LeftToday(5_000, 0, {"erp": 7})

    assert days(FileAhead("erp", 1), first=first) == 1
    assert days(FileAhead("erp", 1), Ahead(live=29_999), first) == 1
    assert days(FileAhead("erp", 1), Ahead(live=30_000), first) == 2


def test_no_day_is_told_that_nobody_can_foresee() -> None:
    assert days(FileAhead("erp", 30_000), own={"erp": 1}) is None
