"""Cells of a workbook are the texts that its table has as a CSV."""

import io
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook

from import_relay.bulk.formats import cells
from import_relay.bulk.formats.file_error import FileUnreadable
from import_relay.domain.files import FileRow
from tests.unit.bulk.file_rows import rows_of

SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "xl/worksheets/sheet1.xml"


def book(fill: Callable[[Any, Any], object]) -> bytes:
    workbook = Workbook()
    fill(workbook, workbook.active)
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def cell_text(value: object, number_format: str = "General") -> str:
    def fill(_: Any, sheet: Any) -> None:
        sheet["A1"], sheet["B1"], sheet["A2"], sheet["B2"] = "id", "cell", 1, value
        sheet["B2"].number_format = number_format

    (row,) = rows_of(book(fill))
    assert row.record is not None, row
    return str(row.record["cell"])


def parts_of(content: bytes) -> dict[str, str]:
    """The files in a workbook, by their names."""
    with ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def packed(parts: Mapping[str, str]) -> bytes:
    """A workbook of these files."""
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def sheet_parts(xml: str) -> dict[str, str]:
    """The files of a workbook whose sheet holds this XML."""
    parts = parts_of(book(lambda _, sheet: sheet.append(["id"])))
    before, _, rest = parts[SHEET].partition("<sheetData>")
    return parts | {SHEET: f"{before}<sheetData>{xml}{rest[rest.index('</sheetData>') :]}"}


def with_sheet(xml: str) -> list[FileRow]:
    """The rows of a workbook whose sheet holds this XML."""
    return rows_of(packed(sheet_parts(xml)))


def strict(content: bytes) -> bytes:
    """A workbook as Excel saves it in its format "Strict Open XML"."""
    names = {
        SPACE: "http://purl.oclc.org/ooxml/spreadsheetml/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
            "http://purl.oclc.org/ooxml/officeDocument/relationships"
        ),
    }
    parts = parts_of(content)
    for name, of_strict in names.items():
        parts = {part: text.replace(name, of_strict) for part, text in parts.items()}
    return packed(parts)


def test_a_workbook_whose_sheets_cannot_be_found_is_not_called_empty() -> None:
    good = book(lambda _, sheet: sheet.append(["id"]))

    with pytest.raises(FileUnreadable, match="Strict Open XML") as caught:
        rows_of(strict(good))

    assert caught.value.code == "file.broken_workbook"


HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1067, "00000", "01067"),
        (7, "0", "7"),
        (12, "General", "12"),
        (15112345678, '"0"#', "015112345678"),
        (15112345678, "\\0#", "015112345678"),
        (15112345678, "0##########", "15112345678"),
        (4915112345678, "+#", "+4915112345678"),
        (4915112345678, '"+"0', "+4915112345678"),
        (15112345678, '"+49"#', "+4915112345678"),
        (-5, "00000", "-5"),
        (1.5, "00000", "1.5"),
        (1234, "#,##0", "1234"),
        (0.25, "0%", "0.25"),
        ("007", "00000", "007"),
        (timedelta(hours=30, minutes=5), "[h]:mm:ss", "30:05:00"),
        (timedelta(minutes=-30), "[h]:mm:ss", "-00:30:00"),
        (date(1990, 5, 15), "dd.mm.yyyy", "1990-05-15"),
        (datetime.fromisoformat("2026-11-21T14:30"), "dd.mm.yyyy hh:mm", "2026-11-21 14:30:00"),
    ],
)
def test_a_cell_is_what_its_csv_would_say(value: object, number_format: str, text: str) -> None:
    assert cell_text(value, number_format) == text


def test_control_characters_of_a_text_are_no_escapes() -> None:
    escaped = '<row r="2"><c r="A2" t="inlineStr"><is><t>a_x000D_&#10;b _x005F_x</t></is></c></row>'
    (row,) = with_sheet(HEADER + escaped)
    assert row.record == {"id": "a\r\nb _x"}


def test_a_formula_without_its_result_is_an_unreadable_row() -> None:
    """Programs write formulas whose results only a spreadsheet computes."""

    def fill(_: Any, sheet: Any) -> None:
        for row in (["id", "total"], [1, "=1+1"], [2, "3"]):
            sheet.append(row)

    broken, good = rows_of(book(fill))
    assert (broken.line, broken.code) == (2, "row.unreadable")
    assert broken.detail == "cell 2 is a formula without its result"
    assert good.record == {"id": "2", "total": "3"}


def test_a_formula_has_its_result() -> None:
    cells = '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>'
    cells += '<row r="3"><c r="A3" t="str"><f>""</f><v></v></c><c r="B3"/></row>'
    assert with_sheet(HEADER + cells) == [FileRow(2, {"id": "2"})]


def test_a_sheet_that_nobody_sees_is_not_meant() -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        for row in (["id"], [1]):
            sheet.append(row)
        lists = workbook.create_sheet("Lists", 0)
        lists.append(["Mr"])
        lists.sheet_state = "hidden"

    assert rows_of(book(fill)) == [FileRow(2, {"id": "1"})]


def test_the_only_sheet_with_rows_may_be_hidden() -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        sheet.sheet_state = "hidden"
        workbook.create_sheet("Empty")
        for row in (["id"], [1]):
            sheet.append(row)

    assert rows_of(book(fill)) == [FileRow(2, {"id": "1"})]


def test_a_blank_in_a_sheet_is_no_row_of_it() -> None:
    def fill(workbook: Any, sheet: Any) -> None:
        for row in (["id"], [1]):
            sheet.append(row)
        workbook.create_sheet("Notes").append([" "])

    assert rows_of(book(fill)) == [FileRow(2, {"id": "1"})]


def test_of_merged_cells_the_first_has_the_text() -> None:
    def fill(_: Any, sheet: Any) -> None:
        for row in (["id", "town"], [1, "Rostock"], [2, None]):
            sheet.append(row)
        sheet.merge_cells("B2:B3")

    assert [row.record for row in rows_of(book(fill))] == [
        {"id": "1", "town": "Rostock"},
        {"id": "2", "town": ""},
    ]


def test_rows_keep_their_numbers_and_share_none() -> None:
    """A row is told from others by its number, whatever a damaged file says."""
    cell = "<c><v>7</v></c>"
    found = with_sheet(
        HEADER + f'<row r="5">{cell}</row><row r="5">{cell}</row><row r="3">{cell}</row>'
    )
    assert [row.line for row in found] == [5, 6, 7]


@pytest.mark.parametrize("number", ["99999999999", "-1", "x"])
def test_a_number_that_no_row_has_refuses_the_file(number: str) -> None:
    with pytest.raises(FileUnreadable) as caught:
        with_sheet(HEADER + f'<row r="{number}"><c><v>7</v></c></row>')
    assert caught.value.code == "file.broken_workbook"


def test_a_damaged_part_is_a_fault_of_the_workbook() -> None:
    damaged = bytearray(book(lambda _, sheet: [sheet.append([n, n * n]) for n in range(500)]))
    with ZipFile(io.BytesIO(damaged)) as archive:
        begin = archive.getinfo(SHEET).header_offset + 30 + len(SHEET)
    damaged[begin + 200 : begin + 208] = b"\xff" * 8

    with pytest.raises(FileUnreadable) as caught:
        rows_of(bytes(damaged))
    assert caught.value.code == "file.broken_workbook"


def test_a_shared_text_that_is_not_there_is_a_fault_of_the_workbook() -> None:
    with pytest.raises(FileUnreadable) as caught:
        with_sheet(HEADER + '<row r="2"><c t="s"><v>99</v></c></row>')
    assert caught.value.code == "file.broken_workbook"


def with_shared(texts: str, rows: str, document_type: str = "") -> list[FileRow]:
    """The rows of a workbook whose sheet and shared texts hold this XML."""
    table = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{table}"/>'
    parts = sheet_parts(rows)
    types = parts["[Content_Types].xml"]
    if "sharedStrings" not in types:
        parts["[Content_Types].xml"] = types.replace("</Types>", f"{part}</Types>")
    parts["xl/sharedStrings.xml"] = f'{document_type}<sst xmlns="{SPACE}">{texts}</sst>'
    return rows_of(packed(parts))


SHARED_HEADER = '<row r="1"><c t="s"><v>0</v></c><c t="inlineStr"><is><t>n</t></is></c></row>'


def test_shared_texts_may_be_plain_empty_or_of_several_runs() -> None:
    texts = (
        "<t>id</t>",
        '<t xml:space="preserve"> a </t>',
        "<t/>",
        '<r><t>b</t></r><r><t>c</t></r><rPh sb="0" eb="1"><t>pronounced</t></rPh>',
    )
    cells = [f'<row r="{n}"><c t="s"><v>{n - 1}</v></c><c><v>{n}</v></c></row>' for n in (2, 3, 4)]
    shared = "".join(f"<si>{one}</si>" for one in texts)

    found = [row.record for row in with_shared(shared, SHARED_HEADER + "".join(cells))]

    assert found == [{"id": " a ", "n": "2"}, {"id": "", "n": "3"}, {"id": "bc", "n": "4"}]


def test_cells_hold_results_and_inline_texts_at_their_columns() -> None:
    (row,) = with_sheet(
        '<row><c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><r><t>o</t></r><r><t>ne'
        '</t></r><rPh sb="0" eb="1"><t>pronounced</t></rPh></is></c><c t="str"><v>two</v></c></row>'
        '<row><c r="C2" t="str"><f>A1&amp;"x"</f><v>computed</v></c><c r="A2"><v>1E3</v></c></row>'
    )
    assert row.record == {"id": "1000", "one": "", "two": "computed"}


def test_a_long_text_is_whole_and_a_longer_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"{number} " for number in range(30_000))
    sheet = f'<row><c t="inlineStr"><is><t>{text}</t></is></c></row>'
    (row,) = with_sheet(HEADER + sheet)
    assert row.record == {"id": text}

    monkeypatch.setattr(cells, "MAX_CELL_TEXT", 100_000)
    with pytest.raises(FileUnreadable) as caught:
        with_sheet(HEADER + sheet)
    assert caught.value.code == "file.broken_workbook"


def test_a_row_of_cells_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MAX_CELLS", 1_000)
    with pytest.raises(FileUnreadable) as caught:
        with_sheet(HEADER + f"<row>{'<c><v>7</v></c>' * 9_000}</row>")
    assert caught.value.code == "file.broken_workbook"


def test_entities_in_shared_texts_are_refused() -> None:
    with pytest.raises(FileUnreadable) as caught:
        with_shared("<si><t>id</t></si>", SHARED_HEADER, '<!DOCTYPE x [<!ENTITY a "aaaa">]>')
    assert caught.value.code == "file.broken_workbook"
