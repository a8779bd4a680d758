"""What some scenarios have besides: a sender without versions takes a change back.

Drawn by itself, so that all other scenarios stay what they are.
"""

import random
from dataclasses import replace

from tests.simulation.scenario import Record, Scenario, Webhook

TAKEN_BACK_IN = 80
"""In one run of so many, a contact changes, and soon after it is what it was before."""


def with_taken_back(scenario: Scenario) -> Scenario:
    """The first state of a contact comes again while another one may still be on its way."""
    chance = random.Random(f"taken back {scenario.seed}")  # noqa: S311 - a simulation
    if chance.randrange(TAKEN_BACK_IN):
        return scenario
    at, webhooks = 0.0, []
    for number, state in enumerate(("e60.0", "e61.0", "e60.0")):
        record = Record("8000", scenario.webhooks[0].records[0].version, {"name": state})
        webhooks.append(Webhook(at, "plain", f"e6{number}", [record]))
        at += chance.choice((0.0, 5.0, 20.0, 60.0)) + chance.uniform(0.1, 5.0)
    return replace(
        scenario,
        webhooks=webhooks,
        account=replace(scenario.account, batching_window_s=1.0),
    )
