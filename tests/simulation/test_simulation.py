"""What a run counts, and that all of its time is the world's."""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from import_relay.domain.retrying import RetryPolicy, tries
from tests.simulation.scenario import Account, Record, Scenario, Webhook
from tests.simulation.simulation import run
from tests.simulation.workload import FIRST_VERSION, scenario_of


@pytest.mark.parametrize(
    ("times", "recovered"),
    [
        ((0.0,), 0),
        ((0.0, 600.0), 0),
        ((0.0, 2.0), 1),  # the import of the first change is open, so the second one is requeued
    ],
)
def test_an_item_is_recovered_if_it_came_to_submission_again(
    times: tuple[float, ...], recovered: int
) -> None:
    webhooks = [
        Webhook(at, "erp", f"e{n}", [Record("1000", FIRST_VERSION + n * 1_000, {"name": f"{n}"})])
        for n, at in enumerate(times)
    ]

    counts = run(Scenario(1, webhooks, account=Account(batching_window_s=1.0))).counts

    assert (counts["acknowledged"], counts["recovered"]) == (len(times), recovered)


def test_no_function_of_a_world_waits_on_the_clock_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[RetryPolicy] = []
    real_sleep = time.sleep

    def watched(policy: RetryPolicy, sleep: Callable[[float], None]) -> Iterator[int]:
        if sleep is real_sleep:
            slept.append(policy)
        return tries(policy, sleep)

    for name, module in list(sys.modules.items()):
        if name.startswith("import_relay.") and getattr(module, "tries", None) is tries:
            monkeypatch.setattr(module, "tries", watched)
    monkeypatch.setattr(time, "sleep", partial(pytest.fail, "a real sleep"))

    for seed in range(60):
        run(scenario_of(seed))

    assert not slept
