"""A short outage of Mateo amid dense traffic: batches come in while Lambda disables the mapping."""

import math

import pytest

from tests.simulation.relay import Relay
from tests.simulation.scenario import Account, FaultProfile, Record, Scenario, Webhook
from tests.simulation.senders import Senders
from tests.simulation.workload import FIRST_VERSION
from tests.simulation.world import START, World

EVERY_S, WEBHOOKS = 5.0, 120
DOWN_AT_S, DOWN_S = 100.0, 30.0
RESUMED_S = 240.0
"""A pause of a minute, the precision of its schedule, and the second schedule after 180 s."""


def posted_after_outage(profile: FaultProfile) -> list[float]:
    """When Mateo created imports after it was down, in s since then."""
    records = [Record(str(n), FIRST_VERSION, {"name": f"e{n}.0"}) for n in range(WEBHOOKS)]
    webhooks = [Webhook(n * EVERY_S, "erp", f"e{n}", [record]) for n, record in enumerate(records)]
    world = World(7)
    relay = Relay(world, Scenario(7, (), account=Account(), fault_profile=profile))
    Senders(world, relay).plan(webhooks)
    world.run(START + WEBHOOKS * EVERY_S)
    answers_at = START + DOWN_AT_S + DOWN_S
    times = [one.at - answers_at for one in relay.mateo.requests if one.import_id]
    relay.close()
    return [one for one in times if one > 0]


@pytest.mark.parametrize("lag_s", [0.0, 20.0, 60.0, 120.0])
def test_a_short_pause_ends_although_batches_come_in_during_it(lag_s: float) -> None:
    outage = FaultProfile(
        disable_lag_s=lag_s, silence="down", silent_from_s=DOWN_AT_S, silent_s=DOWN_S
    )

    assert min(posted_after_outage(outage), default=math.inf) < RESUMED_S
