"""The watchdog's quarters of an hour in a simulated world.

A run that would find nothing is left out, since a world has hundreds of them: this module knows
whether there is something to repair. Worlds with `FaultProfile.old_lists` make every run that can
do harm: while submission is paused or an import is open, and something has happened since the last
run or a list may leave an execution out. A lane that holds records must have a wake on its way; the
watchdog may be needed only if SQS moved the wake to the dead-letter queue.
"""

from typing import Any

from import_relay.storage.attributes import from_attributes
from import_relay.storage.erasure_demands import PendingErasures
from import_relay.storage.held import HeldState, held_key, held_state
from import_relay.storage.held_lanes import HeldLanes
from import_relay.storage.named_rates import NamedRates
from import_relay.storage.notifications import Notifications
from import_relay.storage.open_imports import OpenImports
from import_relay.storage.overdue_pause import OverduePause
from import_relay.storage.queue import Queue as QueueSender
from import_relay.storage.queue_switch import QueueMapping
from import_relay.watch.connection_rates import RateLimits
from import_relay.watch.rate_mails import RateMails
from import_relay.watch.watchdog import INTERVAL_S, Watchdog, WatchdogParts
from tests.simulation.aws import MAPPINGS, MappingState
from tests.simulation.machine import LISTED_LATE_S, Execution
from tests.simulation.queue import LANES
from tests.simulation.world import Process

WATCHDOG_S = 120.0
"""The function's timeout, as in template.yaml."""
FIRST_S = 300.0
"""Five minutes after the quarter of an hour, as in template.yaml."""
LEDGER, BUCKET = "ledger", "bucket"
CLOCKS_S = 10.0
"""How far the relay's times may be from the true time."""
LIMITS = RateLimits(5.0, 50.0)
NOTHING = HeldState()
HELD = {url: held_key(lane)["pk"]["S"] for lane, url in LANES.items()}
"""Queue of a lane → key of the ledger's item about the records that are held."""
HELD_KEYS = frozenset(HELD.values())


def watchdog_of(relay: Any, parts: Any, connections: Any) -> Watchdog:
    """The use case, wired as its handler wires it. `parts`: those of its environment."""
    world, stores = relay.world, relay.stores
    dynamodb, lambda_ = relay.dynamodb, relay.mapping.lambda_
    mappings = [QueueMapping(lambda_, one) for one in MAPPINGS]
    queues = {lane: QueueSender(relay.queue, url) for lane, url in LANES.items()}
    return Watchdog(
        WatchdogParts(
            OverduePause(dynamodb, LEDGER, mappings, clock=world.clock, sleep=world.sleep),
            OpenImports(dynamodb, LEDGER, sleep=world.sleep),
            stores.executions,
            stores.outcome_counts,
            connections,
            PendingErasures(relay.s3, BUCKET),
            HeldLanes(dynamodb, LEDGER, queues, sleep=world.sleep),
            RateMails(NamedRates(dynamodb, LEDGER, clock=world.clock), Notifications(None, ""), ""),  # type: ignore[arg-type]  # there is no topic
        ),
        LIMITS,
        relay.limits.day,
        clock=world.clock,
        emit=parts.emit,
    )


class Watch:
    """The schedule of the watchdog; `failed`: what was left undone."""

    def __init__(self, relay: Any) -> None:
        self._relay = relay
        self._always = bool(relay.fault_profile.old_lists)
        self.failed: list[str] = []
        self._have_all_succeeded = True
        self._saw: tuple[int, int] = (0, 0)
        relay.world.after(FIRST_S, self._quarter)

    def _quarter(self) -> None:
        relay = self._relay
        relay.world.after(INTERVAL_S, self._quarter)
        if not self._always and self._is_all_well():
            return
        asleep = self._left_asleep()
        for url in asleep - relay.queue.dead_wakes:
            self.failed.append(f"records are held in {url}, and no wake is on its way")
        is_needed = self.left_paused() or self.unfollowed() or bool(asleep)
        if is_needed or (self._always and self._may_harm()):
            started, was_left_paused = relay.world.now, self.left_paused()
            begun = self._others_begun()
            relay.invoke(
                "watchdog",
                WATCHDOG_S,
                lambda parts: parts.watchdog.run(),
                lambda process: self._ended(
                    process, started, begun, was_left_paused=was_left_paused
                ),
            )

    def _is_all_well(self) -> bool:
        """Whether nothing is paused, held or unfollowed, as in most quarters."""
        relay = self._relay
        is_held = not relay.dynamodb.tables[LEDGER].keys().isdisjoint(HELD_KEYS)
        return self._have_all_succeeded and relay.mapping.lambda_.enabled and not is_held

    def _ended(
        self, process: Process, started: float, begun: int, *, was_left_paused: bool
    ) -> None:
        """A run that succeeded leaves no lane paused whose pause was overdue when it began."""
        if process.error is None:
            self._saw = (begun, self._relay.world.calls)
        if not was_left_paused or process.error is not None:
            return
        if any(one.disabled_at < started for one in self._left()):
            self.failed.append(f"{process.name} left submission paused past its time")

    def execution_ended(self, execution: Execution) -> None:
        """An execution that ends by itself must have closed its import, without the watchdog."""
        self._have_all_succeeded &= execution.status == "SUCCEEDED"
        item = self._relay.dynamodb.tables.get(LEDGER, {}).get(
            f"import#{execution.document['reference']}", {}
        )
        if execution.status != "ABORTED" and "open" in item:
            self.failed.append(f"{execution.name} ended before its import: {execution.status}")

    def _may_harm(self) -> bool:
        relay = self._relay
        can_act = not relay.mapping.lambda_.enabled or relay.dynamodb.is_anything_open(LEDGER)
        return can_act and (self._has_something_happened() or self._may_be_left_out())

    def _has_something_happened(self) -> bool:
        """Whether another function has begun, or has called anything, since the last run."""
        return self._saw != (self._others_begun(), self._relay.world.calls)

    def _others_begun(self) -> int:
        return sum(n for name, n in self._relay.invocations.items() if name != "watchdog")

    def _may_be_left_out(self) -> bool:
        """Whether a list may have left out an execution that it names by now."""
        since = self._relay.world.now - LISTED_LATE_S - INTERVAL_S
        return any(
            one.status == "RUNNING" and one.started_at >= since for one in self._relay.executions
        )

    def left_paused(self) -> bool:
        """Whether a lane is paused although its pause is over."""
        return bool(self._left())

    def _left(self) -> list[MappingState]:
        """The mappings of these lanes."""
        relay = self._relay
        if relay.mapping.lambda_.enabled:
            return []
        before = float(relay.world.now) - CLOCKS_S
        table = relay.dynamodb.tables.get(LEDGER, {})

        def until(key: str) -> float:
            return float(from_attributes(table.get(key, {})).get("paused_until", 0.0))

        both = until("pause")
        ends = dict(zip(MAPPINGS, (both, max(both, until("pause#bulk"))), strict=True))
        states = relay.mapping.lambda_.states
        return [one for uuid, one in states.items() if not one.enabled and ends[uuid] < before]

    def _left_asleep(self) -> set[str]:
        """The queues of lanes that hold records and have no message."""
        table = self._relay.dynamodb.tables.get(LEDGER, {})
        notes = {url: table[key] for url, key in HELD.items() if key in table}
        asleep = {url for url, note in notes.items() if held_state(note) != NOTHING}
        return asleep and asleep - {one.url for one in self._relay.queue.messages.values()}

    def unfollowed(self) -> bool:
        """Whether an open import has no execution that runs."""
        executions = self._relay.executions
        if self._have_all_succeeded:
            return False
        followed = {one.document["reference"] for one in executions if one.status == "RUNNING"}
        return any(
            "open" in item and item["reference"]["S"] not in followed
            for item in self._relay.dynamodb.tables.get(LEDGER, {}).values()
        )
