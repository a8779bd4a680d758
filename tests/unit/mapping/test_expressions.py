"""What expressions find, and on which paths of a record they depend."""

import string
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from import_relay.mapping.expressions import (
    Path,
    compile_expression,
    is_known,
    is_touched,
    named_paths,
)

NAMES = st.sampled_from("abc")
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.text(string.ascii_lowercase, max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
)
EXPRESSIONS = (
    "a",
    "a.b",
    "a.b.c",
    "@.a.b",
    "a || b",
    "!a",
    "a == b && c",
    "[a, b.c]",
    "{x: a, y: b.c}.x",
    "{x: a}.[x, y]",
    "a[0].b",
    "a[?b].c | [0]",
    "a.b[*].c",
    "a.*.b",
    "a[].b",
    "a[1:].b",
    "a.[b, c]",
    "a.{x: b}",
    "a.to_string(@)",
    "a | b",
    "a | [0] | c",
    "not_null(a, b.c, 'x')",
    "map(&b, a || `[]`)",
    "to_string(a.b)",
    "join(' ', [a, b.c][?type(@) == 'string'])",
    "length(to_string(@))",
    "c == 'x' && 'accepted' || null",
)


def only(record: Any, paths: frozenset[Path]) -> Any:
    """The record without everything that no path leads to."""
    if () in paths or not isinstance(record, dict):
        return record
    return {
        name: only(value, frozenset(path[1:] for path in paths if path[0] == name))
        for name, value in record.items()
        if any(path[0] == name for path in paths)
    }


@settings(max_examples=40)
@given(st.dictionaries(NAMES, VALUES, max_size=3))
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_value_outside_the_named_paths_does_not_matter(expression: str, record: Any) -> None:
    evaluate = compile_expression(expression)

    def outcome(of: Any) -> object:
        try:
            return evaluate(of)
        except (ValueError, TypeError) as error:
            return type(error)

    assert outcome(only(record, named_paths(expression))) == outcome(record)


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("properties.email", {("properties", "email")}),
        ('"vip-level"', {("vip-level",)}),
        ("join(' ', [first, last][?@])", {("first",), ("last",)}),
        ("emails[?primary].value | [0]", {("emails",)}),
        ("address.[street, city]", {("address", "street"), ("address", "city")}),
        ("mobile || phone || null", {("mobile",), ("phone",)}),
        ("map(&x.y, things)", {("things",)}),
        ("a.b | join('', [c, d.e])", {("a", "b", "c"), ("a", "b", "d", "e")}),
        ("a | b | c", {("a", "b", "c")}),
        ("'DE'", set()),
        ("@", {()}),
    ],
)
def test_paths_begin_at_the_top_of_the_record(expression: str, paths: set[Path]) -> None:
    assert named_paths(expression) == paths


@pytest.mark.parametrize(
    ("record", "known"),
    [
        ({"a": {"b": 1}}, True),
        ({"a": {"b": None}}, True),
        ({"a": None}, True),
        ({"a": {}}, False),
        ({"a": {"c": 1}}, False),
        ({"a": "text"}, False),
        ({}, False),
    ],
)
def test_a_path_is_known_if_the_record_says_what_is_there(record: object, *, known: bool) -> None:
    assert is_known(record, ("a", "b")) is known


@pytest.mark.parametrize("path", [(), ("a",)])
def test_an_object_of_a_partial_record_is_never_known_as_a_whole(path: Path) -> None:
    assert not is_known({"a": {"b": 1}}, path)
    assert is_touched({"a": {"b": 1}}, path)


@given(VALUES, st.lists(NAMES, min_size=1, max_size=4))
def test_a_plain_path_finds_what_jmespath_finds(record: Any, path: list[str]) -> None:
    expression = ".".join(path)

    assert compile_expression(expression)(record) == jmespath.search(expression, record)


@given(VALUES)
@pytest.mark.parametrize("expression", ['"a b"', '"a.b"', 'a."b c".d', "a.b || c", "a[0].b", "@"])
def test_any_other_expression_finds_what_jmespath_finds(expression: str, record: Any) -> None:
    assert compile_expression(expression)(record) == jmespath.search(expression, record)


def test_a_quoted_name_with_a_dot_is_one_name() -> None:
    record = {"a.b": 1, "a": {"b": 2}}

    assert compile_expression('"a.b"')(record) == 1
    assert compile_expression("a.b")(record) == 2
