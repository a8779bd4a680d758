"""Files of a million rows: memory of reading them into pages, and time and memory of a dry run.

Reading makes the file's pages and then the report of the file, as if one row in ten had failed. The
bucket is a folder on the disk. Each peak is that of a process of its own, with its interpreter.
"""

import csv
import io
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook

from tests.benchmarks.measures import Measure
from tests.benchmarks.memory import MB

ROWS = 1_000_000
BAR_MB = 256.0
BAR_US = 100.0
"""CPU of a row in a dry run: 10,000 rows a second on one core."""
BOOK_ROWS = 100_000
"""Rows of the workbook."""
SHARED_PART = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
    b'officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)
SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
FAILED_OF = 10
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
BIRTHDAY, BIRTHDAY_SERIAL = "1990-05-15", 33_008
HEADER = "Customer No;First;Last;E-mail;Phone;Birthday;City;Remark\n"
KEY = "inbox/erp/contacts.csv"
BOOK_KEY = "inbox/erp/contacts.xlsx"


def measure() -> Iterator[Measure]:
    """What a million rows take, each step in a new process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "connections.toml").write_text(TOML, encoding="utf-8")
        path = folder / KEY
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8") as file:
            file.write(HEADER)
            file.writelines(_line(number) for number in range(ROWS))
        _apart("write-book", folder)
        seconds, peak = _apart("dry-book", folder)
        used_us = seconds / BOOK_ROWS * 1_000_000
        yield Measure("files: CPU of a row of a workbook in a dry run", used_us, BAR_US, "µs")
        (folder / BOOK_KEY).unlink()
        seconds, peak = _apart("dry", folder)
        yield Measure("files: CPU of a row in a dry run", seconds / ROWS * 1_000_000, BAR_US, "µs")
        yield Measure("files: dry run, peak memory", peak, BAR_MB, "MB")
        _, peak = _apart("read", folder)
        yield Measure("files: pages and report, peak memory", peak, BAR_MB, "MB")


def _line(number: int) -> str:
    phone = f"0151 {10_000_000 + number}"
    remark = "likes; long remarks, with separators" if number % 5 == 0 else ""
    return (
        f"K-{number};Ada {number};Lovelace;ada{number}@example.com;{phone};1990-05-15;Rostock;"
        f'"{remark}"\n'
    )


def _write_book(folder: Path) -> None:
    """Write the first rows as Excel does: texts are shared, birthdays are dates."""
    small = io.BytesIO()
    book = Workbook()
    book.worksheets[0].append([date.fromisoformat(BIRTHDAY)])
    book.save(small)
    lines = (_line(number) for number in range(BOOK_ROWS))
    texts: dict[str, int] = {}
    rows = [
        f'<row r="{number}">{"".join(_cells(cells, number, texts))}</row>'
        for number, cells in enumerate(csv.reader(chain([HEADER], lines), delimiter=";"), 1)
    ]
    parts = {
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SPACE}"><sheetData>{"".join(rows)}'
        "</sheetData></worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{SPACE}">'
        + "".join(f"<si><t>{text}</t></si>" for text in texts)
        + "</sst>",
    }
    with ZipFile(small) as empty, ZipFile(folder / BOOK_KEY, "w", ZIP_DEFLATED) as archive:
        for one in empty.infolist():
            if one.filename not in parts:
                archive.writestr(one.filename, empty.read(one).replace(b"</Types>", SHARED_PART))
        for name, text in parts.items():
            archive.writestr(name, text)


def _cells(cells: Sequence[str], row: int, texts: dict[str, int]) -> Iterator[str]:
    """The cells of a row; `texts`: text → its number."""
    for column, cell in zip("ABCDEFGH", cells, strict=True):
        if cell == BIRTHDAY:
            yield f'<c r="{column}{row}" s="1"><v>{BIRTHDAY_SERIAL}</v></c>'
        elif cell:
            yield f'<c r="{column}{row}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'


def _apart(what: str, folder: Path) -> tuple[float, float]:
    """CPU seconds of a step in a new process, and the peak of that process in MB."""
    command = [sys.executable, "-m", "tests.benchmarks.files", what, str(folder)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    seconds, peak = json.loads(answer.stdout)
    return float(seconds), float(peak)


def _dry(folder: Path, key: str = KEY, rows: int = ROWS) -> None:
    from import_relay.domain.connections import parse_connections
    from relay_ops.files.dry_run import dry_run
    from relay_ops.files.local_file import rows_of

    now = int(time.time() * 1_000_000)
    connections = parse_connections(TOML)
    found = dry_run(connections, "erp", rows_of(folder / key), now=now, reject=lambda _: None)
    if (found.sent["contact"], found.records) != (rows, rows):
        raise AssertionError(found)


def _dry_book(folder: Path) -> None:
    _dry(folder, BOOK_KEY, BOOK_ROWS)


def _read(folder: Path) -> None:
    from import_relay.bulk.bulk_day import BulkDay
    from import_relay.bulk.file_reports import FileReports
    from import_relay.bulk.reading import Reading
    from import_relay.storage.file_objects import FileObjects
    from import_relay.storage.files import RowFile

    client: Any = Disk(folder)
    objects, noted = FileObjects(client, "bucket"), Noted()
    files: Any = noted
    reading = Reading(files, objects, time.time, BulkDay(25_000))
    file = RowFile(KEY, "etag", "erp", int(time.time() * 1_000_000))
    read = reading.read(file, until=time.time() + 3_600)
    if read.rows != ROWS:
        raise AssertionError(read)
    outcomes = "".join(
        json.dumps({"line": line, "outcome": "failed", "code": "23514", "what": "taken"}) + "\n"
        for line in range(2, ROWS + 2, FAILED_OF)
    )
    client.put_object(Key=f"rows/{file.id}/outcomes/import.ndjson", Body=outcomes.encode())
    failed = ROWS // FAILED_OF
    FileReports(objects, files, time.time).write(
        replace(read, ended={"failed": failed, "imported": ROWS - failed})
    )
    with (folder / f"{file.folder}/failures.csv").open(encoding="utf-8") as table:
        if sum(1 for _ in table) != failed + 1:
            raise AssertionError(file.folder)


class Noted:
    """A stub of the tables: it takes every page and has nothing else."""

    def open(self) -> list[object]:
        """No other file is unfinished."""
        return []

    def advance(self, *_: object, **__: object) -> bool:
        """A page is noted."""
        return True

    def batches_of(self, _: object) -> dict[object, str]:
        """No row was rejected."""
        return {}


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

    def upload_fileobj(self, file: Any, _: str, key: str, **__: object) -> None:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            shutil.copyfileobj(file, target)

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


STEPS: dict[str, Callable[[Path], None]] = {
    "write-book": _write_book,
    "dry-book": _dry_book,
    "dry": _dry,
    "read": _read,
}


def main(what: str, folder: Path) -> None:
    """Run one step; write its CPU seconds and the peak memory of this process (MB)."""
    start = time.process_time()
    STEPS[what](folder)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
    shutil.rmtree(folder / "rows", ignore_errors=True)
    print(json.dumps([seconds, peak]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
