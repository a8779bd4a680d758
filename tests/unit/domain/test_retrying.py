"""The retry loop, and the table of its policies."""

import pytest

from import_relay.domain import retrying
from import_relay.domain.retrying import RetryPolicy, tries

POLICIES = [one for one in vars(retrying).values() if isinstance(one, RetryPolicy)]


def test_pauses_grow_and_there_is_none_before_the_first_try_or_after_the_last() -> None:
    pauses: list[float] = []

    assert list(tries(RetryPolicy(4, 0.5, factor=3.0), pauses.append)) == [1, 2, 3, 4]
    assert pauses == [0.5, 1.5, 4.5]


def test_a_success_ends_the_pauses() -> None:
    pauses: list[float] = []
    for number in tries(RetryPolicy(4, 0.5), pauses.append):
        if number == 2:
            break

    assert pauses == [0.5]


def test_a_policy_without_a_pause_never_sleeps() -> None:
    pauses: list[float] = []

    assert list(tries(RetryPolicy(3, 0.0), pauses.append)) == [1, 2, 3]
    assert pauses == []


def test_a_jittered_pause_is_a_random_share_of_the_policys() -> None:
    pauses: list[float] = []
    list(tries(RetryPolicy(30, 0.5, factor=1.0, is_jittered=True), pauses.append))

    assert all(0 <= pause <= 0.5 for pause in pauses)
    assert len(set(pauses)) > 1


def test_an_error_of_sleep_ends_the_tries() -> None:
    def no_time(_: float) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        list(tries(RetryPolicy(3, 1.0), no_time))


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_tries_again_and_ends_within_a_minute(policy: RetryPolicy) -> None:
    pauses: list[float] = []
    made = list(tries(policy._replace(is_jittered=False), pauses.append))

    assert len(made) == policy.tries > 1
    assert sum(pauses) <= 60
