"""The text of a row, byte for byte as it is sent, and what no row may hold."""

import json

import pytest

from import_relay.domain.errors import RejectedRow
from import_relay.mapping.row_texts import MAX_IMPORT_BODY_B, MAX_ROW_B, row_text


def test_a_row_is_compact_json_whose_texts_stay_readable() -> None:
    assert row_text({"full_name": "Ädä", "tags": ["a", 1]}) == (
        '{"full_name":"Ädä","tags":["a",1]}'.encode()
    )


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity Ltd", 'Ü "\\/\x1f\x7f\u2028', 1e16, 2**70, -0.5, True, ["a", None]]
)
def test_a_value_arrives_as_it_is(value: object) -> None:
    assert json.loads(row_text({"a": value})) == {"a": value}


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"a": float("inf")}, "row.bad_value"),
        ({"a": float("nan")}, "row.bad_value"),
        ({"a": "\ud800"}, "row.bad_text"),
        ({"a": "x\0"}, "row.bad_text"),
        ({"a": ["x", "\0"]}, "row.bad_text"),
        ({"a\0": "x"}, "row.bad_text"),
        ({"a": "x" * MAX_ROW_B}, "row.too_large"),
    ],
)
def test_a_value_that_mateo_cannot_store_is_rejected_without_quoting_it(
    columns: dict[str, object], code: str
) -> None:
    with pytest.raises(RejectedRow) as caught:
        row_text(columns)

    assert caught.value.code == code
    assert "xxx" not in str(caught.value)


def test_a_text_that_only_looks_like_an_escaped_nul_is_fine() -> None:
    assert json.loads(row_text({"a": "\\u0000"})) == {"a": "\\u0000"}


def test_the_largest_row_fits_an_import_of_its_own() -> None:
    text = row_text({"a": "x" * (MAX_ROW_B - len('{"a":""}'))})

    assert len(text) == MAX_ROW_B < MAX_IMPORT_BODY_B
