"""What the watchdog repairs in simulated worlds, and when it sees an execution there."""

import pytest

from import_relay.storage.executions import Executions
from import_relay.storage.requeueing import Requeueing
from tests.simulation.contract_sides import in_process
from tests.simulation.machine import LISTED_LATE_S, StepFunctions
from tests.simulation.scenario import Account, Record, Scenario, Webhook
from tests.simulation.simulation import run
from tests.simulation.workload import FIRST_VERSION
from tests.simulation.world import World

FEW_REQUESTS = Account(requests_per_day=12, batching_window_s=1.0)
"""So few that the second import after midnight has to wait for the day's curve."""


def test_records_that_are_held_are_imported_although_every_wake_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Requeueing, "wake", lambda *_: None)
    changes = [
        Webhook(at, "erp", f"e{n}", [Record(f"100{n}", FIRST_VERSION, {"name": "x"})])
        for n, at in enumerate((14_400.0, 14_460.0))
    ]
    found = run(Scenario(1, changes, account=FEW_REQUESTS), trace=True)
    held = [one for one in found.trace if one.what == "batch.held"]
    assert (found.outcomes["imported"], bool(held)) == (2, True)
    assert "submission.woken" in {one.what for one in found.trace}
    assert {one.what for one in found.violations} == {
        "records are held in queue, and no wake is on its way"
    }, "the watchdog is only a net"


def test_an_execution_is_missing_in_lists_only_while_it_is_young() -> None:
    world, running = World(0, latency_s=0.0), ["r1"]
    machine = StepFunctions(world, lambda *_: None, lambda: running, old_lists=1.0)
    executions = Executions(machine, "machine")  # type: ignore[arg-type]

    in_process(world, lambda: executions.start("r1", deadline=0.0))

    assert in_process(world, executions.followed) == set()
    world.now += LISTED_LATE_S
    assert in_process(world, executions.followed) == {"r1"}
