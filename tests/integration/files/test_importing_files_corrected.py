"""Failures of a file are corrected and uploaded again: what was right is imported as it was."""

import io
from collections.abc import Callable

import openpyxl
import pytest

from import_relay.domain.connections import load_connections
from tests.integration.files.uploads import Uploads, uploads

__all__ = ["uploads"]  # fixtures

NESTED = """
[erp]
kind = "json"
[erp.contact.fields]
external_id = "id"
full_name = "properties.name"
city = "addresses[0].town"
"""
ODD = """
[erp]
kind = "json"
[erp.contact.fields]
external_id = "id"
full_name = "name"
email = '"E-Mail\\nAdresse"'
city = "town"
"""
Correct = Callable[[bytes, str, str], bytes]


def in_csv(content: bytes, old: str, new: str) -> bytes:
    assert old.encode() in content
    return content.replace(old.encode(), new.encode())


def in_workbook(content: bytes, old: str, new: str) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    assert sheet is not None
    (cell,) = [one for line in sheet.iter_rows() for one in line if one.value == old]
    cell.value = new
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def identified(content: bytes, form: str) -> bytes:
    """The table with an id in its first row."""
    if form == "csv":
        return in_csv(content, "\r\n,", "\r\n1,")
    book = openpyxl.load_workbook(io.BytesIO(content))
    book.worksheets[0].cell(2, 1).value = "1"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.fixture(params=["csv", "xlsx"])
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def connect(uploads: Uploads, toml: str) -> None:
    uploads.toml = toml
    (uploads.folder / "connections.toml").write_text(toml)
    uploads.relay.connections = load_connections(uploads.folder / "connections.toml")


def failures(uploads: Uploads, content: bytes | str, key: str, form: str = "csv") -> bytes:
    """Import a file to its end; its table of failures, empty if there is none."""
    uploads.run(uploads.put(content, key))
    uploads.submit()
    uploads.later()
    assert not uploads.known()
    folder = f"files/{key.removeprefix('inbox/')}/"
    found = [one for one in uploads.keys(folder) if one.endswith(f"failures.{form}")]
    return uploads.content(found[0]) if found else b""


def corrected(uploads: Uploads, content: str, form: str, old: str, new: str) -> bytes:
    """Import a file, correct one cell of its failures, and import these; what still fails."""
    table = failures(uploads, content, "inbox/erp/a.csv", form)
    correct = in_csv if form == "csv" else in_workbook
    return failures(uploads, correct(table, old, new), f"inbox/erp/b.{form}")


def test_an_unreadable_row_is_no_record(uploads: Uploads, form: str) -> None:
    content = "id;name;email\n1;Ada;a@example.com\n2;Meyer; Bob;b@example.com\n;Cy;\n"

    assert corrected(uploads, content, form, "row.too_many_cells", "") != b""

    assert [row["external_id"] for row in uploads.relay.mateo.rows] == ["1"]


def test_the_columns_of_the_relay_are_there_once(uploads: Uploads) -> None:
    content = first = failures(uploads, "id;name;email\n;Ada;\n", "inbox/erp/0.csv")
    for number in range(1, 5):
        content = failures(uploads, content, f"inbox/erp/{number}.csv")
    assert content == first


def test_unreadable_rows_alone_are_shown(uploads: Uploads) -> None:
    content = "id,name,email,revenue\n1,Ada,a@example.com,2,50\n2,Bob,b@example.com,3,75\n"
    assert b'"2,Bob,b@example.com,3,75"' in failures(uploads, content, "inbox/erp/a.csv")


def test_nested_records_keep_what_was_right(uploads: Uploads, form: str) -> None:
    connect(uploads, NESTED)
    properties = '"properties": {"name": "first"}, "addresses": [{"town": "Rostock"}]'
    content = f'[{{"id": "7", "properties": {{"name": "Bob", "vip": true}}}}, {{{properties}}}]'
    table = failures(uploads, content, "inbox/erp/a.json", form)

    assert failures(uploads, identified(table, form), f"inbox/erp/b.{form}") == b""

    row = uploads.relay.mateo.rows[-1]
    assert (row["external_id"], row["full_name"], row["city"]) == ("1", "first", "Rostock")


def test_headers_and_cells_keep_their_line_breaks(uploads: Uploads, form: str) -> None:
    connect(uploads, ODD)
    line = ';"J\u00f6rg\u200b M\u00fc\u00dfig";j@@example;"18055\nRostock"\n'
    content = f'id;name;"E-Mail\nAdresse";town\n{line}'

    assert corrected(uploads, content, form, "j@@example", "j@example.com") == b""

    (row,) = uploads.relay.mateo.rows
    assert (row["full_name"], row["email"]) == ("J\u00f6rg M\u00fc\u00dfig", "j@example.com")
    assert row["city"] == "18055\nRostock"
