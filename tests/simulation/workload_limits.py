"""Limits that some scenarios give a connection, drawn from the seed."""

import math
import random
from collections import Counter
from dataclasses import replace

from tests.simulation.scenario import Scenario

OWN_LIMIT_IN, OWN_LIMIT_DAYS = 40, 2
"""One of `OWN_LIMIT_IN` runs has such a limit; its records wait for that many days at most."""


def own_limits(seed: int) -> tuple[int | None, int | None]:
    """In some runs `erp` has a limit of its own, and in half of these `plain` has one too.

    Drawn separately.
    """
    chance = random.Random(f"own limit {seed}")  # noqa: S311 - a simulation
    if chance.randrange(OWN_LIMIT_IN):
        return None, None
    return chance.choice((1, 2, 3)), chance.choice((None, None, 1, 2))


def within_days(scenario: Scenario) -> Scenario:
    """No connection has more records than its own limit takes in `OWN_LIMIT_DAYS`.

    Each day of waiting costs a hundred invocations, which show nothing new.
    """
    account = scenario.account
    sent = Counter(one.connection for one in scenario.webhooks for _ in one.records)
    least = {name: math.ceil(records / OWN_LIMIT_DAYS) for name, records in sent.items()}
    limits = {name: max(limit, least.get(name, 0)) for name, limit in account.own_limits.items()}
    within = replace(
        account,
        erp_entities_per_day=limits.get("erp"),
        plain_entities_per_day=limits.get("plain"),
    )
    return replace(scenario, account=within)
