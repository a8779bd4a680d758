"""How the rows of one import ended, by its report in the bucket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from import_relay.domain.provenance import ItemProvenance
from import_relay.storage.entries import Entry, from_item
from relay_ops.stack import Stack


@dataclass(frozen=True, slots=True)
class ImportReport:
    """An import as ledger and report tell it. `outcomes`: of each row; none before the report."""

    reference: str
    entry: Entry | None
    outcomes: Sequence[str]
    failures: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, stack: Stack, reference: str, type_: str) -> Self:
        """Read as much of it as there is."""
        key = {"pk": {"S": f"import#{reference}"}}
        answer = stack.client("dynamodb").get_item(TableName=stack.ledger_table, Key=key)
        entry = from_item(answer["Item"]) if "Item" in answer else None
        created_at = entry.created_at if entry else begun_at(reference)
        day = datetime.fromtimestamp(created_at, stack.time_zone).date()
        folder, bucket = f"reports/date={day}/type={type_}/import={reference}", stack.objects
        outcomes = [line["outcome"] for line in bucket.lines(f"{folder}/rows.ndjson.gz")]
        failed = "failed" in outcomes
        failures = {
            item["item_id"]: failure
            for failure in (bucket.lines(f"{folder}/failures.ndjson") if failed else ())
            for item in failure["items"]
        }
        return cls(reference, entry, outcomes, failures)

    @property
    def at(self) -> float:
        """When it was made (s since the epoch)."""
        return self.entry.created_at if self.entry else begun_at(self.reference)

    def failure_of(self, items: Iterable[ItemProvenance]) -> Mapping[str, Any]:
        """Mateo's failure of the row that is made of these items; empty if it lists none."""
        ids = (one.occurrence.item_id for one in items)
        return next((self.failures[one] for one in ids if one in self.failures), {})


def begun_at(reference: str) -> float:
    """When an import was made, by its reference (s since the epoch); 0 if it does not say."""
    try:
        made = datetime.fromisoformat(reference.partition("-")[0]).replace(tzinfo=UTC)
    except ValueError:
        return 0.0
    return made.timestamp()
