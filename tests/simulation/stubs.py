"""A stub of the simulation that breaks promises on purpose, for tests of the command.

Its findings depend on the seed in ways that a test can count: see `seeds_that_fail`.
"""

import os
from collections import Counter
from collections.abc import Sequence

from tests.simulation.scenario import FaultProfile, Findings, Record, Scenario, Violation, Webhook
from tests.simulation.world import START, Fault, Line

LOSES, CRASHES, KILLS, DIFFERS = 25, 33, 10**12 + 1, 777
"""Multiples of `LOSES` lose an item, multiples of `CRASHES` raise; the others are single seeds. No
seed below 1 fails."""
HUNGRY = KILLS + 1
"""This seed takes more memory than a worker may have."""
CALLS = 10
_runs: Counter[int] = Counter()


def seeds_that_fail(first: int, seeds: int) -> tuple[Sequence[int], Sequence[int]]:
    """The seeds that lose an item, and those that raise."""
    tried = range(first, first + seeds)
    return [n for n in tried if n % LOSES == 0], [n for n in tried if n % CRASHES == 0]


def scenario_of(seed: int) -> Scenario:
    """Ten webhooks of two records; a fault of each kind in turn hits the third call."""
    webhooks = [
        Webhook(60.0 * n, "crm", f"e{n}", [Record(f"k{n}{part}", 1, {}) for part in "ab"])
        for n in range(10)
    ]
    faults = {3: list(Fault)[seed % len(Fault)], 5: Fault.SLOW, 99: Fault.LOSE}
    return Scenario(seed, webhooks, faults, FaultProfile(skew_s=2.0, stale_index=0.5))


def run(scenario: Scenario, *, trace: bool = False) -> Findings:
    """Lose the record `k4b` if it is delivered and the third call fails, for some seeds."""
    seed = scenario.seed
    if seed > 0 and seed % CRASHES == 0:
        raise LookupError(f"seed {seed} crashes")
    if seed == KILLS:
        os._exit(1)
    if seed == HUNGRY:
        bytearray(4_000_000_000)
    keys = [record.key for webhook in scenario.webhooks for record in webhook.records]
    lost = seed > 0 and seed % LOSES == 0 and "k4b" in keys and 3 in scenario.faults
    findings = Findings(
        scenario,
        Counter(attempted=len(keys), acknowledged=len(keys), lost=int(lost)),
        Counter(imported=len(keys) - lost),
        [
            Violation("lost", "k4b of e4 was acknowledged and has no outcome"),
            Violation("miscounted", "there is one item too few"),
        ]
        if lost
        else [],
        CALLS,
        {number: "S3.PutObject" for number in scenario.faults if number <= CALLS},
        days=0.5,
    )
    if seed == DIFFERS:
        _runs[seed] += 1
        findings.calls += _runs[seed]
    if trace:
        findings.trace = _trace(scenario)
    return findings


def _trace(scenario: Scenario) -> Sequence[Line]:
    lines = []
    for number, webhook in enumerate(scenario.webhooks):
        keys = {record.key for record in webhook.records}
        at = START + webhook.at
        lines.append(Line(at, f"receive#{number}", "accepted", {"keys": keys}))
        lines += [Line(at + 60 * look, f"track#{look}", "looked", {}) for look in range(1, 16)]
    return lines
