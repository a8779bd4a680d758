"""What most scenarios with deals have besides: the contacts of these, a little later.

A deal without its contact is sent again and again, until its retries have ended. Drawn separately.
"""

import random
from dataclasses import replace

from tests.simulation.scenario import DEAL, Record, Scenario, Webhook
from tests.simulation.world import START

MISSING_IN, LATER_S = 4, 600.0
"""In one of `MISSING_IN` runs the contacts never come, in the others within `LATER_S`."""


def with_contacts(scenario: Scenario) -> Scenario:
    """The scenario, in most runs with a webhook more if it has deals."""
    chance = random.Random(f"contacts {scenario.seed}")  # noqa: S311 - a simulation
    deals = [record for one in scenario.webhooks for record in one.records if record.is_deal]
    if not deals or chance.randrange(MISSING_IN) == 0:
        return scenario
    first = int(START * 1_000) * 1_000
    records = [
        Record(key, first + chance.randrange(6) * 1_000, {"name": f"e70.{n}"})
        for n, key in enumerate(sorted({one.key.removeprefix(DEAL) for one in deals}))
    ]
    at = max(one.at for one in scenario.webhooks) + chance.uniform(0.0, LATER_S)
    return replace(scenario, webhooks=[*scenario.webhooks, Webhook(at, "erp", "e70", records)])
