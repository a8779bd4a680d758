"""Objects of 100,000 records in 1,000 imports, as the relay leaves them, for `desk`.

Every other import of a hundred rows has a failed row; a later import closes half of these.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from import_relay.domain.models import key_digest

IMPORTS, ROWS = 1_000, 100
TYPE = "contact_details"
CONNECTION = "erp"


def objects(now: datetime) -> Iterator[tuple[str, bytes]]:
    """Key and content of every object; one import a minute, the last one a minute ago."""
    for number in range(IMPORTS):
        yield from _import(number, now - timedelta(minutes=IMPORTS - number))


def rejected(batch: int, now: datetime) -> bytes:
    """A thousand rejected records of 1.5 kB each."""
    at = int(now.timestamp() * 1_000_000)
    same = {
        "outcome": "rejected",
        "connection": CONNECTION,
        "received_at": at,
        "recorded_at": at,
        "code": "row.no_identifier",
        "field": "external_id",
        "what": "no identifier",
        "what_to_do": "map one",
    }
    return _ndjson(
        [
            {
                **same,
                "item_id": f"d{batch}/{n}",
                "item": {"name": f"Ada {n}", "text": "a word " * 200},
            }
            for n in range(1_000)
        ]
    )


def _import(number: int, at: datetime) -> Iterator[tuple[str, bytes]]:
    """An import and its report. Of four, the first two fail a row; the third closes the first."""
    reference = f"{at:%Y%m%dT%H%M%S}-{number:06}"
    records = [number * ROWS + row for row in range(ROWS)]
    if number % 4 == 2:
        records[0] = (number - 2) * ROWS
    fails = number % 4 < 2
    folder = f"reports/date={at.date()}/type={TYPE}/import={reference}"
    received_at = int(at.timestamp() * 1_000_000)
    payload = [{"external_id": f"K-{one}", "full_name": f"Ada {one}"} for one in records]
    body = json.dumps({"type": TYPE, "payload": payload}).encode()
    items = json.dumps(
        [_provenance(reference, row, one, received_at) for row, one in enumerate(records)]
    )
    yield f"imports/{reference}/request.json.gz", gzip.compress(body + b"\n" + items.encode(), 1)
    lines = [
        _line(reference, row, one, received_at, "failed" if fails and row == 0 else "imported")
        for row, one in enumerate(records)
    ]
    yield f"{folder}/rows.ndjson.gz", gzip.compress(_ndjson(lines), 1)
    if fails:
        items_of = [{"item_id": lines[0]["item_ids"][0]}]
        failure = {"code": "23514", "message": "taken", "items": items_of, "will_retry": False}
        yield f"{folder}/failures.ndjson", _ndjson([failure])
    rows = {"total": ROWS, "imported": ROWS - fails, "failed": int(fails), "unaccounted": 0}
    times = {"created_at": at.isoformat(), "counted_at": at.isoformat()}
    summary = {**times, "rows": rows, "notes": []}
    yield f"{folder}/summary.json", json.dumps(summary).encode()


def _provenance(reference: str, row: int, record: int, received_at: int) -> dict[str, Any]:
    item = {
        "connection": CONNECTION,
        "delivery": reference,
        "n": row,
        "event": f"e-{record}",
        "received_at": received_at,
        "attempt": 0,
        "item": {"id": f"K-{record}", "name": f"Ada {record}", "text": "a word or two " * 30},
    }
    return {"key": f"external_id#K-{record}", "claims": ["full_name"], "items": [item]}


def _line(reference: str, row: int, record: int, received_at: int, outcome: str) -> dict[str, Any]:
    return {
        "row": row,
        "outcome": outcome,
        "certain": True,
        "type": TYPE,
        "external_id": f"K-{record}",
        "key_digest": key_digest(f"external_id#K-{record}"),
        "connection": CONNECTION,
        "item_ids": [f"{reference}/{row}"],
        "connections": [CONNECTION],
        "received_at": [received_at],
        "notes": [],
    }


def _ndjson(lines: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()
