"""The quota: no daily limit is ever exceeded, whatever callers do at the same time."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from import_relay.domain.errors import LimitReached
from import_relay.storage.quota import DAY_ITEM_DAYS, Limits, Quota, Usage, day_key
from tests.support.aws import LEDGER, Aws
from tests.support.builders import NOON, TODAY
from tests.support.clients import Atomic, in_threads
from tests.support.relay import Clock

MIDNIGHT = NOON + 12 * 3_600


def limits(*, requests: int = 10_000, zone: str = "UTC") -> Limits:
    return Limits(2.0, requests, 25_000, ZoneInfo(zone))


def quota(client: Any, clock: Clock, of: Limits | None = None) -> Quota:
    return Quota(client, LEDGER, of or limits(), clock=clock, sleep=clock.sleep)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


# a day's requests


def test_parallel_callers_never_exceed_a_days_requests(aws: Aws) -> None:
    client = Atomic(aws.dynamodb)

    def call() -> None:
        quota(client, Clock(), limits(requests=5)).count_request(TODAY, for_tracking=True)

    results = in_threads([call] * 12)

    assert Counter(type(one) for one in results) == {type(None): 5, LimitReached: 7}
    assert quota(client, Clock()).usage().requests == 5


def test_even_the_smallest_day_allows_one_import(aws: Aws) -> None:
    one = quota(aws.dynamodb, Clock(), limits(requests=1))

    one.count_request(TODAY, for_tracking=False)

    with pytest.raises(LimitReached):
        one.count_request(TODAY, for_tracking=False)


def test_a_new_day_has_a_quota_of_its_own(aws: Aws) -> None:
    clock = Clock()
    one = quota(aws.dynamodb, clock, limits(requests=1))
    one.count_request(TODAY, for_tracking=False)
    clock.now = MIDNIGHT

    one.count_request(one.limits.day(clock.now), for_tracking=False)

    assert one.usage() == Usage("2026-11-22", 1, 0)


def test_the_counters_of_a_day_are_kept_for_a_while_and_not_for_ever(aws: Aws) -> None:
    quota(aws.dynamodb, Clock()).count_request(TODAY, for_tracking=False)

    item = aws.dynamodb.get_item(TableName=LEDGER, Key=day_key("2026-11-21"))["Item"]
    assert item["expires_at"] == {"N": str(int(NOON) + DAY_ITEM_DAYS * 86_400)}


def test_a_day_nobody_used_has_used_nothing(aws: Aws) -> None:
    usage = quota(aws.dynamodb, Clock()).usage()

    assert (usage.day, usage.requests, usage.entities) == ("2026-11-21", 0, 0)


# where a day begins


@pytest.mark.parametrize(
    ("now", "day", "next_day"),
    [
        ("2026-03-28T12:00:00+01:00", "2026-03-28", "2026-03-29T00:00:00+01:00"),
        ("2026-03-29T00:00:00+01:00", "2026-03-29", "2026-03-30T00:00:00+02:00"),  # 23 hours
        ("2026-03-29T01:59:59+01:00", "2026-03-29", "2026-03-30T00:00:00+02:00"),
        ("2026-10-25T00:00:00+02:00", "2026-10-25", "2026-10-26T00:00:00+01:00"),  # 25 hours
        ("2026-10-25T02:30:00+02:00", "2026-10-25", "2026-10-26T00:00:00+01:00"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25", "2026-10-26T00:00:00+01:00"),
        ("2026-10-25T23:59:59+01:00", "2026-10-25", "2026-10-26T00:00:00+01:00"),
        ("2026-12-31T23:59:59+01:00", "2026-12-31", "2027-01-01T00:00:00+01:00"),
    ],
)
def test_a_local_day_ends_at_local_midnight_also_when_the_clocks_change(
    now: str, day: str, next_day: str
) -> None:
    berlin = limits(zone="Europe/Berlin")

    assert berlin.day(at(now)) == day
    assert berlin.next_day(at(now)) == at(next_day)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/Sao_Paulo", "Asia/Kathmandu"])
def test_the_next_day_is_always_the_first_time_of_another_day(zone: str) -> None:
    of_zone = limits(zone=zone)
    for hour in range(0, 366 * 24, 7):
        now = at("2026-01-01T00:30:00+00:00") + hour * 3_600

        turn = of_zone.next_day(now)

        assert of_zone.day(turn) > of_zone.day(now) == of_zone.day(turn - 1)
        assert 0 < turn - now <= 25 * 3_600


def test_the_days_of_utc_and_berlin_differ_in_the_evening() -> None:
    evening = datetime(2026, 11, 21, 23, 30, tzinfo=UTC).timestamp()

    assert limits().day(evening) == "2026-11-21"
    assert limits(zone="Europe/Berlin").day(evening) == "2026-11-22"
