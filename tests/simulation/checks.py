"""What the relay promises, checked against what the simulated Mateo holds and what was requested.

The truth is Mateo's: its imports, the rows it applied in their order, and the log of requests. What
the relay says of itself (lines in the bucket, reports, counts, the budget) has to agree with it.
"""

import gzip
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from import_relay.domain.replays import original_delivery, replay_id_of
from import_relay.storage.attributes import from_attributes
from import_relay.storage.entries import NEVER_CREATED, UNFINISHED, State
from tests.simulation.crm import CONNECTION
from tests.simulation.putting_back import received_at as timestamp_of
from tests.simulation.queue import MAX_RECEIVES
from tests.simulation.relay import Relay
from tests.simulation.scenario import Record, Violation
from tests.simulation.senders import Senders
from tests.simulation.stores import LEDGER

ENDS = ("imported", "failed", "rejected", "superseded", "duplicate", "ignored", "unaccounted")
JITTER_S = 0.15
"""So much later than another a request may arrive that left at the same time."""
COLUMNS: Mapping[str, str] = {
    "full_name": "name",
    "city": "city",
    "zipcode": "zip",
    "title": "name",
    "stage": "stage",
}
"""Column of Mateo → field of a record in which its tag stands."""


BELIEVED_AFTER_S = 3_600.0
"""Counts that are not those of all rows have to stay for so long before an import may end."""
CALM_S = 10_800.0
"""Once all is calm, Mateo finishes every import within a minute, and within this the relay sees
it, whatever it waited for."""
GIVING_UP_S = 3_600.0
"""From the last look at an import that is given up to its report, at most."""
MAX_REFUSED = 20
"""Posts within an hour while each is refused: pauses double, from a minute to an hour."""
DEATHS = 3
"""Of processes, until a record that kills them is a dead letter by itself."""
TRIALS = 2
"""How often a record is tried after a death: with others, and alone."""
TRIED = frozenset({"imported", "failed", "rejected", "unaccounted"})
"""Ends of changes that were sent to Mateo, whatever it made of them."""
_GOOD = frozenset({"imported", "duplicate", "superseded"})
CLOCKS_S = 10.0
"""How far the relay's times may be from the true one."""
Version = tuple[int, str, int]


class Item(NamedTuple):
    """One item of one delivery: what was sent, and when the relay received it (µs)."""

    record: Record
    connection: str
    delivery: str
    number: int
    received_at: int
    acknowledged: bool
    event: str
    put_back_at: int = 0
    """When a person put it back (µs); 0 if it is a sender's."""

    @property
    def version(self) -> Version:
        """What orders it among the changes of its record: of equal versions, when it came."""
        version = self.received_at if self.connection == "plain" else self.record.version
        return version, self.delivery, self.number


class Applied(NamedTuple):
    """A row that Mateo applied: when, of which import, and where it came from."""

    at: float
    key: str
    row: Mapping[str, Any]
    items: Sequence[str]
    too_late: bool
    """The import had been given up by then, and its records were free for others."""


@dataclass
class Audit:
    """The books of a run, and what is wrong with them."""

    relay: Relay
    senders: Senders
    violations: list[Violation] = field(default_factory=list)

    def run(self) -> None:
        """Check everything."""
        self._check_items()
        self._check_imports()
        self._order()
        self._limits()
        self._reports()
        self._pause()
        self._outcome_counts()
        self._put_back()
        self._budget()

    def _wrong(self, promise: str, what: str) -> None:
        self.violations.append(Violation(promise, what))

    # ------------------------------------------------------------ what there is

    @cached_property
    def items(self) -> dict[str, Item]:
        """Every item of every delivery that the relay received, by `<delivery>/<number>`."""
        found = {}
        for delivery, webhook in self.senders.deliveries.items():
            received_at = timestamp_of(delivery)
            for number, record in enumerate(webhook.records):
                found[f"{delivery}/{number}"] = Item(
                    record,
                    webhook.connection,
                    delivery,
                    number,
                    received_at,
                    delivery in self.senders.acknowledged,
                    webhook.event,
                )
        for item, one in self.relay.put_back.items.items():
            if one.original in found:
                found[item] = found[one.original]._replace(
                    delivery=one.delivery,
                    received_at=one.received_at,
                    acknowledged=True,
                    put_back_at=one.at,
                )
        return found

    @cached_property
    def ends(self) -> dict[str, set[str]]:
        """Item → how it ended, by what lies in the bucket: in a report, else in its latest line."""
        latest: dict[str, tuple[int, str]] = {}
        imported: dict[str, set[str]] = defaultdict(set)
        for key, content in self.relay.s3.objects.items():
            if key.startswith(("rejected/", "outcomes/")):
                for line in _lines(content):
                    item, end = _item(line["item_id"]), (line["recorded_at"], line["outcome"])
                    latest[item] = max(end, latest.get(item, end))
        for _, line in self._report_rows:
            if line["outcome"] != "retried":
                for item_id in line["item_ids"]:
                    imported[_item(item_id)].add(line["outcome"])
        return {item: {end} for item, (_, end) in latest.items()} | imported

    @cached_property
    def _report_rows(self) -> list[tuple[str, dict[str, Any]]]:
        """Each row of each report, with the import's reference."""
        return [
            (key.split("import=")[1].split("/")[0], line)
            for key, content in self.relay.s3.objects.items()
            if key.endswith("rows.ndjson.gz")
            for line in _lines(gzip.decompress(content))
        ]

    @cached_property
    def _uncertain(self) -> dict[str, list[dict[str, Any]]]:
        """Import → its rows of which a report knows only how many of them were imported."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for reference, line in self._report_rows:
            if not line["certain"]:
                found[reference].append(line)
        return found

    @cached_property
    def _unsure(self) -> set[str]:
        """The items of those rows."""
        rows = (line for lines in self._uncertain.values() for line in lines)
        return {_item(item_id) for line in rows for item_id in line["item_ids"]}

    def _uncertain_rows(self) -> None:
        """As many rows are called imported as Mateo has got; which ones, the report leaves open."""
        for reference, lines in self._uncertain.items():
            told = sum(line["outcome"] == "imported" for line in lines)
            got = sum(
                any(self._times_applied[_item(item_id)] for item_id in line["item_ids"])
                for line in lines
            )
            if told > got:
                self._wrong(
                    "lost", f"{reference}: {told} rows are called imported, Mateo has {got}"
                )

    def _end(self, item: str) -> set[str]:
        """How an item ended."""
        return self.ends.get(item, set())

    @property
    def _may_die(self) -> bool:
        """Whether so much went wrong that a message may have used up its receives."""
        relay = self.relay
        queue = relay.queue
        trouble = len(relay.world.hit) + relay.throttles + queue.duplicates + queue.partials
        # Two processes that are killed while they try a record make that one look like poison; of
        # poison one is enough.
        looks_like_poison = relay.killed >= TRIALS or (relay.poison and relay.world.hit)
        return trouble > MAX_RECEIVES / 2 or bool(looks_like_poison)

    def _deaths(self) -> None:
        """Poison costs three processes, and as many more as meet a fault or a second copy."""
        relay = self.relay
        queue = relay.queue
        more = len(relay.world.hit) + relay.throttles + queue.duplicates + queue.partials
        if relay.poisonings > DEATHS * len(relay.poison) + more:
            self._wrong("stuck", f"{sorted(relay.poison)} killed {relay.poisonings} processes")

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The ledger's entries."""
        table = self.relay.dynamodb.tables.get(LEDGER, {})
        return [from_attributes(item) for pk, item in table.items() if pk.startswith("import#")]

    @cached_property
    def owners(self) -> dict[str, str]:
        """Import id in Mateo → reference."""
        return {one["import_id"]: one["reference"] for one in self.entries if one.get("import_id")}

    @cached_property
    def frozen(self) -> dict[str, tuple[Any, Any]]:
        """Reference → payload and provenance of every import that was frozen."""
        found = {}
        for key, content in self.relay.s3.objects.items():
            if key.startswith("imports/"):
                body, provenance = gzip.decompress(content).split(b"\n", 1)
                found[key.split("/")[1]] = (json.loads(body)["payload"], json.loads(provenance))
        return found

    # ------------------------------------------------------------ I1

    def _check_items(self) -> None:
        for item, one in self.items.items():
            ends = self._end(item)
            if not ends and one.acknowledged and item not in self.relay.unproven:
                self._wrong("lost", f"{item} ({one.record.key}) ended nowhere")
            if len(ends) > 1:
                self._wrong("unexpected", f"{item} ended as {' and '.join(sorted(ends))}")
            if item in self.relay.died - self.relay.poison and not self._may_die:
                self._wrong("stuck", f"{item} is a dead letter, with so few faults")
            for end in ends:
                self._explain(item, one, end)
                if item in self._unsure:
                    continue
                if end == "imported" and not self._times_applied[item]:
                    self._wrong("lost", f"{item} is called imported, but Mateo has not got it")
                if end == "failed" and self._times_applied[item]:
                    self._wrong("unexpected", f"{item} is called failed, but Mateo has got it")
        self._deaths()
        self._uncertain_rows()
        self._check_unproven()
        for item in sorted(self.ends.keys() - self.items.keys()):
            self._wrong("unexpected", f"{item} was never received")

    def _check_unproven(self) -> None:
        """A refused record is a dead letter only if Mateo refuses it, whatever else it refused."""
        for item in sorted(self.relay.unproven):
            if not self._may_fail(self.items[item]):
                self._wrong("unexpected", f"{item} is a dead letter, and nobody refuses it")

    def _explain(self, item: str, one: Item, end: str) -> None:
        """Whether an item may have ended like this."""
        broken = {"no object": "rejected", "bad version": "rejected", "deletion": "ignored"}
        if one.record.broken:
            if end != broken[one.record.broken]:
                self._wrong("unexpected", f"{item}: {one.record.broken}, but {end}")
        elif end == "superseded":
            if not all(self._is_covered(item, one, field) for field in one.record.fields):
                self._wrong("lost", f"{item} is called superseded, but nothing newer is known")
        elif end == "duplicate":
            if not self._is_repeated(item, one):
                self._wrong("lost", f"{item} is called a duplicate of nothing")
        elif end in ("rejected", "failed") and not self._may_fail(one):
            self._wrong("unexpected", f"{item} {end} without a reason")
        elif end == "ignored" and not self._may_be_gone(one):
            self._wrong("unexpected", f"{item} ignored without a reason")

    @cached_property
    def _by_key(self) -> dict[str, list[tuple[str, Item]]]:
        found: dict[str, list[tuple[str, Item]]] = defaultdict(list)
        for item, one in self.items.items():
            if not one.record.broken:
                found[one.record.key].append((item, one))
        return found

    def _is_covered(self, item: str, one: Item, field_: str) -> bool:
        """Whether another change that came to Mateo says this field and is not older.

        A full record says all fields, also those that it leaves empty. One that waited until its
        record was deleted at the CRM need not come to Mateo.
        """
        return any(
            (field_ in other.record.fields or other.connection != "hub")
            and other.version >= one.version
            and (self._came_to_mateo(name) or self._is_gone(name, other))
            for name, other in self._by_key[one.record.key]
            if name != item
        )

    def _came_to_mateo(self, item: str) -> bool:
        """Whether a change was sent, or is the copy of one; Mateo may have refused it."""
        return bool(self._end(item) & (TRIED | {"duplicate"})) or item in self.relay.unproven

    def _may_fail(self, one: Item) -> bool:
        """Whether Mateo may have refused it, or a row that it was merged into."""
        of_key = self._by_key[one.record.key]
        return one.record.is_deal or any(other.record.failing for _, other in of_key)

    def _may_be_gone(self, one: Item) -> bool:
        """Whether its record may have been deleted at the CRM before it was read there."""
        return one.connection == CONNECTION and self.relay.fault_profile.crm_gone_s < math.inf

    def _is_gone(self, item: str, one: Item) -> bool:
        """Whether its record was deleted at the CRM before it could be sent."""
        return self._end(item) == {"ignored"} and self._may_be_gone(one)

    def _is_repeated(self, item: str, one: Item) -> bool:
        return any(
            _say_the_same(one, other)
            for name, other in self._by_key[one.record.key]
            if name != item
        )

    # ------------------------------------------------------------ I2

    def _check_imports(self) -> None:
        wanted: Counter[str] = Counter()
        for entry in self.entries:
            if entry["state"] not in NEVER_CREATED and entry["reference"] in self.frozen:
                wanted[_text(self.frozen[entry["reference"]][0])] += 1
        found = Counter(_text(one.payload) for one in self.relay.mateo.imports.values())
        for payload in found - wanted:
            self._wrong("duplicated", f"Mateo has {found[payload]} imports of {payload}")
        for item, times in self._times_applied.items():
            if times > 1:
                self._wrong("duplicated", f"{item} was imported {times} times")
        self._replays()
        self._handles()

    def _handles(self) -> None:
        """Of the contacts of an import with one e-mail address the newest is the last."""
        for reference, (payload, provenance) in self.frozen.items():
            holders: dict[str, list[Version]] = defaultdict(list)
            for row, item_id in zip(payload, provenance, strict=True):
                items = [f"{one['delivery']}/{one['n']}" for one in item_id["items"]]
                versions = [self.items[one].version for one in items if one in self.items]
                if row.get("email") and versions:
                    holders[row["email"].lower()].append(max(versions))
            if any(versions != sorted(versions) for versions in holders.values()):
                self._wrong("stale", f"{reference}: an e-mail address goes to an older change")

    def _replays(self) -> None:
        """What a sender requeues is not imported again, if nothing came in between."""
        for of_key in self._by_key.values():
            versions: dict[tuple[int, str], list[tuple[str, Item]]] = defaultdict(list)
            for item, one in of_key:
                # The versions of one are times of receipt, of the other what is read may change.
                if one.connection not in ("plain", CONNECTION):
                    versions[one.record.version, replay_id_of(item)].append((item, one))
            for of_version in versions.values():
                changes = {(one.event, str(one.record.fields)) for _, one in of_version}
                imported = [item for item, _ in of_version if self.ends.get(item) == {"imported"}]
                if len(changes) == 1 and len(imported) > 1:
                    self._wrong("duplicated", f"{' and '.join(imported)} are the same change")

    @cached_property
    def _times_applied(self) -> Counter[str]:
        """Item → how often Mateo applied a row that it was part of."""
        return Counter(item for one in self.applied for item in one.items)

    @cached_property
    def applied(self) -> list[Applied]:
        """The rows that Mateo applied, in its order."""
        found = []
        given_up = {one["reference"] for one in self.entries if one["state"] == State.TIMED_OUT}
        for one in self.relay.mateo.applied:
            sources: Sequence[Any] = ()
            reference = self.owners.get(one.import_id) or self._given_up(one.import_id)
            if not reference:
                self._wrong("unexpected", f"{one.import_id} in Mateo belongs to nobody")
            else:
                payload, provenance = self.frozen[reference]
                if one.row in payload:
                    sources = provenance[payload.index(one.row)]["items"]
                else:
                    self._wrong("unexpected", f"{one.import_id} in Mateo is not {reference}")
            items = [f"{source['delivery']}/{source['n']}" for source in sources]
            late = reference in given_up and one.at > self._ended_at[reference]
            found.append(Applied(one.at, one.external_id, one.row, items, late))
        return found

    def _given_up(self, import_id: str) -> str:
        """The import that was given up before it was known that this one is it."""
        payload = self.relay.mateo.imports[import_id].payload
        for entry in self.entries:
            if entry["state"] == State.TIMED_OUT and not entry.get("import_id"):
                reference = str(entry["reference"])
                if self.frozen[reference][0] == payload:
                    return reference
        return ""

    @cached_property
    def _ended_at(self) -> dict[str, float]:
        """When each import came to its end: by the first execution that did, if one was let."""
        last_first = sorted(
            self.relay.executions,
            key=lambda one: (one.status == "ABORTED", one.ended_at),
            reverse=True,
        )
        return {one.document["reference"]: one.ended_at for one in last_first}

    # ------------------------------------------------------------ I3

    def _order(self) -> None:
        latest: dict[tuple[str, str], Version] = {}
        repeated: dict[tuple[str, str], list[Version]] = {}
        tags = self._tags
        for one in self.applied:
            if one.too_late:
                continue
            for column, value in one.row.items():
                field_ = COLUMNS.get(column)
                if field_ is None or (one.key, field_, str(value)) not in tags:
                    continue
                versions = tags[one.key, field_, str(value)]
                own = [versions[item] for item in one.items if item in versions]
                newest = max(own or versions.values())
                place = one.key, column
                before = latest.get(place, newest)
                may_be = max([newest, *self._copies(versions, one.at)])
                overtaken = any(_came_together(newest, copy) for copy in repeated.get(place, ()))
                if may_be < before or overtaken:
                    self._wrong("stale", f"{one.key}: {column} of {value} after a newer one")
                latest[place] = max(newest, before)
                repeated[place] = [*repeated.get(place, ()), *self._copies(versions)]
        for key, of_key in self._by_key.items():
            self._final(key, of_key, latest)

    @cached_property
    def _tags(self) -> dict[tuple[str, str, str], dict[str, Version]]:
        """Key, field and value → the items that say so, with their versions."""
        found: dict[tuple[str, str, str], dict[str, Version]] = defaultdict(dict)
        for item, one in self.items.items():
            for field_, value in one.record.fields.items():
                found[one.record.key, field_, str(value)][item] = one.version
        return found

    def _copies(
        self, versions: Mapping[str, Version], until: float = math.inf
    ) -> Iterator[Version]:
        """The versions of a change's copies, or of those that had come before a time.

        Of changes with one version the last to arrive wins, and one that was requeued may
        have arrived as the copy that ended as its duplicate.
        """
        for item, version in versions.items():
            came_at = self.items[item].received_at / 1_000_000
            if "duplicate" in self._end(item) and came_at < until + CLOCKS_S:
                yield version

    def _final(
        self,
        key: str,
        of_key: Sequence[tuple[str, Item]],
        latest: Mapping[tuple[str, str], Version],
    ) -> None:
        """The newest version that was imported is what Mateo has in the end.

        But for a column of which something newer is unaccounted for: older ones leave it out.
        """
        newest: dict[str, Version] = {}
        unsure: dict[str, Version] = {}
        for item, one in of_key:
            is_certain = item not in self._unsure
            known = newest if is_certain and self.ends.get(item) == {"imported"} else unsure
            if known is newest or not is_certain or "unaccounted" in self._end(item):
                for field_ in one.record.fields:
                    known[field_] = max(known.get(field_, one.version), one.version)
        for field_, least in self._read_versions(of_key):
            newest[field_] = max(newest.get(field_, least), least)
        for column, field_ in COLUMNS.items():
            version = latest.get((key, column))
            best = newest.get(field_)
            if best is None or version is None or unsure.get(field_, best) > best:
                continue
            if _as_sent(version) < _as_sent(best):
                self._wrong("stale", f"{key}: {column} is not of the newest version")

    def _read_versions(self, of_key: Sequence[tuple[str, Item]]) -> Iterator[tuple[str, Version]]:
        """The fields of changes that were read at the CRM as what another change had said already.

        What had said so has at least their version, unless something became of it in between.
        """
        if all(self._end(item) <= _GOOD for item, _ in of_key):
            for item, one in of_key:
                if one.connection == CONNECTION and self._end(item) == {"duplicate"}:
                    for field_ in one.record.fields:
                        yield field_, (one.version[0], "", 0)

    # ------------------------------------------------------------ I4

    def _limits(self) -> None:
        account = self.relay.account
        requests = self.relay.mateo.requests
        rate = int(account.requests_per_second)
        # When they left: what a network delays by seconds is nobody's fault.
        sent = sorted(one.sent_at for one in requests)
        for first, later in zip(sent, sent[rate:], strict=False):
            if later - first < 1.0 + JITTER_S:
                self._wrong("over-limit", f"{rate + 1} requests within {later - first:.3f} s")
        for day, number in Counter(one.day for one in requests).items():
            if number > account.requests_per_day:
                self._wrong("over-limit", f"{number} requests on {day}")
        entities: Counter[str] = Counter()
        for one in requests:
            if one.why in ("requests", "entities") and self.relay.mateo.keeps_to_limits:
                self._wrong("over-limit", f"Mateo refused {one.rows} rows for the day's {one.why}")
            if one.import_id:
                entities[one.day] += one.rows
        for day, number in entities.items():
            if number > account.entities_per_day:
                self._wrong("over-limit", f"{number} entities on {day}")
        self._insistence()

    def _insistence(self) -> None:
        """While Mateo refuses every POST, the relay asks less and less often."""
        refused = [one.at for one in self.relay.mateo.requests if one.why == "spent"]
        for first, later in zip(refused, refused[MAX_REFUSED:], strict=False):
            if later - first < 3_600.0:
                self._wrong("over-limit", f"{MAX_REFUSED + 1} refused posts within an hour")
                return

    # ------------------------------------------------------------ I5

    def _reports(self) -> None:
        summaries = {
            key.split("import=")[1].split("/")[0]: json.loads(content)
            for key, content in self.relay.s3.objects.items()
            if key.endswith("/summary.json")
        }
        for entry in self.entries:
            if entry["state"] in NEVER_CREATED:
                continue
            if entry["state"] in UNFINISHED:
                self._wrong("stuck", f"import {entry['reference']} is {entry['state']} for ever")
            elif entry["reference"] not in summaries:
                self._wrong("unreported", f"import {entry['reference']} has no report")
        for reference, summary in summaries.items():
            self._patience(reference, summary)
            rows = summary["rows"]
            if rows["total"] != rows["imported"] + rows["failed"] + rows["unaccounted"]:
                self._wrong("unreported", f"report of {reference} does not add up: {rows}")
        said = sum(summary["rows"]["imported"] for summary in summaries.values())
        unsure = sum(summary["rows"]["unaccounted"] for summary in summaries.values())
        if not said <= len(self.relay.mateo.applied) <= said + unsure:
            applied = len(self.relay.mateo.applied)
            self._wrong("unreported", f"Mateo applied {applied} rows, reports say {said}")

    def _patience(self, reference: str, summary: Mapping[str, Any]) -> None:
        """An import is followed for long enough, and given up for a reason only."""
        followed_s = self._ended_at[reference] - _seconds(summary["created_at"])
        if followed_s < self._patience_s(summary) - CLOCKS_S:
            self._wrong("unreported", f"{reference} was given up after {followed_s:.0f} s")
        if summary["state"] == "unfinished":
            self._given_up_for_a_reason(reference, summary["import_id"])
            if self._was_calm(self._ended_at[reference]):
                self._wrong("unreported", f"{reference} was given up, and nothing was in the way")

    def _given_up_for_a_reason(self, reference: str, import_id: str) -> None:
        """An import is given up only while Mateo answers, and by what it answers."""
        ended_at, fault_profile = self._ended_at[reference], self.relay.fault_profile
        if not import_id:
            may_be_hidden = fault_profile.hidden_payloads or fault_profile.expired_links
            if not may_be_hidden:
                self._wrong("unreported", f"{reference} was given up, and nothing hid it")
        elif self.relay.mateo.imports[import_id].finished_at < ended_at - GIVING_UP_S:
            self._wrong("unreported", f"{reference} was given up, and had finished long before")

    def _patience_s(self, summary: Mapping[str, Any]) -> float:
        """How long an import is followed at least that ended like this."""
        if summary["state"] == "unfinished":
            return self.relay.account.tracking_hours * 3_600
        return BELIEVED_AFTER_S if summary["rows"]["unaccounted"] else 0.0

    def _was_calm(self, timestamp: float) -> bool:
        """Whether at a time all had been well for long, and requests enough to see it."""
        has_requests = self.relay.account.requests_per_day >= 10_000
        return has_requests and timestamp > self.relay.calm_at + CALM_S

    # ------------------------------------------------------------ the pause

    def _pause(self) -> None:
        shut = self.relay.mapping.lambda_.shut
        if shut:
            self._wrong("stuck", f"submission was paused {shut} times with nothing to open it")
        for what in self.relay.watch.failed:
            self._wrong("stuck", what)

    # ------------------------------------------------------------ conservation

    def _outcome_counts(self) -> None:
        table = self.relay.dynamodb.tables.get(LEDGER, {})
        counted: Counter[tuple[str, str]] = Counter()
        for pk, item in table.items():
            if pk.startswith("counts#"):
                for name, value in from_attributes(item).items():
                    if name in ENDS:
                        counted[pk.removeprefix("counts#"), name] += int(value)
        found: Counter[tuple[str, str]] = Counter()
        twice: Counter[tuple[str, str]] = Counter()
        for name, ends in self.ends.items():
            if name in self.items:
                one = self.items[name]
                day = self.relay.limits.day((one.put_back_at or one.received_at) / 1_000_000)
                found.update((day, end) for end in ends)
                # A copy of its message may come after the record was deleted at the CRM.
                twice[day, "ignored"] += ends == {"imported"} and self._may_be_gone(one)
        more, less = counted - found - twice, found - counted
        if more or less:
            wrong = f"the outcome counts has {dict(more)} too many, {dict(less)} too few"
            self._wrong("miscounted", wrong)

    def _put_back(self) -> None:
        """What was put back is counted as received again, keeps its time, and is all there was."""
        put_back = self.relay.put_back
        for item, one in put_back.items.items():
            if one.original not in self.items:
                self._wrong("unexpected", f"{item} was put back and never received")
            elif one.received_at != self.items[one.original].received_at:
                self._wrong("stale", f"{item} was put back as received at another time")
            elif self._end(item) == {"duplicate"} and not self._has_copy(item):
                self._wrong("lost", f"{item} was put back and refused as a duplicate")
        for name, wanted in put_back.wanted.items():
            there = {one.original for one in put_back.items.values() if one.delivery.endswith(name)}
            for item in sorted(wanted - there):
                self._wrong("lost", f"{item} had ended and was not put back by {name}")
        table = self.relay.dynamodb.tables.get(LEDGER, {})
        found = Counter(
            self.relay.limits.day(one.at / 1_000_000) for one in put_back.items.values()
        )
        counted = Counter(
            {
                pk.removeprefix("counts#"): int(item["replayed"]["N"])
                for pk, item in table.items()
                if pk.startswith("counts#") and "replayed" in item
            }
        )
        if found != counted:
            self._wrong("miscounted", f"{dict(counted)} counted as put back, {dict(found)} were")

    def _has_copy(self, item: str) -> bool:
        """Whether the same replay put back another item that says the same."""
        one = self.items[item]
        return any(
            replay_id_of(name) == replay_id_of(item) and _say_the_same(one, other)
            for name, other in self._by_key[one.record.key]
            if name != item
        )

    def _budget(self) -> None:
        """Held is what the imports have, on the day on which they were sent."""
        table = self.relay.dynamodb.tables.get(LEDGER, {})
        sent: Counter[str] = Counter()
        for one in self.relay.mateo.requests:
            if one.import_id:
                sent[self.relay.limits.day(one.sent_at)] += one.rows
        imports: Counter[str] = Counter()
        for entry in self.entries:
            if entry["state"] not in NEVER_CREATED:
                imports[str(entry["day"])] += int(entry["rows"])
        held: Counter[str] = Counter()
        for pk, item in table.items():
            if pk.startswith("day#"):
                held[pk.removeprefix("day#")] = int(from_attributes(item).get("entities", 0))
        for day in sorted(held.keys() | imports.keys() | sent.keys()):
            if held[day] != imports[day]:
                self._wrong("miscounted", f"{day}: {held[day]} held, imports have {imports[day]}")
            if held[day] < sent[day]:
                self._wrong("over-limit", f"{day}: {sent[day]} sent, {held[day]} held")


def _say_the_same(one: Item, other: Item) -> bool:
    """Whether one may be a copy of the other: of a record that is read, all say what it is then."""
    if one.connection != other.connection:
        return False
    return one.connection == CONNECTION or one.record.fields == other.record.fields


def _as_sent(version: Version) -> Version:
    """The version of the sender's own item.

    What was put back has its version and its values: which of the two came last breaks no promise.
    """
    return version[0], original_delivery(version[1]), version[2]


def _came_together(older: Version, newer: Version) -> bool:
    """Whether one delivery brought both, of which the first is the older."""
    return older[1] == newer[1] and older < newer


def _lines(content: bytes) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in content.splitlines())


def _item(item_id: str) -> str:
    return item_id.partition("~")[0]


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()
