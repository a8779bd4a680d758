"""Cells that are no value, and those of the relay's own tables."""

from typing import Any

import pytest

from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.domain.files import ABOUT_ROW
from import_relay.report.tables import as_workbook
from tests.unit.bulk.file_rows import rows_of
from tests.unit.bulk.test_formats_workbooks import HEADER, book, with_sheet


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ('t="e"><f>VLOOKUP(A2,X!A:B,2,0)</f><v>#N/A</v>', "is the error #N/A"),
        ('t="e"><f>X!A9</f><v>#REF!</v>', "is the error #REF!"),
        ('t="e"><v>#DIV/0!</v>', "is the error #DIV/0!"),
        ('t="b"><v>yes</v>', "is neither true nor false"),
        ('t="d"><v>31.12.2026</v>', "is no date"),
        ("><v>abc</v>", "is no number"),
        ("><v>1e999</v>", "is no number"),
    ],
)
def test_what_a_cell_cannot_be_is_no_value_and_hurts_no_other_row(cell: str, fault: str) -> None:
    """Two rows with the id `#REF!` would be one record."""
    header = HEADER.replace("</row>", '<c t="inlineStr"><is><t>name</t></is></c></row>')
    wrong = f'<row r="2"><c r="A2"><v>1</v></c><c r="B2" {cell}</c></row>'
    good = '<row r="3"><c r="A3"><v>2</v></c></row>'

    broken, other = with_sheet(f"{header}{wrong}{good}")

    assert (broken.line, broken.record, broken.code) == (2, None, "row.unreadable")
    assert broken.detail == f"cell 2 {fault}"
    assert other.record == {"id": "2", "name": ""}


def test_a_number_that_is_no_date_in_a_date_cell_is_no_value() -> None:
    """A spreadsheet shows `####` there."""

    def fill(_: Any, sheet: Any) -> None:
        sheet["A1"], sheet["A2"] = "id", 49_151_123_456
        sheet["A2"].number_format = "dd.mm.yyyy"

    (row,) = rows_of(book(fill))
    assert (row.code, row.text) == ("row.unreadable", "49151123456")


def test_an_error_in_the_header_refuses_the_file() -> None:
    with pytest.raises(FileUnreadable) as caught:
        with_sheet('<row r="1"><c t="e"><v>#NAME?</v></c></row><row r="2"><c><v>1</v></c></row>')
    assert (caught.value.code, caught.value.line) == ("file.no_header", 1)
    assert caught.value.detail == "cell 1 is the error #NAME?"


@pytest.mark.parametrize(
    ("written", "text"),
    [("1", "true"), ("true", "true"), ("TRUE", "true"), ("0", "false"), ("false", "false")],
)
def test_true_and_false_may_be_words(written: str, text: str) -> None:
    (row,) = with_sheet(f'{HEADER}<row r="2"><c t="b"><v>{written}</v></c></row>')
    assert row.record == {"id": text}


FAILED = {"id": "'-7", "phone": "'+49 1522 1234567", "name": "a;'=b", "'=x": "'s-H", "n": "-1"}
SENT = {"id": "-7", "phone": "+49 1522 1234567", "name": "a;=b", "=x": "'s-H", "n": "-1"}


def test_the_relays_own_csv_saved_as_a_workbook_has_no_apostrophes() -> None:
    """Excel shows them as a part of the text, and saves them."""

    def fill(_: Any, sheet: Any) -> None:
        sheet.append([" "])
        sheet.append([*FAILED, *ABOUT_ROW, "mine"])
        sheet.append([*FAILED.values(), *ABOUT_ROW, "x"])

    (row,) = rows_of(book(fill))
    assert row.record == SENT | {name: name for name in ABOUT_ROW} | {"mine": "x"}


def test_a_workbook_of_the_relay_has_no_apostrophes_of_its_own() -> None:
    header = [*FAILED, *ABOUT_ROW]
    line = [*FAILED.values(), "2", "x", "y"]

    (row,) = rows_of(as_workbook("failures", header, [line], created_at=0))

    assert row.record == dict(zip(header, line, strict=True))


def test_an_apostrophe_in_any_other_workbook_is_its_own() -> None:
    header = [*FAILED, "line", "code", "reason"]

    def fill(_: Any, sheet: Any) -> None:
        sheet.append(header)
        sheet.append([*FAILED.values(), "2", "x", "y"])

    (row,) = rows_of(book(fill))
    assert row.record == FAILED | {"line": "2", "code": "x", "reason": "y"}
