"""The watchdog names connections with a high rate, on the day to which their counts belong."""

import json

import pytest

from tests.support.aws import Aws
from tests.support.builders import NOON, message
from tests.support.following import relay_with_imports
from tests.support.relay import Relay
from tests.support.watching import rate_mails_of, watch

DAY = 86_400.0


@pytest.fixture
def relay(aws: Aws) -> Relay:
    made, _ = relay_with_imports(aws)
    return made


def rejected(relay: Relay, many: int) -> None:
    """So many records of the connection erp end as rejected."""
    relay.submit(message([1] * many, delivery=f"d{int(relay.clock.now)}"))


def high(relay: Relay) -> list[object]:
    return [keys for name, keys in relay.events if name == "watchdog.high_rate"]


def test_a_connection_whose_records_are_rejected_is_named(relay: Relay) -> None:
    rejected(relay, 20)

    assert watch(relay).high_rates == 1
    assert high(relay) == [
        {
            "connection": "erp",
            "rate": "rejected",
            "field": "",
            "percent": 100.0,
            "count": 20,
            "of": 20,
            "day": "2026-11-21",
            "days": 1,
        }
    ]


def test_few_rejected_records_are_no_alarm(relay: Relay) -> None:
    rejected(relay, 2)

    assert watch(relay).high_rates == 0
    assert high(relay) == []


def test_a_connection_of_few_records_is_named_if_none_is_good(relay: Relay) -> None:
    rejected(relay, 3)

    assert watch(relay).high_rates == 1


def test_a_connection_with_one_record_a_day_is_named_for_its_records_of_a_week(
    relay: Relay,
) -> None:
    for day in range(3):
        rejected(relay, 1)
        assert watch(relay).high_rates == (1 if day == 2 else 0)
        relay.clock.now += DAY

    assert watch(relay).high_rates == 0  # no record is rejected on this day
    (named,) = high(relay)
    assert isinstance(named, dict)
    assert (named["count"], named["of"], named["days"]) == (3, 3, 7)


def test_records_of_more_than_a_week_ago_count_no_more(relay: Relay) -> None:
    rejected(relay, 2)
    relay.clock.now += 7 * DAY
    rejected(relay, 1)

    assert watch(relay).high_rates == 0


def test_what_ended_just_before_midnight_is_looked_at_for_some_minutes_more(
    relay: Relay,
) -> None:
    rejected(relay, 20)
    midnight = NOON + DAY / 2
    relay.clock.now = midnight + 300
    assert watch(relay).high_rates == 1

    relay.clock.now = midnight + 1_200
    assert watch(relay).high_rates == 0


def test_a_high_rate_is_mailed_once(relay: Relay, mailbox: tuple[str, str]) -> None:
    topic, url = mailbox
    rejected(relay, 20)
    for _ in range(2):
        watch(relay, rate_mails=rate_mails_of(relay, topic))
        relay.clock.now += 900

    (mail,) = relay.aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(mail["Body"])["Subject"] == "relay: many bad records of erp"


def test_another_day_has_rates_of_its_own(relay: Relay) -> None:
    rejected(relay, 20)
    relay.clock.now += DAY

    assert watch(relay).high_rates == 0
