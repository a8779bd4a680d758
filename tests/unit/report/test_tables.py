"""Tables are safe in every spreadsheet, however it splits them, and lose nothing that was sent."""

import csv
import io
import itertools
import json
from typing import Literal

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from import_relay.report.tables import (
    MAX_CELL_CHARACTERS,
    as_csv,
    as_sent,
    as_workbook,
    json_cell,
    row_cell,
    spread,
    visible,
)

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
IGNORED = " \u00a0\u200b\u200c\u200d\u2060\ufeff\u00ad\u3000\"'"
QUOTINGS: tuple[Literal[0, 3], ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_NONE)
DIALECTS = list(itertools.product(",;\t", QUOTINGS, (True, False), (True, False)))
PAYLOAD = "=cmd|'/c calc.exe'!A1"
HOSTILE = (
    PAYLOAD,
    f"x;{PAYLOAD};y",
    f"x,{PAYLOAD},y",
    f'x;"{PAYLOAD}";y',
    f'x;""{PAYLOAD}',
    f'x,"",;"{PAYLOAD}',
    f"x\n{PAYLOAD}",
    f"x\r{PAYLOAD}",
    f"x\t{PAYLOAD}",
    f"x\x0b{PAYLOAD}",
    f"x\u2028{PAYLOAD}",
    f"x\x85{PAYLOAD}",
    f" {PAYLOAD}",
    f"\u00a0;\u200b{PAYLOAD}",
    f'"{PAYLOAD}',
    f"\ufeff{PAYLOAD}",
    f"\x00{PAYLOAD}",
    f"\u202e{PAYLOAD}",
    "+49 1522 1234567",
    "-1",
    "@SUM(1)",
    "\uff1d1",
    ";;,,=1",
    "a ; ; =1",
)


def cells_of(table: bytes) -> list[str]:
    """Every cell that any spreadsheet makes of a table, separators in a row joined or not."""
    text = table.decode("utf-8-sig")
    found = []
    for separator, quoting, skip, doubled in DIALECTS:
        reader = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=separator,
            quoting=quoting,
            skipinitialspace=skip,
            doublequote=doubled,
        )
        found += [cell for line in reader for cell in line]
    found += [cell for line in text.splitlines() for cell in line.split(";")]
    return found


def formulas_in(table: bytes) -> list[str]:
    return [
        cell
        for cell in cells_of(table)
        if cell.startswith(FORMULA) or cell.lstrip(IGNORED.replace("'", "")).startswith(FORMULA)
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_begins_a_formula_however_the_table_is_split(text: str) -> None:
    row = {"external_id": text, text: "1", "list": [text, -5, {"deep": [-1.5, text]}]}
    for cell in (text, row_cell(text)):
        lines = [[cell, "m", json_cell(row)], ["c", cell, cell]]
        assert formulas_in(as_csv(["code", "message", cell], lines)) == []


@given(st.text(st.sampled_from("=+-@x1 ,;\t\n\r\"'\u200b\u00a0\\{}[]:\uff1d"), max_size=12))
def test_no_mixture_of_separators_quotes_and_spaces_begins_a_formula(text: str) -> None:
    for cell in (text, row_cell(text)):
        table = as_csv(["a", "b", "c"], [[cell, json_cell([text, {text: text}]), cell]])
        assert formulas_in(table) == []


@given(st.text(st.sampled_from('=+-@x1 ,;\t\n\r"\u200b\u00a0\\{}[]:\uff1d'), max_size=12))
@example("+49 1522 1234567")
@example("a,=1;-2,;")
def test_a_cell_that_is_uploaded_again_is_what_it_was(text: str) -> None:
    table = as_csv(["a"], [[text]]).decode("utf-8-sig")
    lines = [*csv.reader(io.StringIO(table, newline=""))]
    cell = "".join(lines[1])  # a blank one is an empty line
    assert as_sent(cell) == visible(text)


@given(st.text(st.sampled_from('=+-@x1 ,;\n"\u00a0\\{}[]:\uff1d'), max_size=12))
@example("Hauptstr. 1\n18055 Rostock")
@example("a,\n=1;\n\n-2,\n")
def test_a_cell_of_a_row_keeps_its_line_breaks(text: str) -> None:
    table = as_csv(["a", "b"], [[row_cell(text), "x"]]).decode("utf-8-sig")
    (_, (cell, _)) = csv.reader(io.StringIO(table, newline=""))
    assert as_sent(cell) == text


def test_a_cell_of_a_row_has_no_sign_that_nobody_sees() -> None:
    text = "\ufeffA\u200bda\u202c\x00 \ud83d\r\n\U0001f44d\u200d\u2028\tx\ry"
    assert row_cell(text) == "Ada \n\U0001f44d\u200d x\ny"


def test_json_that_is_uploaded_again_is_the_same() -> None:
    for value in ({"a": "x,'=1", "b": "y,'"}, ["x;'=1", ",'-2"]):
        assert json.loads(as_sent(json_cell(value))) == value


def test_an_apostrophe_within_a_text_stays() -> None:
    for text in ("O'Brien", "'s-Gravenhage", "rock 'n' roll, 'x'", "'", "5' 11\""):
        assert as_sent(text) == text


def test_the_check_itself_finds_formulas() -> None:
    assert formulas_in(b"a,b\r\n1,x;=6*7;y\r\n") != []
    assert formulas_in(b'a,b\r\n1,"x;""=6*7"\r\n') != []


@given(st.recursive(st.text() | st.integers(0) | st.booleans() | st.none(), st.lists, max_leaves=5))
def test_a_cell_of_json_is_the_same_json(value: object) -> None:
    (_, line) = csv.reader(
        io.StringIO(as_csv(["input"], [[json_cell(value)]]).decode("utf-8-sig"), newline="")
    )
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # half a surrogate pair is spelled out twice
    assert json.loads(line[0]) == value


def test_a_negative_number_in_a_list_becomes_a_text() -> None:
    value = {"balance": -5, "moves": [-5, 7]}
    assert json.loads(json_cell(value)) == {"balance": -5, "moves": ["-5", 7]}
    assert json.loads(json_cell(-5)) == "-5"


def test_a_number_stays_readable() -> None:
    table = as_csv(["sms"], [["+49 1522 1234567"]]).decode("utf-8-sig")
    assert table == "sms\r\n'+49 1522 1234567\r\n"


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert visible("evil\u202egpj.exe\x00\nnext\tcell") == "evil\\u202egpj.exe\\u0000 next cell"


def cells_in(workbook: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).active
    assert sheet is not None
    assert {cell.data_type for line in sheet.iter_rows() for cell in line} <= {"s", "n"}
    return [[cell.value for cell in line] for line in sheet.iter_rows()]


def test_a_workbook_keeps_every_cell_as_a_text() -> None:
    line = ["0012", "1234567890123456789", "=1+1", "+49 1522 1234567", "_x0041_", "Zoë 李"]
    header = ["zip", "id", "note", "sms", "odd", "name"]
    assert cells_in(as_workbook("t", header, [line], created_at=0.0)) == [header, line]


@pytest.mark.parametrize("text", [text for text in HOSTILE if visible(text).strip()])
def test_nothing_in_a_workbook_is_a_formula(text: str) -> None:
    for sent, kept in ((text, visible(text)), (row_cell(text), row_cell(text))):
        _, (cell,) = cells_in(as_workbook("t", ["a"], [[sent]], created_at=0.0))
        assert cell == kept


def test_a_reason_is_read_whole_and_a_record_does_not_fill_the_screen() -> None:
    line = ["short", "a reason " * 20, "x" * 1_000]
    workbook = as_workbook("t", ["a", "b", "c"], [line], created_at=0.0)
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).active
    assert sheet is not None
    assert [bool(cell.alignment.wrap_text) for cell in sheet[2]] == [False, True, False]


def test_a_text_longer_than_a_cell_is_cut_and_says_so() -> None:
    _, (cell,) = cells_in(as_workbook("t", ["a"], [["x" * 40_000]], created_at=0.0))
    assert cell == f"{'x' * MAX_CELL_CHARACTERS} [cut: 40000 characters]"


def test_the_same_table_gives_the_same_workbook() -> None:
    first, second = (as_workbook("t", ["a"], [["1"]], created_at=1.8e9) for _ in range(2))
    assert first == second


def test_rows_are_spread_over_columns_in_the_order_in_which_these_appear() -> None:
    rows = [{"external_id": "1", "sms": ["+49 1", "+49 2"]}, {"email": None, "vip": True}, "odd"]
    columns, cells = spread(rows)
    assert columns == ["external_id", "sms", "email", "vip", "input"]
    assert cells == [
        {"external_id": "1", "sms": "+49 1, +49 2"},
        {"email": "", "vip": "true"},
        {"input": "odd"},
    ]
