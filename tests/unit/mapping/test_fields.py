"""One column: what is read of a record, and whether the record says anything for it."""

import pytest

from import_relay.mapping.expressions import compile_expression, named_paths
from import_relay.mapping.fields import Field
from import_relay.mapping.values import Unusable


def upper(value: object) -> object:
    if not isinstance(value, str):
        raise Unusable("value.bad_type", value, "no text")
    return value.upper() or None


def field(expression: str) -> Field:
    return Field("city", compile_expression(expression), upper, named_paths(expression))


@pytest.mark.parametrize(
    ("record", "value", "said"),
    [
        ({"c": "berlin"}, "BERLIN", True),
        ({"c": None}, None, False),
        ({"c": [None, " "]}, None, False),
        ({"c": ""}, None, False),
        ({}, None, False),
    ],
)
def test_a_column_has_the_converted_value_or_none(
    record: object, value: object, *, said: bool
) -> None:
    assert field("c").read(record) == value
    assert field("c").is_said(record) is said


def test_an_expression_that_fails_says_something_that_is_unusable() -> None:
    failing = field("join(' ', c)")

    with pytest.raises(Unusable) as caught:
        failing.read({"c": [1]})

    assert caught.value.code == "value.bad_expression"
    assert failing.is_said({"c": [1]})


def test_a_value_that_cannot_be_converted_is_said_and_unusable() -> None:
    with pytest.raises(Unusable) as caught:
        field("c").read({"c": 7})

    assert (caught.value.code, caught.value.reason) == ("value.bad_type", "no text")
    assert field("c").is_said({"c": 7})
