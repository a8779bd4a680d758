"""The books of a run: what Mateo holds, what the relay says, and what is wrong."""

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from pydantic_core import from_json

from import_relay.domain.files import row_received_at
from import_relay.domain.replays import original_delivery, replay_id_of
from import_relay.storage.attributes import from_attributes
from import_relay.storage.entries import State
from tests.simulation.crm import CONNECTION
from tests.simulation.putting_back import received_at as timestamp_of
from tests.simulation.relay import Relay
from tests.simulation.scenario import AT, Record, Violation
from tests.simulation.senders import Senders
from tests.simulation.stores import LEDGER
from tests.simulation.uploads import line_of

SENT = ("feeding", "finished")
"""States of files whose rows are sent."""
CLOCKS_S = 10.0
"""How far the relay's times may be from the true time."""
Version = tuple[int, str, int, str]
"""A version, then the sender's delivery, the number of the item in it, and the replay if any."""


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
    is_test: bool = False

    @property
    def version(self) -> Version:
        """What orders it among the changes of its record; among equal versions, when it came."""
        version = self.received_at if self.connection == "plain" else self.record.version
        sent_in, replay = original_delivery(self.delivery), replay_id_of(self.delivery)
        return version, sent_in, self.number, replay


class Applied(NamedTuple):
    """A row that Mateo applied: when, of which import, and where it came from."""

    at: float
    key: str
    row: Mapping[str, Any]
    items: Sequence[str]
    too_late: bool
    """The import had been given up before, and its records were free for other imports."""


@dataclass
class Books:
    """What the simulated Mateo and the bucket hold, and what is wrong with that."""

    relay: Relay
    senders: Senders
    violations: list[Violation] = field(default_factory=list)

    def wrong(self, promise: str, what: str) -> None:
        """Note that a promise is broken."""
        self.violations.append(Violation(promise, what))

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
                    is_test=webhook.is_test,
                )
        found |= self._rows_of_files()
        for item, one in self.relay.put_back.items.items():
            if one.original in found:
                found[item] = found[one.original]._replace(
                    delivery=one.delivery,
                    received_at=one.received_at,
                    acknowledged=True,
                    put_back_at=one.at,
                )
        return found

    def _rows_of_files(self) -> dict[str, Item]:
        """The rows of files that could be read to their end."""
        found = {}
        for file in self.relay.inbox.noted():
            for number, record in enumerate(file.upload.rows if file.state in SENT else ()):
                line = line_of(file.upload, number)
                found[f"{file.delivery}/{line}"] = Item(
                    record,
                    file.upload.connection,
                    file.delivery,
                    line,
                    row_received_at(file.received_at, line),
                    acknowledged=True,
                    event=file.id,
                )
        return found

    @cached_property
    def outcomes(self) -> dict[str, set[str]]:
        """Item → its outcomes by what is in the bucket: by reports, else by its latest line."""
        latest: dict[str, tuple[int, str]] = {}
        imported: dict[str, set[str]] = defaultdict(set)
        for key, content in self.relay.s3.objects.items():
            if key.startswith(("rejected/", "outcomes/")):
                for line in _lines(content):
                    item, found = item_of(line["item_id"]), (line["recorded_at"], line["outcome"])
                    latest[item] = max(found, latest.get(item, found))
        for _, line in self._report_rows:
            if line["outcome"] != "retried":
                for item_id in line["item_ids"]:
                    imported[item_of(item_id)].add(line["outcome"])
        return {item: {outcome} for item, (_, outcome) in latest.items()} | imported

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
    def uncertain(self) -> dict[str, list[dict[str, Any]]]:
        """Reference → rows of which the report knows only how many were imported."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for reference, line in self._report_rows:
            if not line["certain"]:
                found[reference].append(line)
        return found

    @cached_property
    def unsure(self) -> set[str]:
        """The items of those rows."""
        rows = (line for lines in self.uncertain.values() for line in lines)
        return {item_of(item_id) for line in rows for item_id in line["item_ids"]}

    def outcomes_of(self, item: str) -> set[str]:
        """The outcomes of an item: one, or none yet, if all is well."""
        return self.outcomes.get(item, set())

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The ledger's entries."""
        table = self.relay.dynamodb.tables.get(LEDGER, {})
        return [from_attributes(item) for pk, item in table.items() if pk.startswith("import#")]

    @cached_property
    def cut(self) -> set[str]:
        """The keys of the rows that Mateo cut off because its day was spent."""
        imports = self.relay.mateo.imports.values()
        return {_key_of(row) for one in imports for row in one.cut}

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
                found[key.split("/")[1]] = (from_json(body)["payload"], from_json(provenance))
        return found

    @cached_property
    def by_key(self) -> dict[str, list[tuple[str, Item]]]:
        found: dict[str, list[tuple[str, Item]]] = defaultdict(list)
        for item, one in self.items.items():
            if not one.record.broken and not one.is_test:
                found[one.record.key].append((item, one))
        return found

    @cached_property
    def times_applied(self) -> Counter[str]:
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
                self.wrong("unexpected", f"{one.import_id} in Mateo belongs to nobody")
            else:
                payload, provenance = self.frozen[reference]
                if one.row in payload:
                    sources = provenance[payload.index(one.row)]["items"]
                else:
                    self.wrong("unexpected", f"{one.import_id} in Mateo is not {reference}")
            items = [f"{source['delivery']}/{source['n']}" for source in sources]
            late = reference in given_up and one.at > self.ended_at[reference]
            found.append(Applied(one.at, _key_of(one.row), one.row, items, late))
        return found

    def _given_up(self, import_id: str) -> str:
        """The reference of an import that was given up before the relay found it in Mateo.

        A replay may have posted the same payload again: it is the last one that began before this.
        """
        stored = self.relay.mateo.imports[import_id]
        found = [
            (float(entry["created_at"]), str(entry["reference"]))
            for entry in self.entries
            if entry["state"] == State.TIMED_OUT
            and not entry.get("import_id")
            and self.frozen[str(entry["reference"])][0] == stored.payload
            and float(entry["created_at"]) < stored.created_at + CLOCKS_S
        ]
        return max(found, default=(0.0, ""))[1]

    @cached_property
    def ended_at(self) -> dict[str, float]:
        """Reference → the end of its first execution that nobody stopped, else of any."""
        last_first = sorted(
            self.relay.executions,
            key=lambda one: (one.status == "ABORTED", one.ended_at),
            reverse=True,
        )
        return {one.document["reference"]: one.ended_at for one in last_first}


def say_the_same(one: Item, other: Item) -> bool:
    """Whether one may be a copy of the other; what is fetched at the CRM may always be."""
    if one.connection != other.connection:
        return False
    return one.connection == CONNECTION or one.record.fields == other.record.fields


def _key_of(row: Mapping[str, Any]) -> str:
    """The key of the record that a row is about; without an id, its e-mail address has it."""
    return str(row.get("external_id") or row["email"].lower().removesuffix(AT))


def _lines(content: bytes) -> Iterator[dict[str, Any]]:
    return (from_json(line) for line in content.splitlines())


def item_of(item_id: str) -> str:
    return item_id.partition("~")[0]
