"""The quota: no daily limit is ever exceeded, whatever callers do at the same time."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from import_relay.domain.errors import LimitReached
from import_relay.domain.lanes import Lane
from import_relay.storage.conditions import transact
from import_relay.storage.quota import DAY_ITEM_DAYS, Limits, Quota, Usage, day_key
from import_relay.storage.reservations import Reservation
from tests.support.aws import LEDGER, Aws
from tests.support.builders import MIDNIGHT, NOON, TODAY, TOMORROW
from tests.support.clients import Atomic, in_threads
from tests.support.relay import Clock


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

    assert one.usage() == Usage(TOMORROW, 1, 0)


def test_the_counters_of_a_day_are_kept_for_a_while_and_not_for_ever(aws: Aws) -> None:
    quota(aws.dynamodb, Clock()).count_request(TODAY, for_tracking=False)

    item = aws.dynamodb.get_item(TableName=LEDGER, Key=day_key(TODAY))["Item"]
    assert item["expires_at"] == {"N": str(int(NOON) + DAY_ITEM_DAYS * 86_400)}


def test_a_day_nobody_used_has_used_nothing(aws: Aws) -> None:
    usage = quota(aws.dynamodb, Clock()).usage()

    assert (usage.day, usage.requests, usage.entities) == (TODAY, 0, 0)


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
    assert limits(zone="Europe/Berlin").day(evening) == TOMORROW


# the bulk lane's share


def bulk(rows: int = 1, day: str = TODAY) -> Reservation:
    return Reservation(day, rows, Lane.BULK)


def reserves(of: Quota, reservation: Reservation, aws: Aws) -> bool:
    """Try to reserve, alone in a transaction; whether it took effect."""
    return not transact(aws.dynamodb, [of.reserve_operation(reservation)], sleep=Clock().sleep)


@pytest.mark.parametrize("now", [NOON, MIDNIGHT - 3_601])
def test_the_bulk_lane_uses_its_share_of_the_entities_and_no_more(aws: Aws, now: float) -> None:
    one = quota(aws.dynamodb, Clock(now))

    assert not reserves(one, bulk(20_001), aws)
    assert reserves(one, bulk(20_000), aws)
    assert not reserves(one, bulk(1), aws)
    assert reserves(one, Reservation(TODAY, 5_000), aws)
    assert one.usage() == Usage(TODAY, 0, 25_000, 0, 20_000, imports=2)


def test_what_live_changes_use_does_not_count_for_the_bulk_lanes_share(aws: Aws) -> None:
    one = quota(aws.dynamodb, Clock())
    assert reserves(one, Reservation(TODAY, 4_000), aws)

    assert reserves(one, bulk(20_000), aws)
    assert not reserves(one, Reservation(TODAY, 1_001), aws)


def test_in_the_last_hour_the_bulk_lane_may_use_all_that_is_left(aws: Aws) -> None:
    clock = Clock()
    one = quota(aws.dynamodb, clock)
    assert reserves(one, bulk(20_000), aws)
    clock.now = MIDNIGHT - 3_600

    assert not reserves(one, bulk(5_001), aws)
    assert reserves(one, bulk(5_000), aws)


def test_in_the_last_hour_of_a_day_the_share_of_the_next_day_holds(aws: Aws) -> None:
    one = quota(aws.dynamodb, Clock(MIDNIGHT - 1))

    assert not reserves(one, bulk(20_001, TOMORROW), aws)
    assert reserves(one, bulk(20_000, TOMORROW), aws)


def test_the_last_hour_is_that_of_the_days_zone(aws: Aws) -> None:
    berlin = limits(zone="Europe/Berlin")
    assert berlin.bulk_opens_at(at("2026-10-25T12:00:00+01:00")) == at("2026-10-25T23:00:00+01:00")
    assert berlin.bulk_entities("2026-10-25", at("2026-10-25T22:59:59+01:00")) == 20_000
    assert berlin.bulk_entities("2026-10-25", at("2026-10-25T23:00:00+01:00")) == 25_000


def test_a_released_reservation_of_the_bulk_lane_is_free_for_it_again(aws: Aws) -> None:
    one = quota(aws.dynamodb, Clock())
    assert reserves(one, bulk(20_000), aws)

    transact(aws.dynamodb, [one.release_operation(bulk(20_000))], sleep=Clock().sleep)

    assert one.usage() == Usage(TODAY, 0, 0)
    assert reserves(one, bulk(20_000), aws)


def test_parallel_reservations_never_exceed_the_share(aws: Aws) -> None:
    client: Any = Atomic(aws.dynamodb)
    results = in_threads(
        [
            lambda: transact(
                client, [quota(client, Clock()).reserve_operation(bulk(6_000))], sleep=Clock().sleep
            )
        ]
        * 6
    )

    assert sum(one == () for one in results) == 3
    assert quota(client, Clock()).usage().bulk_entities == 18_000


def test_the_bulk_lane_uses_its_share_of_the_requests_and_no_more(aws: Aws) -> None:
    clock = Clock()
    one = quota(aws.dynamodb, clock, limits(requests=10))  # 9 for imports, 7 of them for bulk
    for _ in range(7):
        one.count_request(TODAY, for_tracking=False, lane=Lane.BULK)

    with pytest.raises(LimitReached) as caught:
        one.count_request(TODAY, for_tracking=False, lane=Lane.BULK)

    assert (caught.value.code, caught.value.resets_at) == ("limit.bulk_share", MIDNIGHT - 3_600)
    one.count_request(TODAY, for_tracking=False)
    clock.now = MIDNIGHT - 3_600
    one.count_request(TODAY, for_tracking=False, lane=Lane.BULK)
    with pytest.raises(LimitReached, match=r"limit\.requests"):
        one.count_request(TODAY, for_tracking=False, lane=Lane.BULK)
    assert one.usage() == Usage(TODAY, 9, 0, 8)


def test_tracking_of_the_bulk_lane_may_exceed_its_share(aws: Aws) -> None:
    one = quota(aws.dynamodb, Clock(), limits(requests=10))
    for _ in range(10):
        one.count_request(TODAY, for_tracking=True, lane=Lane.BULK)

    assert one.usage() == Usage(TODAY, 10, 0, 10)
    with pytest.raises(LimitReached, match=r"limit\.requests"):
        one.count_request(TODAY, for_tracking=False, lane=Lane.BULK)


@pytest.mark.parametrize(
    ("reservation", "used", "code", "resets_at"),
    [
        (Reservation(TODAY, 5_001), Reservation(TODAY, 20_000), "limit.entities", MIDNIGHT),
        (bulk(5_001), Reservation(TODAY, 20_000), "limit.entities", MIDNIGHT),
        (bulk(1), bulk(20_000), "limit.bulk_share", MIDNIGHT - 3_600),
        (bulk(20_001), bulk(10), "limit.bulk_share", MIDNIGHT - 3_600),
        (bulk(25_001), bulk(10), "limit.entities", MIDNIGHT),
    ],
)
def test_the_limit_that_is_reached_is_named(
    aws: Aws, reservation: Reservation, used: Reservation, code: str, resets_at: float
) -> None:
    one = quota(aws.dynamodb, Clock())
    assert reserves(one, used, aws)
    assert not reserves(one, reservation, aws)

    error = one.why_refused(reservation)

    assert (error.code, error.resets_at) == (code, resets_at)
