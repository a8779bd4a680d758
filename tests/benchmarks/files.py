"""Files of a million rows: memory of reading them into pages, and time and memory of a dry run.

Reading is the whole use case of import_files. Its bucket is a folder on the disk, its table moto's
in this process: so moto's memory is in the figure. Peaks are those of a process of its own.
"""

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.measures import Measure
from tests.benchmarks.memory import MB

ROWS = 1_000_000
BAR_MB = 256.0
BAR_US = 100.0
"""Of a row in a dry run: 10,000 rows a second."""
TOML = """
[erp]
kind = "json"
[erp.contact]
country_codes = ["DE"]
[erp.contact.fields]
external_id = '"Customer No"'
full_name = "join(' ', [First, Last])"
email = '"E-mail"'
whatsapp = "Phone"
birthday = "Birthday"
city = "City"
"""
HEADER = "Customer No;First;Last;E-mail;Phone;Birthday;City;Remark\n"
KEY = "inbox/erp/contacts.csv"


def measure() -> Iterator[Measure]:
    """Yield what a million rows take, each step in a new process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "connections.toml").write_text(TOML, encoding="utf-8")
        path = folder / KEY
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8") as file:
            file.write(HEADER)
            file.writelines(_line(number) for number in range(ROWS))
        seconds, peak = _apart("dry", folder)
        yield Measure("files: a row in a dry run", seconds / ROWS * 1_000_000, BAR_US, "µs")
        yield Measure("files: dry run, peak memory", peak, BAR_MB, "MB")
        _, peak = _apart("read", folder)
        yield Measure("files: reading, peak memory", peak, BAR_MB, "MB")


def _line(number: int) -> str:
    phone = f"0151 {10_000_000 + number}"
    remark = "likes; long remarks, with separators" if number % 5 == 0 else ""
    return (
        f"K-{number};Ada {number};Lovelace;ada{number}@example.com;{phone};1990-05-15;Rostock;"
        f'"{remark}"\n'
    )


def _apart(what: str, folder: Path) -> tuple[float, float]:
    """Seconds of the step, and the peak of its process in MB."""
    command = [sys.executable, "-m", "tests.benchmarks.files", what, str(folder)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    seconds, peak = json.loads(answer.stdout)
    return float(seconds), float(peak)


def _dry(folder: Path) -> None:
    from import_relay.domain.connections import parse_connections
    from relay_ops.files.dry_run import dry_run
    from relay_ops.files.local_file import rows_of

    now = int(time.time() * 1_000_000)
    connections = parse_connections(TOML)
    found = dry_run(connections, "erp", rows_of(folder / KEY), now=now, reject=lambda _: None)
    if (found.sent["contact"], found.records) != (ROWS, ROWS):
        raise AssertionError(found)


def _read(folder: Path) -> None:
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"
    from import_relay.bulk.settings import FileSettings
    from import_relay.bulk.wiring import build_file_importing
    from tests.support import aws as resources

    with resources.relay_resources() as aws:
        settings = FileSettings(
            bulk_queue_url=aws.bulk_queue_url,
            dead_letter_queue_url=aws.dead_letter_url,
            bucket_name=resources.BUCKET,
            ledger_table=resources.LEDGER,
            connections_file=str(folder / "connections.toml"),
            entities_per_day=25_000,
            limit_time_zone="UTC",
        )
        bucket = Disk(folder)

        def client(service: str) -> Any:
            return bucket if service == "s3" else resources.client(service)

        importing = build_file_importing(settings, emit=lambda *_, **__: None, client=client)
        until = time.time() + 3_600
        run = importing.run(KEY, invocation="bench", until=until, deadline=until)
    if run.fed != 50_000:
        raise AssertionError(run)


class Disk:
    """The calls of S3 that import_files makes, on a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_object(self, *, Key: str, **_: object) -> dict[str, io.BufferedReader]:  # noqa: N803
        return {"Body": (self._folder / Key).open("rb")}

    def put_object(self, *, Key: str, Body: bytes, **_: object) -> None:  # noqa: N803
        path = self._folder / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body)

    def get_paginator(self, _: str) -> "Disk":
        return self

    def paginate(self, *, Prefix: str, **_: object) -> Iterator[dict[str, Any]]:  # noqa: N803
        paths = [one for one in self._folder.rglob("*") if one.is_file()]
        listed = {one.relative_to(self._folder).as_posix(): one.stat() for one in paths}
        yield {
            "Contents": [
                {
                    "Key": key,
                    "ETag": '"etag"',
                    "Size": found.st_size,
                    "LastModified": datetime.fromtimestamp(found.st_mtime, UTC),
                }
                for key, found in sorted(listed.items())
                if key.startswith(Prefix)
            ]
        }


def main(what: str, folder: Path) -> None:
    """Run one step; write its seconds and the peak memory of this process (MB)."""
    start = time.perf_counter()
    {"dry": _dry, "read": _read}[what](folder)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
    shutil.rmtree(folder / "rows", ignore_errors=True)
    print(json.dumps([seconds, peak]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
