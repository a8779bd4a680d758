"""The forms of an answer: what ``Accept`` chooses and how rows are written in it."""

from __future__ import annotations

import csv
import io
import json

import pytest

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.values import Kind
from mateo_emulator.postgrest.media_type import OutputRow, Representation, negotiate

KINDS: dict[str, Kind] = {"id": "integer", "name": "text"}
ROWS: list[OutputRow] = [{"id": 1, "name": "Zoë"}, {"id": 2, "name": None}]


@pytest.mark.parametrize(
    ("accept", "form", "content_type"),
    [
        (None, "array", "application/json"),
        ("", "array", "application/json"),
        ("*/*", "array", "application/json"),
        ("application/json", "array", "application/json"),
        ("APPLICATION/JSON; charset=utf-8", "array", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "array", "application/json"),
        ("application/vnd.pgrst.array+json", "array", "application/json"),
        ("application/vnd.pgrst.object+json", "object", "application/vnd.pgrst.object+json"),
        ("application/vnd.pgrst.object", "object", "application/vnd.pgrst.object+json"),
        ("text/csv", "csv", "text/csv"),
        ("application/json;q=0.5, text/csv", "csv", "text/csv"),
        ("*/*, text/csv", "csv", "text/csv"),
        ("text/csv;q=0, application/json", "array", "application/json"),
    ],
)
def test_accept_chooses_the_form(accept: str | None, form: str, content_type: str) -> None:
    chosen = negotiate(accept)
    assert (chosen.form, chosen.content_type) == (form, f"{content_type}; charset=utf-8")


@pytest.mark.parametrize(
    "accept", ["text/html", "application/*", "image/png, text/html", "application/json;q=0", ";"]
)
def test_a_form_that_is_not_offered_is_406(accept: str) -> None:
    with pytest.raises(ApiError) as caught:
        negotiate(accept)
    assert (caught.value.status, caught.value.code) == (406, "PGRST107")


@pytest.mark.parametrize("form", ["array", "object"])
def test_nulls_can_be_stripped_but_not_from_arrays(form: str) -> None:
    chosen = negotiate(f"application/vnd.pgrst.{form}+json;nulls=stripped")
    body = json.loads(chosen.write([{"a": None, "b": {"c": None, "d": [None, 1]}}], {}))
    assert (body[0] if form == "array" else body) == {"b": {"d": [None, 1]}}
    assert chosen.content_type.startswith(f"application/vnd.pgrst.{form}+json;nulls=stripped")


@pytest.mark.parametrize("rows", [[], ROWS])
def test_no_row_or_several_are_no_single_object(rows: list[OutputRow]) -> None:
    with pytest.raises(ApiError) as caught:
        Representation("object").write(rows, KINDS)
    error = caught.value
    assert (error.status, error.code) == (406, "PGRST116")
    assert error.hint == f"The result contains {len(rows)} rows"


def test_one_row_is_a_single_object() -> None:
    assert json.loads(Representation().single().write(ROWS[:1], KINDS)) == ROWS[0]


def test_csv_has_a_line_of_names_and_is_read_back_by_a_csv_reader() -> None:
    kinds: dict[str, Kind] = {**KINDS, "flag": "boolean", "made": "timestamp", "json": "json"}
    row: OutputRow = {
        "id": 1,
        "name": 'a "b", c',
        "flag": False,
        "made": "2026-11-21T09:30:00.000000+00:00",
        "json": [{"k": 1}],
    }
    body = Representation("csv").write([row, {"id": 2, "name": ""}], kinds).decode()
    assert list(csv.reader(io.StringIO(body))) == [
        list(kinds),
        ["1", 'a "b", c', "f", "2026-11-21 09:30:00+00", '[{"k": 1}]'],
        ["2", "", "", "", ""],
    ]
    assert body.splitlines()[2] == '2,"",,,'
