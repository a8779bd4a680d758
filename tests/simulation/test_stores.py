"""What a world notes about the stores that its outcomes do not show."""

from collections import Counter

import pytest

from import_relay.storage.trials import Tried
from tests.simulation.parts import Parts
from tests.simulation.queue import Received
from tests.simulation.relay import Relay
from tests.simulation.scenario import Scenario
from tests.simulation.world import Fault, World

BODY = '{"delivery": "d1", "items": [{"n": 0}]}'


@pytest.mark.parametrize(
    ("faults", "killed_with"),
    [
        ({}, 0),
        ({1: Fault.REFUSE}, 0),
        ({2: Fault.REFUSE}, 1),
        ({2: Fault.DIE_BEFORE}, 1),
    ],
)
def test_an_invocation_that_cannot_note_that_it_survived_looks_killed(
    faults: dict[int, Fault], killed_with: int
) -> None:
    world = World(1, faults)
    relay = Relay(world, Scenario(1, []))

    def body(_: Parts) -> None:
        relay._received([Received("m1", BODY, 2, world.now)])
        for _try in range(2):
            relay.stores.trials.update(Tried())

    relay.invoke("submit", 60.0, body, lambda _: None)
    world.run(world.now + 60.0)

    assert relay.killed_with == Counter({"d1/0": killed_with} if killed_with else {})
    assert relay.killed["submit"] == (Fault.DIE_BEFORE in faults.values())
    relay.close()
