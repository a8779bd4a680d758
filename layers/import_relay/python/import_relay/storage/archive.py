"""The bucket: frozen imports, reports, rejected records, outcomes, items too large for the queue.

Prefixes carry `date=` and `type=` so that Athena reads them as partitions as they are.
"""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from import_relay.domain.codes import CODES
from import_relay.domain.models import ItemOutcome, Pointer, Row
from import_relay.domain.notes import as_objects
from import_relay.domain.provenance import RowProvenance, item_as_object, parse_rows, row_as_object
from import_relay.domain.replays import as_object
from import_relay.domain.report_text import finite, json_text, ndjson_content
from import_relay.storage.aws_errors import is_no_object
from import_relay.storage.erasure_demands import demand_objects
from import_relay.storage.row_failures import put_row_failures

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MAX_VALUE_LENGTH = 2_000
"""Characters of a wrong value beside the record that it stands in."""


@dataclass(frozen=True, slots=True)
class FrozenImport:
    """An import as it was or will be posted: the exact body, and where each row came from."""

    body: bytes
    provenance: Sequence[RowProvenance]


class Archive:
    """The relay's bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def freeze(self, reference: str, body: bytes, rows: Sequence[Row]) -> None:
        """Store an import before anything of it is sent, under `imports/<reference>/`.

        Two lines of JSON, compressed: the exact body, and the provenance of each row. They are
        compressed row by row: their whole text would take more memory than anything else in a
        batch.
        """
        packed = BytesIO()
        with gzip.GzipFile("", "wb", compresslevel=1, fileobj=packed, mtime=0) as file:
            file.write(body + b"\n[")
            for number, row in enumerate(rows):
                provenance = _standard_json(row_as_object(row))
                file.write(f"{',' if number else ''}{provenance}".encode())
            file.write(b"]")
        self.put(
            f"imports/{reference}/request.json.gz",
            packed.getvalue(),
            content_type="application/gzip",
        )

    def load(self, reference: str) -> FrozenImport | None:
        """The import that was frozen under this reference, if there is one."""
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=f"imports/{reference}/request.json.gz"
            )
        except ClientError as error:
            if is_no_object(error):
                return None
            raise
        body, provenance = gzip.decompress(answer["Body"].read()).split(b"\n", 1)
        return FrozenImport(body, parse_rows(json.loads(provenance)))

    def fetch(self, key: str, *, most: int | None = None) -> bytes:
        """An object as it is; of one that is larger than `most` bytes a part that is larger too."""
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        return body.read() if most is None else body.read(most + 1)

    def put(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store an object; the same key again replaces it."""
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=content, ContentType=content_type
        )

    def record_outcomes(
        self, outcomes: Iterable[ItemOutcome], *, at: float, date: str, batch: str
    ) -> None:
        """Write down occurrences that ended without an import, before their messages are deleted.

        `rejected/` has records that never reached Mateo, and what to do; `outcomes/` has those that
        were superseded, duplicate or ignored, with the external id as their only data; `items/` has
        the items of all, for a replay; `erasures/pending/` has demands to erase a person. If a
        process dies before these outcomes are counted, a redelivery writes an occurrence again: of
        its lines the latest counts, or the one whose batch the outcome record names.

        Args:
            at: now, in s since the epoch.
            date: the day in the objects' names.
            batch: unique name of the batch.
        """
        rejected: list[ItemOutcome] = []
        others: list[ItemOutcome] = []
        outcomes = list(outcomes)
        for demand in demand_objects(outcomes):
            self.put(demand.key, demand.body, content_type="application/json")
        if kept := [one for one in outcomes if one.outcome != "erased"]:
            self._put_items(f"items/date={date}/{batch}.ndjson.gz", kept)
        for one in outcomes:
            (rejected if one.outcome == "rejected" else others).append(one)
        failures = ((one.occurrence.delivery, _row_failure(one, batch)) for one in rejected)
        put_row_failures(self, failures, batch)
        for prefix, lines in (
            ("rejected", [_rejection(one, at) for one in rejected]),
            ("outcomes", [_outcome(one, at) for one in others]),
        ):
            if lines:
                key = f"{prefix}/date={date}/{batch}.ndjson"
                self.put(key, ndjson_content(lines), content_type="application/x-ndjson")

    def _put_items(self, key: str, outcomes: Iterable[ItemOutcome]) -> None:
        lines = (_standard_json(item_as_object(one.occurrence)) for one in outcomes)
        text = "\n".join(
            f'{line[:-1]},"outcome":"{one.outcome}"}}'
            for line, one in zip(lines, outcomes, strict=True)
        )
        self.put(key, gzip.compress(text.encode(), mtime=0), content_type="application/gzip")


def _standard_json(value: object) -> str:
    """A value's JSON; a number of an item that JSON does not have becomes a text."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(finite(value), separators=(",", ":"))


def _outcome(item_outcome: ItemOutcome, at: float) -> dict[str, Any]:
    one = item_outcome.occurrence
    replayed = {"replay": as_object(one.replay)} if one.replay else {}
    return {
        "item_id": one.item_id,
        "outcome": item_outcome.outcome,
        "reason": item_outcome.reason,
        "connection": one.connection,
        **item_outcome.record.as_object(),
        "event": one.event,
        "received_at": one.received_at,
        "recorded_at": int(at * 1_000_000),
        **replayed,
    } | ({"notes": as_objects(item_outcome.notes, with_values=False)} if item_outcome.notes else {})


def _row_failure(one: ItemOutcome, batch: str) -> dict[str, Any]:
    """How a rejected row of a file ended, for the report of its file."""
    end = {
        "line": one.occurrence.number,
        "outcome": one.outcome.value,
        "code": one.reason,
        "what": one.detail or CODES[one.reason].what,
        "batch": batch,
    }
    return end | ({"field": one.field} if one.field else {})


def _shown(value: object) -> object:
    """A wrong value, or its beginning: the whole of it stands in the item."""
    text = value if isinstance(value, str) else json_text(value)
    return value if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}…"


def _kept(item: object) -> object:
    """An item, or where it is stored if it is too large to be read."""
    return {"at": item.key} if isinstance(item, Pointer) else item


def _rejection(item_outcome: ItemOutcome, at: float) -> dict[str, Any]:
    explanation = CODES[item_outcome.reason]
    line = _outcome(item_outcome, at) | {
        "code": item_outcome.reason,
        "field": item_outcome.field,
        "value": _shown(item_outcome.value),
        "what": item_outcome.detail or explanation.what,
        "what_to_do": explanation.what_to_do,
        "item": _kept(item_outcome.occurrence.item),
    }
    if item_outcome.notes:
        line["notes"] = as_objects(item_outcome.notes, with_values=True)
    return line
