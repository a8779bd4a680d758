"""Taking JSON objects apart: every member keeps the text that it was parsed from."""

import json

import pytest

from import_relay.connectors.shared.json_members import members, object_text


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("{}", {}),
        (" { } ", {}),
        ('{"a":1}', {"a": "1"}),
        ('{ "a" : {"b": [1, 2]} , "c":[]}', {"a": '{"b": [1, 2]}', "c": "[]"}),
        ('\n{\t"a"\r:\n"x, y: {z}"\n}\n', {"a": '"x, y: {z}"'}),
        ('{"n":9007199254740993,"m":1.10e400}', {"n": "9007199254740993", "m": "1.10e400"}),
        ('{"a\\"b":null}', {'a"b': "null"}),
    ],
)
def test_members_keep_their_texts(text: str, texts: dict[str, str]) -> None:
    found = members(text)
    assert {key: raw for key, (_, raw) in found.items()} == texts
    assert {key: value for key, (value, _) in found.items()} == json.loads(text)


def test_the_last_of_equal_members_counts() -> None:
    assert members('{"a":1,"a":2}') == {"a": (2, "2")}


def test_an_object_is_put_together_from_texts() -> None:
    text = object_text({"a": "9007199254740993", 'b"': '{"c": 1.10}'})
    assert text == '{"a":9007199254740993,"b\\"":{"c": 1.10}}'
