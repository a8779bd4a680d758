"""What a run counts."""

import pytest

from tests.simulation.scenario import Account, Record, Scenario, Webhook
from tests.simulation.simulation import run
from tests.simulation.workload import FIRST_VERSION


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
