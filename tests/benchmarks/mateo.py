"""The emulator of the Import API: 50,000 contacts in imports of 5,000.

The emulator runs in a process of its own, over HTTP, with default settings except for its limits.
The floor is plain tables with the same rows: the JSON is read, each contact and each handle is
inserted, nothing is checked. Memory is flat if ten imports need little more than two, of which one
is read while the other is processed; a part of the growth is the database's page cache, which is
bounded.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from tests.benchmarks.measures import Measure
from tests.benchmarks.memory import MB, ROOT

IMPORTS = 10
ROWS = 5_000
BAR_S = 30.0
BAR_FLOORS = 40.0
BAR_GROWTH_MB = 20.0
NO_LIMITS = {"requests_per_second": None, "requests_per_day": None, "entities_per_day": None}


def body(number: int) -> bytes:
    """The import of this number; no contact is in two of them."""
    rows = [person(n) for n in range(number * ROWS, (number + 1) * ROWS)]
    return json.dumps({"type": "contact_details", "payload": rows}).encode()


def person(number: int) -> dict[str, object]:
    """An invented contact with what a shop knows."""
    return {
        "external_id": f"C-{number}",
        "email": f"person.{number}@example.com",
        "whatsapp": ["12", f"0151 12{number:06d}"],
        "country_codes": ["DE"],
        "full_name": f"Person {number}",
        "city": "Berlin",
        "birthday": "1990-05-15",
        "last_contacted_at": "2024-03-15T14:30:00+01:00",
        "newsletter": "accepted",
    }


def imported(bodies: Sequence[bytes]) -> tuple[float, float]:
    """Seconds until every row is imported, and the peak memory of the emulator in MB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "mateo_emulator", "--port", "0", "--state", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1].removesuffix("/api/v1,")
            try:
                taken = _all_done(address, bodies)
            finally:
                process.terminate()
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
        return taken, usage.ru_maxrss / MB


def _all_done(address: str, bodies: Sequence[bytes]) -> float:
    headers = {"authorization": "Bearer local-token"}
    with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=30) as http:
        http.put("/_sandbox/limits", json=NO_LIMITS).raise_for_status()
        begun = time.perf_counter()
        for content in bodies:
            http.post("/api/v1/import?select=id", content=content).raise_for_status()
        while http.get("/_sandbox/state").json()["counts"]["imports_unfinished"]:
            time.sleep(0.1)
        taken = time.perf_counter() - begun
        found = http.get("/_sandbox/contacts?limit=1").json()["count"]
    assert found == len(bodies) * ROWS, found
    return taken


def inserted(bodies: Sequence[bytes]) -> float:
    """Seconds to insert the same rows into a database without any check."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "floor.sqlite3", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE contact (external_id TEXT UNIQUE, fields TEXT)")
        connection.execute("CREATE TABLE handle (kind TEXT, value TEXT, PRIMARY KEY (kind, value))")
        begun = time.perf_counter()
        for content in bodies:
            connection.execute("BEGIN")
            for row in json.loads(content)["payload"]:
                fields = (row["external_id"], json.dumps(row))
                connection.execute("INSERT INTO contact VALUES (?, ?)", fields)
                for kind, value in (("email", row["email"]), ("whatsapp", row["whatsapp"][1])):
                    connection.execute("INSERT INTO handle VALUES (?, ?)", (kind, value))
            connection.execute("COMMIT")
        taken = time.perf_counter() - begun
        connection.close()
    return taken


def measure() -> Iterator[Measure]:
    """Time, time beside the floor, and the memory that eight more imports add."""
    bodies = [body(number) for number in range(IMPORTS)]
    _, first_mb = imported(bodies[:2])
    floor = inserted(bodies)
    taken, peak_mb = imported(bodies)
    rows = IMPORTS * ROWS
    print(f"  {rows} contacts: {rows / taken:.0f} rows/s, peak {peak_mb:.0f} MB")
    yield Measure(f"emulator imports {rows} contacts", taken, BAR_S, "s")
    yield Measure("emulator beside plain inserts", taken, BAR_FLOORS, "s", floor)
    yield Measure("emulator memory growth", max(0.0, peak_mb - first_mb), BAR_GROWTH_MB, "MB")
