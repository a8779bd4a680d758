"""Runs a scenario from its first webhook until nothing is under way any more, and checks it."""

from tests.simulation.checks.books import Books
from tests.simulation.checks.everything import check_everything
from tests.simulation.conditions import met_by
from tests.simulation.messages import is_too_old
from tests.simulation.relay import Relay
from tests.simulation.scenario import Findings, Scenario, Violation
from tests.simulation.senders import Senders
from tests.simulation.workload import scenario_of
from tests.simulation.world import START, World

__all__ = ["run", "scenario_of"]

CALM_AFTER_S = 6 * 3_600.0
"""How long after the last webhook services misbehave; then everything has to drain."""
AFTER_SILENCE_S = 600.0
"""How long at least Mateo answers again before all is calm."""
STEP_S = 6 * 3_600.0
PATIENCE_DAYS = 12.0
"""How long calm lasts at most; each day's entities that were sent add a day."""


def run(scenario: Scenario, *, trace: bool = False) -> Findings:
    """Run it. The same scenario gives the same findings, to the last call."""
    world = World(scenario.seed, faults=scenario.faults, trace=[] if trace else None)
    relay = Relay(world, scenario)
    senders = Senders(world, relay)
    senders.plan(scenario.webhooks)
    relay.inbox.outcomes = lambda: Books(relay, senders).outcomes
    sent_at = [one.at for one in scenario.webhooks] + [one.at for one in scenario.files]
    last = max(sent_at, default=0.0)
    fault_profile = scenario.fault_profile
    until = max(
        last + CALM_AFTER_S, fault_profile.silent_from_s + fault_profile.silent_s + AFTER_SILENCE_S
    )
    world.run(START + until)
    world.faults = {}
    relay.calm_down()
    replayed_days = max((one.at for one in scenario.put_back), default=0.0) / 86_400
    drained = _drain(world, relay, senders, replayed_days)
    if relay.queue.dead and scenario.redriven_after_s:
        world.run(world.now + scenario.redriven_after_s)
    relay.redrive()
    drained = drained and _drain(world, relay, senders)
    while drained and any(is_too_old(one.body) for one in relay.queue.dead):
        relay.redrive()  # a backlog of more than thirteen days' entities
        drained = _drain(world, relay, senders)
    relay.leave_unproven()
    books = Books(relay, senders)
    if not drained or relay.queue.dead:
        books.violations += _stuck(relay, senders)
    check_everything(books)
    findings = _findings(scenario, world, relay, senders, books)
    relay.close()
    return findings


def _drain(world: World, relay: Relay, senders: Senders, more_days: float = 0.0) -> bool:
    items = sum(len(one.records) for one in senders.deliveries.values())
    items += sum(len(one.rows) for one in relay.inbox.uploads)
    account = relay.account
    a_day = min([account.entities_per_day, *account.own_limits.values()])
    days = PATIENCE_DAYS + more_days + items / a_day
    until = world.now + days * 86_400
    while world.now < until:
        if not senders.under_way and relay.is_quiet():
            return True
        world.run(world.now + STEP_S)
    return False


def _stuck(relay: Relay, senders: Senders) -> list[Violation]:
    found = []
    if senders.under_way:
        found.append(f"{senders.under_way} webhooks were never accepted")
    if relay.queue.messages:
        found.append(f"{len(relay.queue.messages)} messages wait in the queue")
    if relay.queue.dead:
        found.append(f"{len(relay.queue.dead)} dead letters died again, with nothing in the way")
    if relay.watch.unfollowed():
        found.append("an open import has no execution that runs")
    found += [f"execution {one.name} runs" for one in relay.executions if one.status == "RUNNING"]
    return [Violation("stuck", what) for what in found]


def _findings(
    scenario: Scenario, world: World, relay: Relay, senders: Senders, books: Books
) -> Findings:
    findings = Findings(
        scenario,
        violations=books.violations,
        met=met_by(books),
        calls=world.calls,
        hit=world.hit,
        days=(world.now - START) / 86_400,
        trace=tuple(world.trace or ()),
    )
    acknowledged = {item for item, one in books.items.items() if one.acknowledged}
    findings.counts.update(
        attempted=senders.attempted["items"] + sum(len(one.rows) for one in scenario.files),
        acknowledged=len(acknowledged),
        recovered=len(relay.seen_before & acknowledged),
    )
    for violation in books.violations:
        findings.counts[violation.promise] += 1
    findings.outcomes.update(one for outcomes in books.outcomes.values() for one in outcomes)
    return findings
