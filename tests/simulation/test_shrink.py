"""Shrinking takes away what a failure does not need, and nothing that it needs."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.simulation.scenario import Account, FaultProfile, Record, Scenario, Webhook
from tests.simulation.shrink import Shrunk, fewest, shrink
from tests.simulation.world import Fault

BIG = Scenario(
    1,
    [
        Webhook(float(n), "crm", f"e{n}", [Record(f"k{n}.{part}", 1, {}) for part in range(5)])
        for n in range(12)
    ],
    dict.fromkeys(range(10, 60, 5), Fault.DIE_AFTER),
    FaultProfile(skew_s=3.0, stale_index=0.5, other_clients=2),
    Account(entities_per_day=50, time_zone="Europe/Berlin"),
)


def never_over() -> bool:
    return False


def shrunk(breaks: Callable[[Scenario], bool]) -> Shrunk:
    return shrink(BIG, breaks, never_over)


def keys(scenario: Scenario) -> list[str]:
    return [record.key for webhook in scenario.webhooks for record in webhook.records]


@pytest.mark.parametrize("needed", [set(), {0}, {7}, {19}, {3, 4}, {0, 10, 19}, set(range(20))])
def test_the_fewest_items_are_those_that_are_needed(needed: set[int]) -> None:
    assert set(fewest(range(20), lambda some: needed <= set(some))) == needed


def test_only_the_records_that_are_needed_stay() -> None:
    found = shrunk(lambda one: {"k3.1", "k3.4", "k8.0"} <= set(keys(one)))
    assert keys(found.scenario) == ["k3.1", "k3.4", "k8.0"]
    assert [webhook.event for webhook in found.scenario.webhooks] == ["e3", "e8"]


def test_only_the_faults_that_are_needed_stay() -> None:
    found = shrunk(lambda one: {15, 40} <= set(one.faults))
    assert found.scenario.faults == {15: Fault.DIE_AFTER, 40: Fault.DIE_AFTER}


def test_only_what_is_needed_of_fault_profile_and_account_stays() -> None:
    found = shrunk(lambda one: one.fault_profile.skew_s > 0 and one.account.entities_per_day == 50)
    assert found.scenario.fault_profile == FaultProfile(skew_s=3.0)
    assert found.scenario.account == Account(entities_per_day=50)


def test_a_failure_that_needs_nothing_becomes_an_empty_scenario() -> None:
    assert shrunk(lambda one: True).scenario == Scenario(1, ())


def test_a_failure_that_needs_everything_stays_as_it_is() -> None:
    assert shrunk(lambda one: one == BIG).scenario == BIG


def test_a_webhook_never_loses_its_last_record() -> None:
    assert all(webhook.records for webhook in shrunk(lambda one: True).scenario.webhooks)
    found = shrunk(lambda one: len(one.webhooks) >= 3)
    assert [len(webhook.records) for webhook in found.scenario.webhooks] == [1, 1, 1]


def test_a_webhook_is_taken_away_with_the_calls_that_it_made_before_the_fault() -> None:
    def breaks(one: Scenario) -> bool:
        calls_before = 4 * (len(one.webhooks) - 1)
        return "k9.0" in keys(one) and calls_before + 1 in one.faults

    assert breaks(BIG)
    found = shrunk(breaks).scenario
    assert keys(found) == ["k9.0"]
    assert list(found.faults) == [1]


def test_a_scenario_is_shrunk_the_same_way_each_time() -> None:
    def tried() -> list[Scenario]:
        seen: list[Scenario] = []

        def breaks(one: Scenario) -> bool:
            seen.append(one)
            return "k5.2" in keys(one) and 25 in one.faults

        shrunk(breaks)
        return seen

    assert tried() == tried()


def test_no_scenario_is_tried_again_after_it_held() -> None:
    held: list[Scenario] = []

    def breaks(one: Scenario) -> bool:
        broken = {"k1.1", "k7.3"} <= set(keys(one))
        if not broken:
            held.append(one)
        return broken

    shrunk(breaks)
    assert len({repr(one) for one in held}) == len(held)


def test_the_best_scenario_so_far_is_kept_when_time_is_over() -> None:
    left = iter(range(3))
    found = shrink(BIG, lambda one: True, lambda: next(left, None) is None)
    assert found == Shrunk(
        replace(BIG, fault_profile=FaultProfile(), account=Account(), faults={}),
        tries=3,
        is_done=False,
    )
