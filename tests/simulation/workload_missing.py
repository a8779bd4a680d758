"""What some scenarios have besides: submission does not know a connection that the receiver knows.

This happens while a deployment rolls out, or after one is rolled back. Drawn separately, so that
all other scenarios stay as they are.
"""

import random
from dataclasses import replace

from tests.simulation.scenario import Scenario

MISSING_IN = 60
"""In one of this many runs, one of the connections is missing for a while."""
SHORT_OF_A_DAY_S = 82_800.0
"""An item of a missing connection waits for a day and then is rejected; files come at the start."""


def with_missing(scenario: Scenario) -> Scenario:
    """In some runs one of the connections is missing until after one of its webhooks."""
    chance = random.Random(f"rolled back {scenario.seed}")  # noqa: S311 - a simulation
    if chance.randrange(MISSING_IN) or not scenario.webhooks:
        return scenario
    first = chance.choice(scenario.webhooks)
    until_s = first.at + chance.choice((60.0, 900.0, 7_200.0))
    profile = replace(
        scenario.fault_profile,
        missing=first.connection,
        missing_until_s=min(until_s, SHORT_OF_A_DAY_S),
    )
    return replace(scenario, fault_profile=profile)
