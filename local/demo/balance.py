"""The demo's reconciliation: every accepted item in exactly one place, and Mateo's database as
expected.

It reads what an operator reads (the bucket) and what Mateo stored (its admin surface), and nothing
of the relay's inside.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from local.demo.expected import DEMO_TYPES, Expected
from local.stack.stack import RunningStack

ROWS_PER_PAGE = 10_000

StoredRecords = Mapping[str, Sequence[dict[str, Any]]]
"""Type of record → what Mateo holds of it."""


@dataclass(slots=True)
class Balance:
    """Counts by outcome, and everything that does not add up."""

    outcomes: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    wrong: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)

    def check(self, holds: bool, what: str, otherwise: str) -> None:  # noqa: FBT001 - the claim
        """Note a claim that holds, or what is wrong with it."""
        (self.checks if holds else self.wrong).append(what if holds else otherwise)


def reconcile(
    stack: RunningStack,
    accepted: Mapping[str, int],
    expected: Expected,
    files: Mapping[str, int] = MappingProxyType({}),
    stored: StoredRecords | None = None,
) -> Balance:
    """Compare what was accepted (delivery → items) with where it ended.

    Args:
        stack: with nothing under way any more.
        expected: what Mateo must hold.
        files: files of rows by their delivery → their lines; each line is a row.
        stored: what Mateo holds, if that was read already.
    """
    reconciliation = Balance(accepted=sum(accepted.values()) + sum(files.values()))
    items = {f"{delivery}/{n}" for delivery, many in accepted.items() for n in range(many)}
    rows = {f"{delivery}/{n + 1}" for delivery, many in files.items() for n in range(many)}
    _items(stack, items | rows, reconciliation)
    stored = stored or read_stored(stack)
    _reports(stack, stored, reconciliation)
    if files:
        _files(stack, files, reconciliation)
    _contents(stored, expected, reconciliation)
    _limits(stack, reconciliation)
    return reconciliation


def read_stored(stack: RunningStack) -> StoredRecords:
    """What Mateo holds now."""
    return {kind: list(_pages(stack, kind)) for kind in DEMO_TYPES}


def objects(stack: RunningStack, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Key and content of all objects below a prefix."""
    s3, bucket = stack.client("s3"), stack.outputs["BucketName"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for found in page.get("Contents", []):
            yield found["Key"], s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()


def _lines(stack: RunningStack, prefix: str, ending: str) -> Iterator[dict[str, Any]]:
    for key, content in objects(stack, prefix):
        if key.endswith(ending):
            text = gzip.decompress(content) if ending.endswith(".gz") else content
            yield from (json.loads(line) for line in text.splitlines())


def places(stack: RunningStack) -> Mapping[str, set[str]]:
    """Where each item ended: in a report, else as its latest line says."""
    lines = [
        line for prefix in ("rejected/", "outcomes/") for line in _lines(stack, prefix, ".ndjson")
    ]
    lines.sort(key=lambda line: int(line["recorded_at"]))
    last = {_item(line["item_id"]): str(line["outcome"]) for line in lines}
    reported: dict[str, set[str]] = defaultdict(set)
    for line in _lines(stack, "reports/", "rows.ndjson.gz"):
        for item_id in line["item_ids"]:
            if line["outcome"] != "retried":
                reported[_item(item_id)].add(line["outcome"])
    return {item: {outcome} for item, outcome in last.items()} | reported


def _items(stack: RunningStack, known: set[str], reconciliation: Balance) -> None:
    found = places(stack)
    reconciliation.outcomes = Counter(end for one in found.values() for end in one)
    several = [item for item, outcomes in found.items() if len(outcomes) > 1]
    lost, foreign = known - found.keys(), found.keys() - known
    reconciliation.check(
        not several and not lost and not foreign,
        f"each of {len(known):,} accepted items ended in exactly one place",
        f"items: {len(lost)} nowhere, {len(several)} in several places, {len(foreign)} unknown",
    )


def _item(item_id: str) -> str:
    """The item behind an item id, whichever attempt it is."""
    return item_id.partition("~")[0]


def _reports(stack: RunningStack, stored: StoredRecords, reconciliation: Balance) -> None:
    summaries = [
        json.loads(content)
        for key, content in objects(stack, "reports/")
        if key.endswith("summary.json")
    ]
    wrong = [one["reference"] for one in summaries if not _adds_up(one["rows"])]
    reconciliation.check(
        not wrong,
        f"rows = imported + failed + unaccounted in each of {len(summaries)} reports",
        f"reports that do not add up: {', '.join(wrong)}",
    )
    applied = sum(one["rows_applied"] for records in stored.values() for one in records)
    imported = sum(one["rows"]["imported"] for one in summaries)
    reconciliation.check(
        applied == imported,
        f"Mateo applied {applied:,} rows, as many as the reports call imported: none twice",
        f"Mateo applied {applied:,} rows, the reports say {imported:,}",
    )


def _files(stack: RunningStack, files: Mapping[str, int], reconciliation: Balance) -> None:
    counts = [
        json.loads(content)["rows"]
        for key, content in objects(stack, "files/")
        if key.endswith("summary.json")
    ]
    totals = sorted(one.pop("total") for one in counts)
    are_whole = totals == sorted(sum(one.values()) for one in counts)
    reconciliation.check(
        are_whole and totals == sorted(files.values()),
        f"a report of each file, with the outcome of each of {sum(totals):,} rows",
        f"reports of files with {sum(totals):,} rows instead of {sum(files.values()):,}",
    )


def _adds_up(rows: Mapping[str, int]) -> bool:
    return rows["total"] == rows["imported"] + rows["failed"] + rows["unaccounted"]


def _contents(stored: StoredRecords, expected: Expected, reconciliation: Balance) -> None:
    found_ids: dict[str, Counter[str]] = {}
    for kind in DEMO_TYPES:
        wanted: set[str] = getattr(expected, kind)
        found = found_ids[kind] = Counter(one["external_id"] for one in stored[kind])
        reconciliation.check(
            found == Counter(wanted),
            f"Mateo holds exactly the {len(wanted):,} {kind} that it should",
            f"{kind}: {len(found.keys() - wanted)} too many, {len(wanted - found.keys())} missing, "
            f"{found.total() - len(found)} double",
        )
    _by_connection(found_ids, expected, reconciliation)
    names = {one["external_id"]: one["fields"].get("full_name") for one in stored["contacts"]}
    stale = [key for key, name in expected.names.items() if names.get(key) != name]
    reconciliation.check(
        not stale,
        "changed contacts have their newest name: nothing old came after",
        f"contacts with an older name: {', '.join(stale)}",
    )


def _by_connection(
    found: Mapping[str, Counter[str]], expected: Expected, reconciliation: Balance
) -> None:
    for connection, of_types in expected.of_connections.items():
        missing = {kind: ids - found[kind].keys() for kind, ids in of_types.items()}
        reconciliation.check(
            not any(missing.values()),
            f"from {connection}: {_numbers(of_types)}",
            f"from {connection}, missing: {_numbers(missing)}",
        )


def _numbers(of_types: Mapping[str, set[str]]) -> str:
    return ", ".join(f"{len(ids):,} {kind}" for kind, ids in of_types.items() if ids)


def _limits(stack: RunningStack, reconciliation: Balance) -> None:
    limits = stack.mateo("GET", "state")["limits"]
    requests = list(_pages(stack, "requests"))
    arrivals = sorted(one["arrived_real_us"] for one in requests if one["counted"])
    rate = int(limits["requests_per_second"])
    spans = [later - first for first, later in zip(arrivals, arrivals[rate:], strict=False)]
    least_s = min(spans, default=1_000_000) / 1_000_000
    refused = sum(one["status"] == 429 for one in requests)
    keeps_rate = least_s >= 1
    reconciliation.check(
        refused == 0 and keeps_rate,
        f"{len(requests)} requests to Mateo, never more than {rate} within a second, none refused",
        f"{rate + 1} requests within {least_s} s, Mateo refused {refused}"
        if not keeps_rate
        else f"Mateo refused {refused} requests",
    )
    per_day: Counter[str] = Counter()
    for one in requests:
        if one["import_id"]:  # what Mateo refuses costs no entities
            per_day[str(one["arrived_at_us"] // 86_400_000_000)] += one["rows"] or 0
    most = max(per_day.values(), default=0)
    reconciliation.check(
        most <= limits["entities_per_day"],
        f"never more than {most:,} entities on a day (limit {limits['entities_per_day']:,})",
        f"{most:,} entities on one day, the limit is {limits['entities_per_day']:,}",
    )


def _pages(stack: RunningStack, kind: str) -> Iterator[dict[str, Any]]:
    offset = 0
    while True:
        page = stack.mateo("GET", f"{kind}?limit={ROWS_PER_PAGE}&offset={offset}")
        yield from page["items"]
        offset += ROWS_PER_PAGE
        if offset >= page["count"]:
            return
