"""Rows that were not imported come back from their table as they were before."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from import_relay.bulk.correction_tables import CUT, CorrectionTable, TableColumns, reason_text
from import_relay.bulk.formats.file_error import MAX_ROW_TEXT
from import_relay.bulk.formats.rows import read_rows
from import_relay.connectors.file_rows import file_row_change
from import_relay.domain.errors import RejectedRow
from import_relay.domain.files import ABOUT_ROW, MORE, ROW_TEXT
from import_relay.report.failure_file import MAX_COLUMNS
from import_relay.report.tables import as_csv, as_workbook

Record = Mapping[str, Any]
ABOUT = ("7", "row.bad_value", "why")
NAMES = st.sampled_from(["a", "b", "c d", "d.e", "E-Mail\nAdresse", "=x", " a", "", "\u200bb"])
TEXTS = st.text(st.sampled_from('x=+,;\n"1'), max_size=5).map(str.strip)
SCALARS = TEXTS | st.none() | st.booleans() | st.integers(0, 99)
VALUES = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=2) | st.dictionaries(NAMES, one, max_size=3)
)


def table_of(records: Sequence[Record | None]) -> CorrectionTable:
    columns = TableColumns()
    for one in records:
        columns.see(one)
    return columns.table()


def written(records: Sequence[Record | None], text: str = "") -> bytes:
    table = table_of(records)
    return as_csv(table.header, [table.cells(one, text, ABOUT) for one in records])


def read(content: bytes) -> list[Record]:
    return [row.record or {} for row in read_rows(lambda: io.BytesIO(content))]


def seen(record: Record) -> Any:
    """What the expressions of a mapping see of a row, without the relay's own columns."""
    found: Any = file_row_change(record).record
    return {name: one for name, one in found.items() if name not in ABOUT_ROW}


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Path → value, as the text of a cell; nothing for what is empty."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif value not in ("", None):
        yield path, value if isinstance(value, str | list) else json.dumps(value)


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=3))
@example([{"a": {"b": "x"}}, {"a": "text"}, {"a": None}, {"a": {"b": {"c": "y"}}}])
@example([{"a": {"b": "1"}, "a.b": "2"}, {"a": {"b": {"c": "y"}}}, {"a": {"b": "x"}}])
@example([{"a": {"b": []}}, {"a": ""}])
@example([{"a": [{"b": "x"}], "b": [], "\u200bb": "1", "": "2"}])
@example([{"a": {"": "1", "b": "2"}}, {"a": {"b": {"a.b": "2"}}}, {"a": {"b": "x"}}])
def test_a_mapping_sees_of_an_uploaded_table_what_it_saw_of_the_file(records: list[Any]) -> None:
    records = [{"id": "1", **one} for one in records]

    for before, after in zip(records, read(written(records)), strict=True):
        was, is_ = dict(leaves(seen(before))), dict(leaves(seen(after)))
        assert was.items() <= is_.items()
        assert {path for path in is_ if "." not in path[0]} <= was.keys()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_signs_that_nobody_sees_are_no_part_of_a_value(form: str) -> None:
    sent = {
        "id": "7",
        "phone": "\u202a+49 1522 1234567\u202c",
        "name": "A\u200bda\x00 \ud83d",
        "e": "1",
    }
    table = table_of([sent])
    lines = [table.cells(sent, "", ABOUT)]
    content = (
        as_csv(table.header, lines)
        if form == "csv"
        else as_workbook("f", table.header, lines, created_at=0.0)
    )

    (row,) = read(content)

    assert seen(row) == {"id": "7", "phone": "+49 1522 1234567", "name": "Ada ", "e": "1"}


def test_an_unreadable_row_has_its_text_in_a_column_of_its_own() -> None:
    rows = read(written([{"id": "1"}, None], "2;Meyer; Bob"))

    assert [(row["id"], row[ROW_TEXT]) for row in rows] == [("1", ""), ("", "2;Meyer; Bob")]
    assert seen(rows[0])["id"] == "1"
    for row in (rows[1], {"id": "", ROW_TEXT: "2;Meyer; Bob"}):
        with pytest.raises(RejectedRow, match=r"row\.not_corrected"):
            file_row_change(row)


def test_a_table_of_unreadable_rows_alone_has_their_texts() -> None:
    (row,) = read(written([None], "1,Ada,2,50"))
    assert row == dict(zip((ROW_TEXT, *ABOUT_ROW), ("1,Ada,2,50", *ABOUT), strict=True))


def test_a_text_that_was_cut_says_so() -> None:
    (row,) = read(written([None], "x" * MAX_ROW_TEXT))
    assert row[ROW_TEXT] == "x" * MAX_ROW_TEXT + CUT


def test_a_corrected_row_is_read_whatever_its_text_was() -> None:
    assert seen({"id": "1", ROW_TEXT: "2;Meyer; Bob", ABOUT_ROW[0]: "3"})["id"] == "1"


def test_the_columns_of_the_relay_are_replaced_and_a_text_stays() -> None:
    content = first = written([{"id": "", "code": "own"}, None], "2;Meyer; Bob")
    for _ in range(5):
        content = written(read(content))
    assert content == first


def test_keys_that_objects_invent_share_a_column() -> None:
    records = [{"id": str(n), f"key {n}": "x", f"more {n}": n} for n in range(1_000)]
    table = table_of(records)

    cells = table.cells(records[-1], "", ABOUT)
    row = dict(zip(table.header, cells, strict=True))

    assert len(table.columns) == MAX_COLUMNS
    assert (row["id"], row["relay_line"]) == ("999", "7")
    assert json.loads(row[MORE]) == {"key 999": "x", "more 999": 999}
    assert sum(map(bool, cells)) == 5
    assert seen(row) == dict.fromkeys(table.columns, "") | records[-1]


def test_a_wide_table_keeps_its_columns() -> None:
    record = {f"column {n}": "x" for n in range(1_500)}
    assert table_of([{}, record, record]).columns == list(record)


def test_a_filled_cell_is_worth_more_than_what_was_there_before() -> None:
    assert seen({"a": "new", "b": "", MORE: '{"a": "old", "b": ["x"]}'}) == {"a": "new", "b": ["x"]}


@pytest.mark.parametrize("text", ["mine", "[1]", '{"a": NaN}', '{"a": 1', "[" * 10_000])
def test_a_mistake_in_the_column_of_the_others_rejects_the_row_and_stays(text: str) -> None:
    row = {"id": "1", MORE: text}

    with pytest.raises(RejectedRow, match=r"row\.bad_more"):
        file_row_change(row)
    assert read(written([row]))[0][MORE] == text


def test_a_reason_names_its_column() -> None:
    assert (reason_text("email", "why"), reason_text("", "why")) == ("email: why", "why")
