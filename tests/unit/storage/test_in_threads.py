"""Calls that do not depend on each other, several at a time."""

import threading

import pytest

from import_relay.storage.in_threads import THREADS, in_threads


def test_results_come_in_the_order_of_the_values() -> None:
    assert in_threads(lambda value: value * 2, range(100)) == [value * 2 for value in range(100)]


def test_as_many_calls_as_there_are_threads_wait_together() -> None:
    together = threading.Barrier(THREADS)

    def wait_for_all(_: int) -> int:
        return together.wait(timeout=30)

    assert sorted(in_threads(wait_for_all, range(THREADS))) == list(range(THREADS))


def test_an_error_of_one_call_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda value: 1 // value, [1, 0])
