"""The operator's desk on 100,000 records in 1,000 imports: how long each answer takes.

Every question of docs/desk.md is asked as a person asks it: by its command, arguments included.
AWS is moto's, in this process: its time is in the figures. 20,000 more records are in the
dead-letter queue.
"""

import contextlib
import io
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch
from zoneinfo import ZoneInfo

from import_relay.report.daily.writing import DailyOptions, DailyParts, DailyReporting
from import_relay.storage.archive import Archive
from import_relay.storage.bucket_reads import Bucket
from import_relay.storage.quota import Usage
from relay_ops.app import run
from relay_ops.exits import ExitCode
from tests.benchmarks.desk_records import IMPORTS, ROWS, rejected
from tests.benchmarks.desk_stack import DEAD_MESSAGES, REPLAYED, Desk, desk
from tests.benchmarks.measures import Measure

DAILY_BAR_S, DAILY_BAR_MIB = 60.0, 1_000.0
"""Its function has 600 s and 2,048 MiB."""
REJECTED_BATCHES = 25
"""Batches of the day with a thousand rejected records each."""
BAR_S, START_BAR_S, TRY_BAR_S, CHANGE_BAR_S = 10.0, 0.5, 1.0, 60.0
"""An answer; the start of `relay`; a try without a stack; a replay, redrive or erasure."""


class Taken(NamedTuple):
    """What a command took. `cpu`: s of CPU, with moto's; other work on this machine adds only to
    `seconds`.
    """

    seconds: float
    cpu: float


def measure() -> Iterator[Measure]:
    """Yield the seconds of each command."""
    yield Measure("desk: relay --help", _fastest("--help"), START_BAR_S, "s")
    tried = _fastest("try", "json", "events/json.batch.json")
    yield Measure("desk: relay try", tried, TRY_BAR_S, "s")
    with TemporaryDirectory() as folder, desk() as made:
        yield from _looking(Path(folder) / "failures.xlsx")
        before = _peak_mib()
        yield Measure("desk: daily report", _daily(made), DAILY_BAR_S, "s")
        yield Measure("desk: its memory", _peak_mib() - before, DAILY_BAR_MIB, "MiB")
        yield from _opening(made)
        yield from _changing(made)


def _looking(workbook: Path) -> Iterator[Measure]:
    """Commands that change nothing. One of four imports has a failed row that is still open."""
    taken, found = _command("find", "K-47110")
    _must({one["what"] for one in found["history"]} == {"imported", "received"}, found)
    yield _answer("find", taken)
    taken, found = _command("failures", "--since", "7d", "--xlsx", str(workbook), code=1)
    _must(sum(one["count"] for one in found) == IMPORTS // 4 + REPLAYED, found)
    _must(workbook.stat().st_size > IMPORTS, workbook)
    yield _answer("failures --xlsx", taken)
    taken, found = _command("failures", "--connection", "erp", code=1)
    yield _answer("failures --connection", taken)
    taken, found = _command("status")
    _must(found["balances"], found)
    _must([one["name"] for one in found["alarms"] if one["causes"]], found["alarms"])
    yield _answer("status", taken)


def _opening(made: Desk) -> Iterator[Measure]:
    taken, found = _command("open")
    _must("index.html" in found["address"], found)
    yield _answer("open", taken)
    taken, found = _command("open", f"{made.now:%Y%m%dT%H%M%S}-000001")
    yield _answer("open IMPORT", taken)


def _changing(made: Desk) -> Iterator[Measure]:
    """Commands that change something, and so come last."""
    taken, found = _command("token", "--yes", typed="a-new-token")
    _must(found["accepted"], found)
    yield _answer("token", taken)
    taken, _ = _command("secret", "erp.token", "--only", "--yes", typed="another-token")
    yield _answer("secret", taken)
    taken, found = _command("erase", "K-47110", "--yes")
    (receipt,) = found["erased"]
    _must(receipt["places"] == {"imports": 1, "reports": 1}, receipt)
    yield _answer("erase", taken, CHANGE_BAR_S)
    begin = (made.now - timedelta(hours=1)).isoformat()
    taken, found = _command(
        *("replay", "--connection", "erp", "--from", begin, "--only", "rejected"),
        *("--reason", "measured", "--no-wait", "--yes"),
    )
    _must(found["records"] == REPLAYED, found)
    yield _answer(f"replay {REPLAYED:,}", taken, CHANGE_BAR_S)
    taken, _ = _command("redrive", code=ExitCode.NOT_CONFIRMED)
    yield _answer("redrive, listed", taken)
    taken, found = _command("redrive", "--yes")
    _must(found["moved"] >= DEAD_MESSAGES, found)  # SQS may deliver one twice
    yield _answer(f"redrive {DEAD_MESSAGES * ROWS:,}", taken, CHANGE_BAR_S)


def _answer(name: str, taken: Taken, bar: float = BAR_S) -> Measure:
    return Measure(f"desk: {name} ({taken.cpu:.1f} s of CPU)", taken.seconds, bar, "s")


def _command(*arguments: str, typed: str = "", code: int = 0) -> tuple[Taken, Any]:
    """Run a command of `relay` in this process; returns its JSON as well."""
    said, remarks = io.StringIO(), io.StringIO()
    start, cpu = time.perf_counter(), time.process_time()
    with (
        patch.object(sys, "stdin", io.StringIO(typed)),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(remarks),
    ):
        ended = run([*arguments, "--json"])
    taken = Taken(time.perf_counter() - start, time.process_time() - cpu)
    _must(ended == code, (arguments, ended, remarks.getvalue()))
    return taken, json.loads(said.getvalue() or "null")


def _must(holds: object, found: object) -> None:
    if not holds:
        raise AssertionError(found)


def _fastest(*arguments: str) -> float:
    """Seconds of a command of `relay` as a process, the best of five."""
    command = [sys.executable, "-m", "relay_ops", *arguments]
    found = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        found.append(time.perf_counter() - start)
    return min(found)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def _daily(made: Desk) -> float:
    """Seconds for the page and files of the newest day, which holds many rejected records."""
    s3, bucket, day = made.stack.client("s3"), made.stack.bucket, str(made.now.date())
    for number in range(REJECTED_BATCHES):
        key = f"rejected/date={day}/{number}.ndjson"
        s3.put_object(Bucket=bucket, Key=key, Body=rejected(number, made.now))
    nothing: Any = SimpleNamespace(each=lambda *_: (), send=lambda *_: False)
    parts = DailyParts(
        Bucket(s3, bucket),
        Archive(s3, bucket),
        nothing,
        lambda day: Usage(day, 0, 0),
        nothing,
        lambda: (),
    )
    options = DailyOptions("relay", "eu-central-1", ZoneInfo("UTC"), 10_000, 25_000)
    reporting = DailyReporting(parts, options, clock=made.now.timestamp, emit=lambda *_, **__: None)
    start = time.perf_counter()
    reporting.write(day)
    seconds = time.perf_counter() - start
    page = made.stack.objects.content(f"daily/date={day}/index.html") or b""
    _must(b"26,000" in page, page[:2_000])
    return seconds
