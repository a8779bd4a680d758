"""JSON is read without being changed."""

import json
from typing import Any

import pytest

from import_relay.connectors.shared.json_text import (
    MAX_ITEMS,
    MAX_JSON_DEPTH,
    MAX_JSON_VALUES,
    body_text,
    elements,
    records,
    single,
)
from import_relay.domain.errors import UnreadableDelivery
from tests.support.webhooks import request


def slices(text: str) -> list[str]:
    return [raw for _, raw in records(text)]


def code_of(text: str) -> str:
    with pytest.raises(UnreadableDelivery) as caught:
        records(text)
    return caught.value.code


VALUES = ['{"a": 1}', '{"b":2}', "3", '"x"', "null", "[1,2]"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":1}', ['{"a":1}']),
        (' \r\n\t{"a":1} \n', ['{"a":1}']),
        ("{}", ["{}"]),
        ("[]", []),
        (" [ ] ", []),
        ('[{"a":1}]', ['{"a":1}']),
        ('[ {"a": 1} ,\n{"b":2}, 3 , "x" ,null,[1,2] ]', VALUES),
        ('{"records":[]}', []),
        ('{"records":[{"a":1},{"b":2}]}', ['{"a":1}', '{"b":2}']),
        (' { "records" : [ {"a":1} , {"b":2} ] } ', ['{"a":1}', '{"b":2}']),
        ('{"count":2,"records":[{"a":1}],"next":{"records":[1]}}', ['{"a":1}']),
        ('{"records":[1],"records":[2,3]}', ["2", "3"]),
        ('{"records":[1],"records":7}', ['{"records":[1],"records":7}']),
        ('{"records":7,"records":[1]}', ["1"]),
        ('{"records":{"a":1}}', ['{"records":{"a":1}}']),
        ('{"records":null}', ['{"records":null}']),
        ('{"a":"\\"records\\"","b":[1]}', ['{"a":"\\"records\\"","b":[1]}']),
        ('{"a":{"records":[1]}}', ['{"a":{"records":[1]}}']),
        ("7", ["7"]),
        ('"text"', ['"text"']),
        ("null", ["null"]),
    ],
)
def test_each_shape_becomes_its_items(text: str, expected: list[str]) -> None:
    assert slices(text) == expected


@pytest.mark.parametrize(
    "raw",
    [
        '{"id":9007199254740993}',
        '{"id":-0.0,"x":1e400,"y":1.10,"z":1E+2}',
        '{"a":1,"a":2}',
        '{"a":"\\u0000 \\ud800 \\u00e4 \\/ \\uffff"}',
        '{"a" :\t[ 1 , 2 ] }',
        '{"ä":"\u2028\ufffe\U0001f600"}',
    ],
)
def test_an_item_is_the_text_that_was_received(raw: str) -> None:
    assert slices(f"[{raw}]") == [raw]
    assert slices(f'{{"records":[{raw},{raw}]}}') == [raw, raw]
    assert single(raw)[1] == raw


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        (' [ {"a":1} , 2 ] ', ['{"a":1}', "2"]),
        ('[{"records":[1]}]', ['{"records":[1]}']),
    ],
)
def test_elements_are_those_of_an_array(text: str, expected: list[str]) -> None:
    assert [raw for _, raw in elements(text)] == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{}", "delivery.wrong_shape"),
        ('{"records":[1]}', "delivery.wrong_shape"),
        ("7", "delivery.wrong_shape"),
        ("[1", "delivery.not_json"),
        ("[] []", "delivery.not_json"),
        ("", "delivery.not_json"),
        ("[" * 10_000 + "]" * 10_000, "delivery.too_deep"),
        ("{" * 10_000, "delivery.not_json"),
    ],
    ids=lambda text: text[:16],
)
def test_a_text_that_is_no_array_has_no_elements(text: str, code: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        elements(text)
    assert caught.value.code == code


NOT_JSON = [
    "",
    " ",
    "{",
    "}",
    "[",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1]]",
    "[1] 2",
    '{"a":1}{"b":2}',
    '{"a":1} {"b":2}',
    '{"a":1}\n{"b":2}x',
    '{"a":1}\n[1]',
    '{"a":1}\n{"b":',
    "[1]\n[2]",
    "1\n2",
    '{"records":[1]}\n{"records":[2]}',
    '{"a":"b\\\n"}',
    '{"a":"x"y"}',
    "{'a':1}",
    '{"a":1,}',
    "{a:1}",
    '{"a"}',
    "nul",
    "NaN",
    "[NaN]",
    "[Infinity]",
    "[-Infinity]",
    '{"records":[1],}',
    '{"records" [1]}',
    '{"records":[1] "a":2}',
    '{1:2,"records":[]}',
    '{"records":[1],2:3}',
    '{"records":[NaN]}',
    '{"records":[1]',
    '{} "records"',
    "<xml/>",
    '["nul\x00"]',
    "[01]",
    "[1.]",
    "[+1]",
    "a=1&b=2",
    f"[{'1' * 4301}]",  # more digits than Python reads
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":1}\n{"b":2}', ['{"a":1}', '{"b":2}']),
        ('{"a":1}\r\n\r\n  {"b":2}\n\n', ['{"a":1}', '{"b":2}']),
        ('{\n"a":1\n}\n{\n"b":2\n}', ['{\n"a":1\n}', '{\n"b":2\n}']),
        ('{"a":1}\n', ['{"a":1}']),
    ],
)
def test_objects_on_lines_of_their_own_are_records(text: str, expected: list[str]) -> None:
    assert slices(text) == expected


def test_more_lines_than_can_be_stored_in_time_are_refused() -> None:
    assert len(slices("{}\n" * MAX_ITEMS)) == MAX_ITEMS
    assert code_of("{}\n" * (MAX_ITEMS + 1)) == "delivery.too_many_items"


@pytest.mark.parametrize("sign", ["\n", "\t", "\r\n", "\x01", "\x0b", "\x1f"])
@pytest.mark.parametrize("frame", ["{}", "[{}]", '{{"records":[{}]}}', "{0}\n{0}"])
def test_a_raw_control_character_in_a_text_is_read_as_itself(sign: str, frame: str) -> None:
    text = frame.format('{"k' + sign + '":"a \\" ' + sign + ' b"}')
    for value, raw in records(text):
        assert value == {f"k{sign}": f'a " {sign} b'}
        assert json.loads(raw) == value


@pytest.mark.parametrize(
    "text", ['\\"' * 300_000, '"' + '\\"' * 300_000, '"\\' * 300_000, '"a\n\\', '["\n' * 100_000]
)
def test_a_text_that_cannot_be_mended_is_read_once(text: str) -> None:
    """To read it again from each quotation mark would take hours."""
    assert code_of(text) in {"delivery.not_json", "delivery.too_deep"}


def test_nothing_else_is_mended() -> None:
    raw = '{"a" : "x\ty" ,\n"b":9007199254740993,"c":"\\u00e4\\n"}'
    assert slices(raw) == ['{"a" : "x\\u0009y" ,\n"b":9007199254740993,"c":"\\u00e4\\n"}']


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"a":1,\n"secret" "b"}', "Expecting ':' delimiter, line 2, column 10"),
        ('{"a":1}{"b":2}', "Something follows the JSON value, line 1, column 8"),
        ("[NaN]", "NaN is not JSON"),
        ('["a\\q"]', "Invalid escape, line 1, column 4"),
    ],
)
def test_an_error_says_what_is_wrong_and_where_without_the_text(text: str, detail: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        records(text)
    assert caught.value.detail == detail


@pytest.mark.parametrize("text", NOT_JSON)
def test_a_text_that_is_not_json_is_refused_as_such(text: str) -> None:
    assert code_of(text) == "delivery.not_json"


def nested(levels: int) -> str:
    return '{"a":[' * (levels // 2) + "]}" * (levels // 2)


def test_an_item_may_nest_as_deeply_as_is_documented() -> None:
    assert slices(nested(MAX_JSON_DEPTH)) == [nested(MAX_JSON_DEPTH)]
    assert len(slices(f"[{nested(MAX_JSON_DEPTH)}]")) == 1


@pytest.mark.parametrize("levels", [MAX_JSON_DEPTH + 2, 1_000, 10_000, 200_000])
@pytest.mark.parametrize("frame", ["{}", "[{}]", '{{"records":[{}]}}'])
def test_an_item_that_nests_deeper_is_refused(levels: int, frame: str) -> None:
    assert code_of(frame.format(nested(levels))) == "delivery.too_deep"


def test_the_depth_of_a_value_that_an_equal_key_replaces_counts() -> None:
    assert code_of(f'{{"a":{nested(MAX_JSON_DEPTH)},"a":1}}') == "delivery.too_deep"


def test_brackets_within_strings_do_not_count_as_levels() -> None:
    raw = json.dumps({"a": '[{"' * 1_000, "b": "\\", "c": ["[" * 500, '\\"']})
    assert slices(raw) == [raw]


def test_many_brackets_beside_each_other_are_not_deep() -> None:
    raw = json.dumps([{"a": []}] * 1_000)
    assert slices(f'{{"x":{raw}}}') == [f'{{"x":{raw}}}']


def test_more_items_than_can_be_stored_in_time_are_refused() -> None:
    assert len(slices("[" + ",".join(["1"] * MAX_ITEMS) + "]")) == MAX_ITEMS
    assert code_of("[" + ",".join(["1"] * (MAX_ITEMS + 1)) + "]") == "delivery.too_many_items"


def test_a_byte_order_mark_is_dropped() -> None:
    assert body_text(request(b'\xef\xbb\xbf{"a":1}')) == '{"a":1}'


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "deflate, gzip"])
def test_a_compressed_body_is_refused(encoding: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        body_text(request(b"\x1f\x8b", {"content-encoding": encoding}))
    assert caught.value.code == "delivery.compressed"


@pytest.mark.parametrize("encoding", ["identity", "", " Identity "])
def test_a_body_that_says_it_is_not_compressed_is_read(encoding: str) -> None:
    assert body_text(request(b"{}", {"content-encoding": encoding})) == "{}"


@pytest.mark.parametrize("read", [single, records, elements])
@pytest.mark.parametrize("part", ["[],", "{},", "1,", '"",'])
def test_a_body_of_far_too_many_values_is_not_parsed(read: Any, part: str) -> None:
    text = "[[" + part * (MAX_JSON_VALUES + 1) + "0]]"

    with pytest.raises(UnreadableDelivery) as caught:
        read(text)

    assert caught.value.code == "delivery.too_many_values"
