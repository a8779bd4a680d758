"""`relay import --dry-run` says of each row what the import makes of it."""

import csv
import gzip
import io
from datetime import date

from openpyxl import Workbook

from import_relay.bulk.formats.rows import read_rows
from import_relay.domain.connections import parse_connections
from relay_ops.files.dry_run import RejectedLine, dry_run
from tests.integration.files.uploads import CONNECTIONS, Uploads, uploads
from tests.support.builders import NOON

__all__ = ["uploads"]  # fixtures

TABLE = (
    "id;name;email\n{0}1;Jörg;a{0}@example.com\n;Nobody;\n{0}2;b;c;d;e\n\n{0}3;Zoë;no e-mail\n\n\n"
)


def workbook(first: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "name", "email"])
    sheet.append([f"{first}1", date(1990, 5, 15), "a@example.com"])
    sheet.append([None, "Nobody", None])
    sheet.append([9_007_199_254_740_993, "Long", None])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


FILES = {
    "windows.csv": TABLE.format("w").encode("cp1252"),
    "utf-16 with blanks.csv": TABLE.format("u").encode("utf-16"),
    "ümläüt.csv.gz": gzip.compress(TABLE.format("g").encode("utf-8-sig")),
    "breaks.csv": b'id,name,email\nb1,"two\nlines",\nb2,"open\nb3,x,\n',
    "lines.ndjson": b'{"id": "n1"}\n{no JSON\n[1]\n{"name": "Nobody"}\n\n{"id": "n2"}\n',
    "list.json": b'[{"id": "j1"}, 5, {"name": "Nobody"}, {"id": {"a": 1}}]',
    "book.xlsx": workbook("x"),
}


def said_before(content: bytes) -> tuple[int, list[tuple[int, str]]]:
    """How many rows would be sent, and which would be rejected."""
    rejected: list[RejectedLine] = []
    found = dry_run(
        parse_connections(CONNECTIONS),
        "erp",
        read_rows(lambda: io.BytesIO(content)),
        now=int(NOON * 1_000_000),
        reject=rejected.append,
    )
    return found.sent.total(), [(one.line, one.code) for one in rejected]


def test_the_import_says_the_same_as_the_dry_run(uploads: Uploads) -> None:
    for name, content in FILES.items():
        uploads.put(content, f"inbox/erp/{name}")
    uploads.run()
    uploads.submit()
    assert uploads.later().finished == len(FILES)

    for name, content in FILES.items():
        (summary, table) = (
            next(key for key in uploads.keys(f"files/erp/{name}/") if key.endswith(one))
            for one in ("summary.json", "failures.csv")
        )
        rows = csv.DictReader(io.StringIO(uploads.content(table).decode("utf-8-sig")))
        sent, rejected = said_before(content)
        assert [(int(row["relay_line"]), row["relay_code"]) for row in rows] == rejected, name
        assert f'"imported": {sent}' in uploads.content(summary).decode(), name
        assert rejected
        assert sent
