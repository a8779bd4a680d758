"""Flat items go to DynamoDB and come back as they were."""

import pytest

from import_relay.storage.attributes import from_attributes, to_attribute, to_attributes

ITEM: dict[str, str | float] = {
    "text": "Ä",
    "empty": "",
    "rows": 5000,
    "at": 1.5,
    "below": -3,
    "open": True,
    "not": False,
}


def test_an_item_comes_back_as_it_was() -> None:
    found = from_attributes(to_attributes(ITEM))

    assert found == ITEM
    assert [type(value) for value in found.values()] == [type(value) for value in ITEM.values()]


def test_none_is_an_attribute_that_is_not_there() -> None:
    assert to_attributes({"a": None, "b": 0}) == {"b": {"N": "0"}}


@pytest.mark.parametrize(
    ("value", "attribute"),
    [("1", {"S": "1"}), (1, {"N": "1"}), (0.1, {"N": "0.1"}), (True, {"BOOL": True})],
)
def test_a_value_has_the_type_that_dynamodb_knows(value: str | float, attribute: object) -> None:
    assert to_attribute(value) == attribute


@pytest.mark.parametrize(
    ("digits", "number"),
    [("7", 7), ("-7", -7), ("7.5", 7.5), ("1E+2", 100.0), ("9007199254740993", 9007199254740993)],
)
def test_a_number_is_an_integer_unless_it_has_a_fraction(digits: str, number: float) -> None:
    assert from_attributes({"n": {"N": digits}}) == {"n": number}
