"""What an entry of Mateo's list of failures says, in each shape that it may have."""

import json

import pytest

from import_relay.report.failures import inline_failures, read_failures

BOB = {"external_id": "2", "email": "bob@example.com"}
ABOUT = {"code": "23514", "message": "no"}


@pytest.mark.parametrize(
    "given",
    [
        {"input": BOB},
        {"input": json.dumps(BOB)},
        {"input": [BOB]},
        {"record": BOB},
        {"row": BOB},
        {"data": BOB},
        BOB,
        {**BOB, "data": {"external_id": "7"}},
    ],
)
def test_a_row_is_found_under_each_likely_name(given: dict[str, object]) -> None:
    (found,) = inline_failures([{**ABOUT, **given}])

    assert found.columns["external_id"] == "2"
    assert (found.code, found.message) == ("23514", "no")


@pytest.mark.parametrize(
    ("given", "row", "counts_from"),
    [
        ({"index": 3}, 3, 0),
        ({"position": 3.0}, 3, 0),
        ({"record_number": "4"}, 4, 1),
        ({"Row Number": 4}, 4, 1),
        ({"input": None, "row": 3}, 3, 0),
        ({"row": -1}, None, 0),
        ({"row": 1.5}, None, 0),
        ({"row": True}, None, 0),
    ],
)
def test_the_number_of_a_row_is_found_under_each_likely_name(
    given: dict[str, object], row: int | None, counts_from: int
) -> None:
    (found,) = inline_failures([{**ABOUT, **given}])

    assert (found.row, found.counts_from) == (row, counts_from)


@pytest.mark.parametrize(
    "failed",
    [
        [{**ABOUT, "input": BOB}],
        json.dumps([{**ABOUT, "input": BOB}]),
        {"failed": [{**ABOUT, "input": BOB}], "count": 1},
        {"0": {**ABOUT, "input": BOB}},
        {**ABOUT, "input": BOB},
    ],
)
def test_the_list_in_an_answer_may_have_the_shapes_of_a_file(failed: object) -> None:
    (found,) = inline_failures(failed)

    assert found.columns == BOB


@pytest.mark.parametrize("failed", [None, [], {}, "", "null", "[]", 0, {"count": 0}])
def test_nothing_listed_is_no_failure(failed: object) -> None:
    assert inline_failures(failed) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
def test_a_csv_is_read_in_each_likely_encoding(encoding: str) -> None:
    text = "code,message,external_id\r\n23514,ung\u00fcltig,2\r\n"

    found = read_failures(text.encode(encoding))

    assert found is not None
    assert [(one.code, one.columns["external_id"]) for one in found] == [("23514", "2")]


@pytest.mark.parametrize(
    "content",
    [
        "Code,Message,External_ID\n23514,no,2\n",
        "code, message, external_id\n23514, no, 2\n",
        "code|message|external_id\n23514|no|2\n",
        "code\tmessage\texternal_id\n23514\tno\t2\n",
        "sep=;\r\nCODE;MESSAGE;EXTERNAL_ID\r\n23514;no;2\r\n",
        'code,message,Input\n23514,no,"{""external_id"": ""2""}"\n',
    ],
)
def test_a_csv_is_read_whatever_separates_and_names_its_columns(content: str) -> None:
    found = read_failures(content.encode()) or []

    columns = [(one.code, one.message, one.columns["external_id"]) for one in found]
    assert columns == [("23514", "no", "2")]


def test_a_csv_that_has_only_numbers_of_rows_is_read() -> None:
    found = read_failures(b"Row Number;Error\n2;bad\n")

    assert found is not None
    assert [one.row for one in found] == [2]


@pytest.mark.parametrize(
    "content",
    [
        b"code,message,input,external_id\n23514,no,,2\n",
        b'[{"code": "23514", "input": null, "external_id": "2"}]',
        b'[{"code": "23514", "input": {}, "external_id": "2"}]',
    ],
)
def test_an_empty_echo_hides_no_id_beside_it(content: bytes) -> None:
    (found,) = read_failures(content) or []

    assert found.columns["external_id"] == "2"


def test_a_control_character_in_a_value_does_not_hide_the_list() -> None:
    found = read_failures(b"code,message,external_id,full_name\n23514,no,2,Ada\x0bEx\x1fample\n")

    assert found is not None
    assert [one.columns["external_id"] for one in found] == ["2"]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_line_separator_within_a_value_does_not_hide_a_list_of_json_lines(separator: str) -> None:
    """JSON allows these characters in a text; only a line feed or carriage return ends a line."""
    entries = [{**ABOUT, "input": {**BOB, "full_name": f"Bob{separator}"}}, {**ABOUT, "input": BOB}]
    lines = "\r\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)

    found = read_failures(lines.encode())

    assert found is not None
    assert [one.columns["external_id"] for one in found] == ["2", "2"]


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04\xff", b"<html>gone</html>", b"null", b'{"error": "expired"}', b"[{]"]
)
def test_a_file_of_another_format_is_not_read(content: bytes) -> None:
    assert read_failures(content) is None
