"""What some scenarios have besides: a Mateo that lists failed rows in undocumented ways, or that
fails rows which are over a day's limit.

Drawn separately, so that all other scenarios stay as they are.
"""

import random
from dataclasses import replace

from tests.simulation.mateo_failures import FailureLists
from tests.simulation.scenario import POISON, Record, Scenario, Webhook
from tests.simulation.world import START

LISTS_IN = 12
"""In one of this many runs, Mateo counts and lists failed rows in another way."""
ROWS = (2, 3, 6)
LATE_S, HOURS_S = 600.0, 7_200.0
"""How late lists are. Without a count of failed rows, the relay waits for the list for hours."""


def with_cuts(scenario: Scenario) -> Scenario:
    """In half of the runs in which Mateo's day may be spent early, it cuts imports off."""
    profile = scenario.fault_profile
    is_short = profile.other_clients or profile.day_offset_s
    chance = random.Random(f"cuts {scenario.seed}")  # noqa: S311 - a simulation
    if not is_short or chance.randrange(2):
        return scenario
    return replace(scenario, fault_profile=replace(profile, cuts=True))


def with_lists(scenario: Scenario) -> Scenario:
    """In some runs failed rows are listed in another way; in many of these some contacts fail."""
    chance = random.Random(f"lists {scenario.seed}")  # noqa: S311 - a simulation
    if chance.randrange(LISTS_IN) or scenario.fault_profile.nameless:
        return scenario
    null_count = chance.choice(("never", "never", "none", "always"))
    late_s = HOURS_S if null_count == "always" else LATE_S
    lists = FailureLists(
        form=chance.choice(("row", "twice", "number", "normalised")),
        late_s=chance.choice((0.0, 60.0, late_s, late_s)),
        null_count=null_count,
    )
    profile = replace(scenario.fault_profile, lists=lists)
    if lists.late_s == LATE_S and chance.randrange(3) == 0:
        profile = replace(profile, double_execution=0.5)
    if chance.randrange(2) or _is_about_more(scenario):
        return replace(scenario, fault_profile=profile)
    return replace(scenario, webhooks=[_failing(chance)], fault_profile=profile)


def _is_about_more(scenario: Scenario) -> bool:
    """Whether the scenario needs its own webhooks: for replays, tests or poison."""
    records = [record for one in scenario.webhooks for record in one.records]
    return bool(
        scenario.put_back
        or any(one.is_test for one in scenario.webhooks)
        or any(one.fields.get("name") == POISON for one in records)
    )


def _failing(chance: random.Random) -> Webhook:
    rows = chance.choice(ROWS)
    bad = set(chance.sample(range(rows), chance.randint(1, rows - 1)))
    version = int(START * 1_000) * 1_000 + chance.randrange(6) * 1_000
    records = [
        Record(
            str(8_000 + n),
            version,
            {"name": f"e8.{n}", "city": "FAIL" if n in bad else f"e8.{n}"},
            failing=n in bad,
        )
        for n in range(rows)
    ]
    return Webhook(chance.uniform(0.0, 10.0), "erp", "e8", records)
