"""The list of erased handles, which is limited in time and size."""

import pytest

from import_relay.domain.errors import StoreUnavailable
from import_relay.storage import erasures
from import_relay.storage.erasures import ERASURE_DAYS, Erasures
from tests.support.aws import LEDGER
from tests.support.relay import Relay


def of(relay: Relay) -> Erasures:
    return Erasures(relay.aws.dynamodb, LEDGER, clock=relay.clock)


def test_a_person_is_erased_up_to_the_time_that_is_returned(relay: Relay) -> None:
    now = of(relay).add(["email:ada@example.com"])

    erased = of(relay).read()
    assert erased.covers(iter(["email:ada@example.com"]), now)
    assert not erased.covers(iter(["email:ada@example.com"]), now + 1)


def test_persons_who_were_erased_before_stay_in_the_list(relay: Relay) -> None:
    first = of(relay).add(["email:ada@example.com"])
    relay.clock.now += 60
    of(relay).add(["email:bob@example.com"])

    erased = of(relay).read()
    assert len(erased.until) == 2
    assert erased.covers(iter(["email:ada@example.com"]), first)


def test_what_is_too_old_to_come_back_is_dropped(relay: Relay) -> None:
    of(relay).add(["email:ada@example.com"])
    relay.clock.now += ERASURE_DAYS * 86_400
    of(relay).add(["email:bob@example.com"])

    assert len(of(relay).read().until) == 1


def test_a_full_list_is_an_error_and_stays_as_it_is(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures, "MAX_HANDLES", 2)
    of(relay).add(["id:1", "id:2"])

    with pytest.raises(StoreUnavailable, match="full"):
        of(relay).add(["id:3"])

    assert len(of(relay).read().until) == 2


def test_nobody_was_erased_at_first(relay: Relay) -> None:
    assert not of(relay).read().until
