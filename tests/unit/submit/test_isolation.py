"""Trials are written down, and only a death leaves them there, even if AWS fails single writes."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from import_relay.domain.models import Occurrence
from import_relay.storage.trials import Trials, Tried, tried_of
from import_relay.submit.isolation import Isolation

A, B = "d1/0", "d2/0"
LOST, ANSWER_LOST = "request", "answer"


class Table:
    """The item of trials. `fails`: number of a write, from 1 → what of it is lost."""

    def __init__(self, fails: dict[int, str]) -> None:
        self._fails = fails
        self._writes = 0
        self._item: dict[str, Any] = {}

    def put_item(self, *, TableName: str, Item: Any) -> None:  # noqa: N803
        """Store it, and fail as `fails` says."""
        self._writes += 1
        fault = self._fails.get(self._writes, "")
        if fault != LOST:
            self._item = Item
        if fault:
            raise ReadTimeoutError(endpoint_url="aws")

    @property
    def tried(self) -> Tried:
        """What the next batch reads."""
        return tried_of(self._item)


def isolation(table: Table, tried: Tried | None = None) -> Isolation:
    client: Any = table
    return Isolation(Trials(client, "ledger", clock=lambda: 0.0), {A, B}, tried or Tried())


def occurrences(*item_ids: str) -> Sequence[Occurrence]:
    deliveries = [one.partition("/")[0] for one in item_ids]
    return [Occurrence("m1", "erp", one, 0, "e", 0, 0, None) for one in deliveries]


def try_alone(isolation: Isolation, *item_ids: str, fails: bool = False) -> None:
    """Try these items one after the other, as a batch does; `fails`: at its end."""
    with isolation.surviving():
        for one in item_ids:
            with isolation.trying(occurrences(one), alone=True):
                pass
        isolation.survived()
        if fails:
            raise ReadTimeoutError(endpoint_url="aws")


@pytest.mark.parametrize("lost", [LOST, ANSWER_LOST])
@pytest.mark.parametrize("alone", [True, False])
def test_a_process_that_cannot_write_a_trial_down_leaves_nothing_of_it(
    alone: bool, lost: str
) -> None:
    table, other = Table({1: lost}), "d0/0"
    tried = isolation(table, Tried({A, other}))

    trial = tried.trying(occurrences(A if alone else B), alone=alone)
    with pytest.raises(ReadTimeoutError), tried.surviving(), trial:
        raise AssertionError("nothing is tried without a note of it")

    assert table.tried == Tried({A, other}), "what is suspected stays"


def test_the_survivor_before_a_trial_that_cannot_be_written_down_is_no_culprit() -> None:
    table = Table({2: LOST})

    with pytest.raises(ReadTimeoutError):
        try_alone(isolation(table, Tried({A, B})), A, B)

    assert table.tried == Tried({B})


@pytest.mark.parametrize("fails", [True, False])
def test_a_survivor_that_could_not_be_taken_out_is_taken_out_at_the_end(fails: bool) -> None:
    table = Table({2: LOST})

    with suppress(ReadTimeoutError):
        try_alone(isolation(table, Tried({A})), A, fails=fails)

    assert table.tried == Tried()


@pytest.mark.parametrize("end", [KeyboardInterrupt, MemoryError])
def test_an_item_that_ends_the_process_stays_written_down(end: type[BaseException]) -> None:
    table = Table({})
    tried = isolation(table, Tried({A, B}))

    with suppress(end), tried.surviving(), tried.trying(occurrences(A), alone=True):
        raise end

    assert table.tried == Tried({B}, {A})
