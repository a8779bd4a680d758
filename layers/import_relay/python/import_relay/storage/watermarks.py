"""The watermarks: per record, the last change that was claimed for each field.

One item per record key, and one per alias, another name of a record, that says its key. Read and
written in bulk without conditions: only the holder of the lease writes claims, and reports mark
failures only while the record's import blocks it.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from import_relay.domain.batches import batches
from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.models import Claim, Watermark
from import_relay.domain.retrying import WRITE_ITEMS, tries
from import_relay.storage.bulk_reads import READ_BATCH, read_items
from import_relay.storage.conditions import takes_effect
from import_relay.storage.in_threads import ForAll, in_threads
from import_relay.storage.item_writes import attribute, update_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

WATERMARK_DAYS = 150
"""How long a record is remembered: longer than a row of a file can wait (120 days in the bucket, 28
in both queues), and than a replayed item can (35 days in the bucket, then the queues). Shorter than
the ledger entries that its claims point to are kept."""
WRITE_BATCH = 25
"""Items per BatchWriteItem (AWS quota)."""
_BY_HANDLE = re.compile(
    r"(?P<column>(alias#)?contact_details#(?!external_id:|secondary_external_id:)\w+:)"
    r"(?P<handle>(?!sha256:).+)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Watermarks:
    """The table of watermarks. `for_all` makes the calls of what takes many."""

    client: "DynamoDBClient"
    table: str
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep
    for_all: ForAll = in_threads

    def read(self, keys: Iterable[str]) -> dict[str, Watermark]:
        """The watermarks of those records that have one, read consistently.

        Raises:
            StoreUnavailable: DynamoDB left a part unanswered, again and again.
        """
        found: dict[str, Watermark] = {}
        wanted = {stored_key(key): key for key in keys}
        for items in self.for_all(self._read_batch, batches(sorted(wanted), READ_BATCH)):
            for item in items:
                found[wanted[item["pk"]["S"]]] = _watermark(item)
        return found

    def write(self, records: Mapping[str, Watermark]) -> None:
        """Replace the watermarks of records, each by itself.

        Raises:
            StoreUnavailable: DynamoDB left a part unwritten, again and again.
        """
        expires = str(int(self.clock()) + WATERMARK_DAYS * 86_400)
        self.for_all(
            lambda batch: self._write_batch(
                [_item(key, watermark, expires) for key, watermark in batch]
            ),
            batches(records.items(), WRITE_BATCH),
        )

    def delete(self, keys: Iterable[str]) -> int:
        """Forget records; returns how many there were.

        Raises:
            StoreUnavailable: DynamoDB left a part unwritten, again and again.
        """
        known = sorted({stored_key(key) for key in self.read(keys)})
        for batch in batches(known, WRITE_BATCH):
            self._write_requests([{"DeleteRequest": {"Key": {"pk": {"S": one}}}} for one in batch])
        return len(known)

    def note_repeated(self, records: Mapping[str, Mapping[str, Claim]]) -> None:
        """Note that changes were repeated: key → the claims, by field, as they are since.

        A record that was claimed again meanwhile is left alone, and nothing else of a claim is
        replaced: a report may mark it as failed at the same time.
        """
        self.for_all(lambda record: self._note_repeated(*record), records.items())

    def _note_repeated(self, key: str, claims: Mapping[str, Claim]) -> None:
        for field_name, claim in claims.items():
            noted = update_of(
                self.table,
                {"pk": {"S": stored_key(key)}},
                attribute("claims", field_name, "item_id").eq(claim.item_id),
                sets={
                    ("claims", field_name, "version"): claim.version,
                    ("claims", field_name, "repeated_by"): claim.repeated_by,
                },
            )
            takes_effect(partial(self.client.update_item, **noted))

    def fail_claims(self, rows: Iterable[tuple[str, Iterable[str]]], reference: str) -> None:
        """Let the same changes be claimed again, since this import failed to import them.

        A claim that belongs to another import by now is left alone.

        Args:
            rows: keys and claims.
            reference: of the import.
        """
        self.for_all(lambda row: self._fail_claim(row[0], row[1], reference), rows)

    def _fail_claim(self, key: str, claims: Iterable[str], reference: str) -> None:
        for field_name in claims:
            failed = update_of(
                self.table,
                {"pk": {"S": stored_key(key)}},
                attribute("claims", field_name, "reference").eq(reference),
                sets={("claims", field_name, "failed"): True},
            )
            # If this fails, somebody else has claimed the record since.
            takes_effect(partial(self.client.update_item, **failed))

    def _read_batch(self, keys: Sequence[str]) -> list[Mapping[str, Any]]:
        items = [{"pk": {"S": key}} for key in keys]
        return list(read_items(self.client, self.table, items, sleep=self.sleep))

    def _write_batch(self, items: Sequence[Mapping[str, Any]]) -> None:
        self._write_requests([{"PutRequest": {"Item": item}} for item in items])

    def _write_requests(self, pending: Sequence[Any]) -> None:
        for _ in tries(WRITE_ITEMS, self.sleep):
            answer = self.client.batch_write_item(RequestItems={self.table: pending})
            pending = answer.get("UnprocessedItems", {}).get(self.table, [])
            if not pending:
                return
        raise StoreUnavailable("not all written: UnprocessedItems in BatchWriteItem")


def stored_key(key: str) -> str:
    """The key of a record in the table: a handle, which is personal data, is replaced by its hash.

    A key that is stored already stays as it is.
    """
    found = _BY_HANDLE.fullmatch(key)
    if found is None:
        return key
    digest = hashlib.sha256(found["handle"].encode("utf-8", "surrogatepass")).hexdigest()
    return f"{found['column']}sha256:{digest}"


def _item(key: str, watermark: Watermark, expires: str) -> dict[str, Any]:
    claims = {
        field_name: {
            "M": {
                "version": {"N": str(claim.version)},
                "event": {"S": claim.event},
                "item_id": {"S": claim.item_id},
                "reference": {"S": claim.reference},
                **({"failed": {"BOOL": True}} if claim.failed else {}),
                **({"connection": {"S": claim.connection}} if claim.connection else {}),
                **({"repeated_by": {"S": claim.repeated_by}} if claim.repeated_by else {}),
                **({"as_new_as": {"S": claim.as_new_as}} if claim.as_new_as else {}),
            }
        }
        for field_name, claim in watermark.claims.items()
    }
    item: dict[str, Any] = {
        "pk": {"S": stored_key(key)},
        "expires_at": {"N": expires},
        "claims": {"M": claims},
    }
    if watermark.owner:
        item["owner"] = {"S": stored_key(watermark.owner)}
    if watermark.earlier:
        item["earlier"] = {"L": [{"S": item_id} for item_id in watermark.earlier]}
    return item


def _watermark(item: Mapping[str, Any]) -> Watermark:
    claims = {
        field_name: Claim(
            version=int(claim["M"]["version"]["N"]),
            event=claim["M"]["event"]["S"],
            item_id=claim["M"]["item_id"]["S"],
            reference=claim["M"]["reference"]["S"],
            failed="failed" in claim["M"],
            connection=claim["M"].get("connection", {}).get("S", ""),
            repeated_by=claim["M"].get("repeated_by", {}).get("S", ""),
            as_new_as=claim["M"].get("as_new_as", {}).get("S", ""),
        )
        for field_name, claim in item["claims"]["M"].items()
    }
    return Watermark(
        claims,
        tuple(one["S"] for one in item.get("earlier", {}).get("L", ())),
        item.get("owner", {}).get("S", ""),
    )
