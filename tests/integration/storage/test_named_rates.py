"""What the watchdog names is new once a day, and again only while its run may be retried."""

import pytest

from import_relay.storage.named_rates import NAMES_PER_UPDATE, NEW_AGAIN_S, NamedRates
from tests.support.aws import LEDGER
from tests.support.relay import Relay

DAY = "2026-11-21"


@pytest.fixture
def named(relay: Relay) -> NamedRates:
    return NamedRates(relay.aws.dynamodb, LEDGER, relay.clock)


def test_a_name_is_new_once_a_day(named: NamedRates, relay: Relay) -> None:
    assert named.new(DAY, {"failed:a.shop:"}) == {"failed:a.shop:"}
    relay.clock.now += 900

    assert named.new(DAY, {"failed:a.shop:", "left_out:erp:1 [x]"}) == {"left_out:erp:1 [x]"}
    assert named.new("2026-11-22", {"failed:a.shop:"}) == {"failed:a.shop:"}


def test_a_run_that_is_retried_finds_its_names_new_again(named: NamedRates, relay: Relay) -> None:
    named.new(DAY, {"a"})
    relay.clock.now += NEW_AGAIN_S / 2

    assert named.new(DAY, {"a"}) == {"a"}


def test_many_names_share_a_few_updates(named: NamedRates) -> None:
    names = {f"failed:connection-{number}:" for number in range(2 * NAMES_PER_UPDATE + 1)}

    assert named.new(DAY, names) == names


def test_without_names_nothing_is_written(named: NamedRates, relay: Relay) -> None:
    assert named.new(DAY, set()) == set()
    assert relay.aws.dynamodb.scan(TableName=LEDGER)["Items"] == []
