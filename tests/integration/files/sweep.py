"""Kills import_files at any of its calls to AWS: no row may be lost, none imported twice.

    python -m tests.integration.files.sweep

kills it before and after each of its calls, in a run each. `test_killed` has some of these runs.
"""

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import time_machine

from tests.integration.files.dying import Process
from tests.integration.files.killing import Sweep
from tests.integration.files.uploads import Uploads
from tests.support.aws import relay_resources
from tests.support.builders import NOON
from tests.support.following import Killed
from tests.support.relay import Relay

GOOD = [str(n) for n in range(1, 8)]
FILE = (
    "id;name;email\n"
    + "".join(f"{n};Person {n};p{n}@example.com\n" for n in GOOD)
    + ";Nobody;\n"  # line 9: rejected by the mapping
    + "8;a;b;c;d\n"  # line 10: not readable
)
ROWS = len(GOOD) + 2
ROUNDS = 12
"""More than a file needs whose process was killed once."""


def played(folder: Path, process: Process) -> Iterator[Uploads]:
    """Import the file with a process that dies, and further ones that do not."""
    with time_machine.travel(NOON, tick=False), relay_resources() as aws:
        uploads = Uploads(Relay(aws), folder, entities_per_day=3, page_rows=4, process=process)
        uploads.put(FILE)
        for _ in range(ROUNDS):
            with suppress(Killed):
                uploads.run()
            if process.is_dead:
                uploads.process = Process()
            uploads.relay.clock.now += 901  # the longest that a process can run
            if uploads.is_over():
                break
            uploads.submit()
        yield uploads


def promises_broken(uploads: Uploads) -> list[str]:
    """What is wrong in the end."""
    broken = []
    imported = Counter(row["external_id"] for row in uploads.relay.mateo.rows)
    if imported != dict.fromkeys(GOOD, 1):
        broken.append(f"imported {dict(imported)}")
    summaries = [one for one in uploads.keys("files/") if one.endswith("summary.json")]
    if len(summaries) != 1 or uploads.known() or uploads.keys("rows/"):
        return [*broken, f"not finished: {uploads.known()}, {summaries}, {uploads.keys('rows/')}"]
    rows = {name: many for name, many in uploads.summary()["rows"].items() if many}
    if rows != {"total": ROWS, "imported": len(GOOD), "rejected": 2}:
        broken.append(f"summary {rows}")
    days = uploads.relay.outcome_counts.days(["2026-11-21"]).get("2026-11-21", {})
    if days != {"from_files": ROWS, "imported": len(GOOD), "rejected": 2}:
        broken.append(f"counts {days}")
    (key,) = [one for one in uploads.keys("files/") if one.endswith("failures.csv")]
    table = csv.DictReader(io.StringIO(uploads.content(key).decode("utf-8-sig")))
    lines = [row["relay_line"] for row in table]
    if lines != ["9", "10"]:
        broken.append(f"failures of lines {lines}")
    return broken


FILE_SWEEP = Sweep(played, promises_broken)

if __name__ == "__main__":
    sys.exit(FILE_SWEEP.run())
