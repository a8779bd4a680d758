"""The operator's desk on 100,000 records in 1,000 imports: how long an answer takes.

The bucket is moto's, in this process: its time is in the figures. One import of a hundred rows in
two has a failed row; half of those are closed by a later import.
"""

import gzip
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import boto3
import botocore.session
from botocore.config import Config

from import_relay.domain.models import ItemOutcome, Occurrence, Outcome, key_digest
from import_relay.receive.intake import delivery_id
from import_relay.report.daily.writing import DailyOptions, DailyParts, DailyReporting
from import_relay.report.open_problems import open_problems
from import_relay.storage.archive import Archive
from import_relay.storage.bucket_reads import READERS, Bucket
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.quota import Usage
from relay_ops.erasing import erasure
from relay_ops.erasing.choosing import Choosing
from relay_ops.erasing.erasure import Erasure
from relay_ops.erasing.in_mateo import MateoContacts
from relay_ops.erasing.person import Known
from relay_ops.finding import Finding
from relay_ops.matching import needle
from relay_ops.quick_times import with_quick_times
from relay_ops.replaying import StackReplay
from relay_ops.stack import Stack
from tests.benchmarks.measures import Measure
from tests.support import aws as resources
from tests.support.aws import Aws

IMPORTS, ROWS = 1_000, 100
TYPE = "contact_details"
DAILY_BAR_S, DAILY_BAR_MIB = 60.0, 1_000.0
"""Its function has 600 s and 2,048 MiB."""
REJECTED = 25_000
"""Records of the day that were rejected, with 1.5 kB each."""
BAR_S, START_BAR_S, TRY_BAR_S, REPLAY_BAR_S = 10.0, 0.5, 1.0, 60.0
REPLAYED = 1_000
SETTINGS = {
    "REQUESTS_PER_SECOND": "2",
    "REQUESTS_PER_DAY": "10000",
    "ENTITIES_PER_DAY": "25000",
    "BULK_SHARE_PERCENT": "80",
}


def measure() -> Iterator[Measure]:
    """Yield the seconds of each command."""
    yield Measure("desk: relay --help", _fastest("--help"), START_BAR_S, "s")
    tried = _fastest("try", "json", "events/json.batch.json")
    yield Measure("desk: relay try", tried, TRY_BAR_S, "s")
    with resources.relay_resources() as aws:
        now = datetime.now(UTC)
        for number in range(IMPORTS):
            for key, content in _import(number, now - timedelta(minutes=IMPORTS - number)):
                aws.s3.put_object(Bucket=resources.BUCKET, Key=key, Body=content)
        outputs = {
            "BucketName": resources.BUCKET,
            "LedgerTableName": resources.LEDGER,
            "BulkQueueUrl": aws.bulk_queue_url,
            "WatermarksTableName": resources.WATERMARKS,
            "QueueUrl": aws.queue_url,
            "DeadLetterQueueUrl": aws.dead_letter_url,
        }
        described: dict[str, Any] = {
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        }
        stack = Stack("relay", "in moto", described, _client)
        yield Measure("desk: find", _seconds(lambda: _find(stack)), BAR_S, "s")
        yield Measure("desk: failures", _seconds(lambda: _failures(stack)), BAR_S, "s")
        erasing, found = Erasure(stack), list[Known]()
        yield Measure("desk: erase, listed", _seconds(lambda: _list(erasing, found)), BAR_S, "s")
        yield Measure("desk: erase", _seconds(lambda: _erase(erasing, found[0])), BAR_S, "s")
        before = _peak_mib()
        seconds = _seconds(lambda: _daily(aws, now))
        yield Measure("desk: daily report", seconds, DAILY_BAR_S, "s")
        yield Measure("desk: its memory", _peak_mib() - before, DAILY_BAR_MIB, "MiB")
        seconds = _seconds(_replaying(aws, stack, now))
        yield Measure("desk: replay 1,000", seconds, REPLAY_BAR_S, "s")


@cache
def _client(service: str) -> Any:
    """A client as `relay` makes them for a deployed stack."""
    session = boto3.session.Session(
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        region_name="eu-central-1",
        botocore_session=with_quick_times(botocore.session.Session()),
    )
    config = Config(max_pool_connections=READERS)
    return session.client(service, config=config)  # type: ignore[call-overload]


def _fastest(*arguments: str) -> float:
    """Seconds of a command of `relay` as a process, the best of five."""
    command = [sys.executable, "-m", "relay_ops", *arguments]
    return min(
        _seconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(5)
    )


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _replaying(aws: Aws, stack: Stack, now: datetime) -> Callable[[], None]:
    """Rejected records, and what puts all of them back: counted, noted, queued."""
    stack.__dict__["settings"] = SETTINGS
    at = int((now - timedelta(minutes=5)).timestamp() * 1_000_000)
    delivery = delivery_id(at, b"12345")
    rejected = [
        ItemOutcome(
            Occurrence("", "erp", delivery, number, f"e{number}", at, 0, {"id": number}),
            Outcome.REJECTED,
            "row.no_identifier",
        )
        for number in range(REPLAYED)
    ]
    counts = OutcomeCounts(
        aws.dynamodb,
        resources.LEDGER,
        lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}",
        clock=time.time,
    )
    Archive(aws.s3, resources.BUCKET).record_outcomes(
        rejected, at=time.time(), date=f"{now:%Y-%m-%d}", batch="b1"
    )
    counts.record(rejected, batch="b1")

    def replay() -> None:
        made = StackReplay(stack, lambda _: None)
        begin = (now - timedelta(hours=1)).isoformat()
        selection = made.selection("erp", begin, now.isoformat(), "rejected")
        if made.count(selection).total != REPLAYED:
            raise AssertionError("not all are found")
        if made.run(made.begin(selection, "measured", force=False)).total != REPLAYED:
            raise AssertionError("not all were put back")

    return replay


def _find(stack: Stack) -> None:
    found = Finding(stack, needle("K-47110")).history()
    if {line.record for line in found.lines} != {"contact K-47110"}:
        raise AssertionError(found.lines)


def _failures(stack: Stack) -> None:
    found = open_problems(stack.objects, stack.now(), days=7)
    if len(found) != IMPORTS // 4:
        raise AssertionError(len(found))


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def _daily(aws: Aws, now: datetime) -> None:
    """The page and the files of the newest day, for which nothing was received."""
    for number in range(REJECTED // 1_000):
        key = f"rejected/date={now.date()}/{number}.ndjson"
        aws.s3.put_object(Bucket=resources.BUCKET, Key=key, Body=_ndjson(_rejected(number, now)))
    nothing: Any = SimpleNamespace(each=lambda *_: (), send=lambda *_: False)
    parts = DailyParts(
        Bucket(aws.s3, resources.BUCKET),
        Archive(aws.s3, resources.BUCKET),
        nothing,
        lambda day: Usage(day, 0, 0),
        nothing,
        lambda: (),
    )
    options = DailyOptions("relay", "eu-central-1", ZoneInfo("UTC"), 10_000, 25_000)
    reporting = DailyReporting(parts, options, clock=now.timestamp, emit=lambda *_, **__: None)
    reporting.write(str(now.date()))
    (page,) = aws.objects(f"daily/date={now.date()}/index.html").values()
    if b"25,000" not in page:
        raise AssertionError(page[:2_000])


def _rejected(batch: int, now: datetime) -> list[dict[str, Any]]:
    at = int(now.timestamp() * 1_000_000)
    same = {
        "outcome": "rejected",
        "connection": "erp",
        "received_at": at,
        "recorded_at": at,
        "code": "row.no_identifier",
        "field": "external_id",
        "what": "no identifier",
        "what_to_do": "map one",
    }
    return [
        {**same, "item_id": f"d{batch}/{n}", "item": {"name": f"Ada {n}", "text": "a word " * 200}}
        for n in range(1_000)
    ]


def _list(erasing: Erasure, found: list[Known]) -> None:
    """Who it is, and every place that holds them."""
    found += Choosing(erasing.stack, needle("K-47110"), memory=erasing.memory).persons()
    if set(erasing.list_places(found[0]).places) != {"imports", "reports"}:
        raise AssertionError(found)


def _erase(erasing: Erasure, known: Known) -> None:
    """Without Mateo, whose requests wait for permits: two a second."""
    with patch.object(erasure, "delete_in_mateo", lambda *_: MateoContacts()):
        receipt = erasing.erase(known)
    if receipt["places"] != {"imports": 1, "reports": 1}:
        raise AssertionError(receipt)


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
        "connection": "erp",
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
        "connection": "erp",
        "item_ids": [f"{reference}/{row}"],
        "connections": ["erp"],
        "received_at": [received_at],
        "notes": [],
    }


def _ndjson(lines: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()
