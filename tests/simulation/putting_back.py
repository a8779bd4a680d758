"""People who put stored items back by a replay, and import_files, which goes on with replays.

A person repeats a replay that failed. Once two runs of import_files have found nothing to put back,
a replay waits for dead letters to be redriven. A run that had no time left proves nothing.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from import_relay.bulk.replay_feeding import ReplayFeeding, ReplaysFed, first_items
from import_relay.domain.models import Occurrence
from import_relay.domain.replays import Replay, original_delivery
from import_relay.report.row_numbers import numbers_of
from import_relay.storage.attributes import from_attributes
from import_relay.storage.replays import Selection
from tests.simulation.inbox import FILES_S
from tests.simulation.queue import BULK_URL
from tests.simulation.scenario import PutBack
from tests.simulation.world import START, Process

if TYPE_CHECKING:
    from tests.simulation.relay import Relay

PUT_BACK_S = 600.0
"""How long one run of a replay lasts at most; then the person has to repeat it."""
AGAIN_S = 45.0
EVERY_S = 300.0
"""As the schedule of import_files in template.yaml."""
UNCHANGED_RUNS = 2


class Received(NamedTuple):
    """An item that came to submission because a person put it back."""

    original: str
    delivery: str
    number: int
    received_at: int
    at: int


@dataclass(frozen=True, slots=True)
class WatchedFeeding(ReplayFeeding):
    """Notes after each run whether nothing failed and there was time for all replays."""

    note: Callable[[bool], None]

    def feed(self, *, of_files: int, until: float) -> ReplaysFed:
        """Put back as many items as there is room for."""
        fed = ReplayFeeding.feed(self, of_files=of_files, until=until)
        self.note(not fed.failed and self.clock() < until)
        return fed


class PuttingBack:
    """All replays of a run.

    `items`: those that submission received, by `<delivery>/<number>`. `wanted`: replay → items that
    had an outcome when it began, all of which it has to put back. `under_way`: replays that are not
    begun yet. `crowded`: numbers of queued items of replays that were too many.
    """

    def __init__(self, relay: Relay, plans: Sequence[PutBack]) -> None:
        self._relay = relay
        self.items: dict[str, Received] = {}
        self.wanted: dict[str, set[str]] = {}
        self.under_way = len(plans)
        self._has_plans = bool(plans)
        self.crowded: list[int] = []
        self._totals: dict[str, int] = {}
        self._person_at = 0.0
        self._unchanged: tuple[object, int] = (None, 0)
        self._was_complete = False
        for number, plan in enumerate(plans):
            name = f"20261201T00000{number}-{number:06x}"
            relay.world.at(START + plan.at, _Replay(self, relay, plan, name).begin)
        if plans:
            self._sent_before = relay.queue.sent
            relay.queue.sent = self._sent

    def begun(self) -> None:
        """A person has begun a replay; after the last one import_files goes on with all of them."""
        self.under_way -= 1
        if not self.under_way:
            self._relay.world.after(EVERY_S, self._go_on)

    def _go_on(self) -> None:
        state = self._state()
        is_same = state == self._unchanged[0]
        times = self._unchanged[1] + self._was_complete if is_same else 0
        self._unchanged = (state, times)
        if self.unfinished():
            if times < UNCHANGED_RUNS:
                self._was_complete = False
                self._relay.inbox.run()
            self._relay.world.after(EVERY_S, self._go_on)

    def ran(self, was_complete: bool) -> None:
        """Note whether a run of import_files had time for all replays."""
        self._was_complete = was_complete

    def unfinished(self) -> list[str]:
        """Replays that have not put back all their items."""
        return [name for name, item in self.noted().items() if item["finished"]["N"] != "1"]

    def is_quiet(self) -> bool:
        """Whether no replay can go on by now."""
        if self.under_way:
            return False
        state, times = self._unchanged
        return not self.unfinished() or (times >= UNCHANGED_RUNS and state == self._state())

    def noted(self) -> dict[str, dict[str, Any]]:
        """Replay → what the ledger says about it, at `replay#…`."""
        if not self._has_plans:
            return {}
        table = self._relay.dynamodb.tables.get("ledger", {})
        return {pk: item for pk, item in table.items() if pk.startswith("replay#")}

    def _state(self) -> object:
        return self.noted()

    def _sent(self, url: str) -> None:
        """Note if import_files queues more than a day's entities and the first object of a replay.

        A person who begins a replay may queue its first items, whatever else is queued.
        """
        self._sent_before(url)
        if url != BULK_URL:
            return
        process = self._relay.world.current
        if process is None or process.environment.function != "files":
            self.person_counted()
            return
        before = self._totals
        self._totals = self._counted()
        if self._person_at < process.dies_at - FILES_S:  # else it may not know of them
            queued: dict[str, int] = {}
            for pk, item in self.noted().items():
                done = [int(value["N"]) for name, value in item.items() if name[:5] == "rows_"]
                queued[pk] = self._totals[pk] - int(item["lost"]["N"]) - sum(done)
            more = {pk: total - before.get(pk, 0) for pk, total in self._totals.items()}
            crowds = [pk for pk, items in more.items() if 0 < items < queued[pk]]
            if crowds and sum(queued.values()) > self._relay.account.bulk_entities:
                self.crowded.append(sum(queued.values()))

    def person_counted(self) -> None:
        """Note that a person put back what counts so far, even if import_files has to send it."""
        self._person_at, self._totals = self._relay.world.now, self._counted()

    def _counted(self) -> dict[str, int]:
        return {pk: int(item["total"]["N"]) for pk, item in self.noted().items()}

    def received(self, occurrences: Iterable[Occurrence]) -> None:
        """Note the items that submission has received."""
        for one in occurrences:
            if one.replay is not None:
                original = f"{original_delivery(one.delivery)}/{one.number}"
                self.items[f"{one.delivery}/{one.number}"] = Received(
                    original, one.delivery, one.number, one.received_at, one.replay.at
                )


class _Replay:
    def __init__(self, all_: PuttingBack, relay: Relay, plan: PutBack, name: str) -> None:
        self._all = all_
        self._relay = relay
        self._plan = plan
        self._name = name

    def begin(self) -> None:
        """Begin it, or repeat it after it failed."""
        relay, name, plan = self._relay, self._name, self._plan
        now = relay.world.now
        if name not in self._all.wanted and plan.outcome == "all" and not plan.connection:
            since = (now - plan.last_s) * 1_000_000
            self._all.wanted[name] = {
                item for item in items_with_outcome(relay) if received_at(item) >= since
            }
        replay = Replay(name, int(now * 1_000_000), "mapping corrected")
        selection = Selection(now - plan.last_s, now + 60, plan.connection, plan.outcome)

        def body(parts: object) -> None:
            replaying = relay.stores.replaying
            replaying.begin(replay, selection)
            most = relay.account.page_rows
            found = replaying.run(name, has_room=first_items(most, relay.world.clock))
            relay.world.tell("put back", items=found.total, now=dict(found.by_connection))

        relay.invoke("replay", PUT_BACK_S, body, self._ended)

    def _ended(self, process: Process) -> None:
        self._all.person_counted()
        if process.error is not None:
            self._relay.world.after(AGAIN_S, self.begin)
        else:
            self._all.begun()


def received_at(item: str) -> int:
    """When an item was received, by the id of its delivery, in µs."""
    text = item.partition("-")[0]
    timestamp = datetime.fromisoformat(text[:15] + "+00:00")
    return int(timestamp.timestamp()) * 1_000_000 + int(text[15:])


def items_with_outcome(relay: Relay) -> set[str]:
    """Items of senders that have an outcome by what the ledger says."""
    found = set()
    for pk, item in relay.dynamodb.tables.get("ledger", {}).items():
        if pk.startswith("outcome#"):
            delivery = pk.split("#")[1]
            found |= {
                f"{delivery}/{name[1:]}" for name in item if name[0] == "n" and name[1:].isdecimal()
            }
        elif pk.startswith("import#"):
            entry = from_attributes(item)
            content = relay.s3.objects.get(f"imports/{entry['reference']}/request.json.gz")
            if entry["state"] in ("finished", "timed_out") and content:
                rows = json.loads(gzip.decompress(content).split(b"\n", 1)[1])
                retried = set(numbers_of(str(entry.get("retried", ""))))
                found |= {
                    f"{source['delivery']}/{source['n']}"
                    for n, row in enumerate(rows)
                    if n not in retried
                    for source in row["items"]
                }
    return {item for item in found if "." not in item}
