"""Rounds in the background. The tests wait for events, never for a time on the clock."""

import threading

import pytest

from local.background import Rounds, together

TIMEOUT_S = 20


def test_rounds_follow_each_other_until_they_are_stopped() -> None:
    made = threading.Semaphore(0)
    rounds = Rounds("test", made.release, period_s=0.0)
    rounds.start()
    assert all(made.acquire(timeout=TIMEOUT_S) for _ in range(3))
    rounds.stop()

    assert not rounds.is_alive


def test_a_round_that_fails_is_told_and_another_one_follows() -> None:
    told: list[Exception] = []
    made = threading.Semaphore(0)

    def fail() -> None:
        made.release()
        raise OSError("busy")

    rounds = Rounds("test", fail, period_s=0.0, tell=told.append)
    rounds.start()
    assert all(made.acquire(timeout=TIMEOUT_S) for _ in range(3))
    rounds.stop()

    assert {str(one) for one in told} == {"busy"}


def test_a_stop_makes_a_last_round_where_one_is_asked_for() -> None:
    made: list[int] = []
    rounds = Rounds("test", lambda: made.append(1), period_s=3_600, has_last=True)
    rounds.start()
    rounds.stop()

    assert made == [1]


def test_an_error_while_stopping_is_not_told() -> None:
    told: list[Exception] = []

    def fail() -> None:
        raise OSError("gone")

    rounds = Rounds("test", fail, period_s=3_600, tell=told.append, has_last=True)
    rounds.start()
    rounds.stop()

    assert told == []


def test_what_never_began_is_stopped_at_once() -> None:
    rounds = Rounds("test", lambda: None, period_s=0.0, has_last=True)
    rounds.stop()

    assert not rounds.is_alive


def test_calls_are_made_together() -> None:
    meeting = threading.Barrier(2, timeout=TIMEOUT_S)

    together([meeting.wait, meeting.wait])

    assert not meeting.broken


def test_an_error_of_one_call_comes_once_all_have_ended() -> None:
    ended: list[int] = []

    def fail() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        together([fail, lambda: ended.append(1)])

    assert ended == [1]


def test_without_calls_nothing_happens() -> None:
    together([])
