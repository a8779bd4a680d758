"""What some scenarios have besides: a Mateo that accepts imports without naming them.

Drawn separately, so that all other scenarios stay as they are.
"""

import random
from dataclasses import replace

from tests.simulation.scenario import Record, Scenario, Webhook

NAMELESS_IN = 40
"""In one of this many runs, Mateo names few imports that it creates, and shows the rows of few."""


def without_names(scenario: Scenario) -> Scenario:
    """In half of these runs two webhooks make imports of one size; other clients may import too."""
    chance = random.Random(f"nameless {scenario.seed}")  # noqa: S311 - a simulation
    if chance.randrange(NAMELESS_IN):
        return scenario
    profile = replace(
        scenario.fault_profile,
        nameless=chance.choice((0.6, 1.0)),
        hidden_payloads=0.8,
        other_clients=chance.choice((0, 0, 3)),
    )
    if chance.randrange(2):
        return replace(scenario, fault_profile=profile)
    version = 1_000 + max(one.version for one in scenario.webhooks[0].records)
    fails = chance.randrange(2)
    cities = ["FAIL" if n == fails else f"e9{n}.0" for n in range(2)]
    records = [
        Record(str(6_000 + n), version, {"name": f"e9{n}.0", "city": city}, failing=n == fails)
        for n, city in enumerate(cities)
    ]
    at = chance.uniform(10.0, 60.0)
    return replace(
        scenario,
        webhooks=[Webhook(n * at, "erp", f"e9{n}", [records[n]]) for n in range(2)],
        fault_profile=profile,
        account=replace(scenario.account, entities_per_day=25_000, batching_window_s=1.0),
    )
