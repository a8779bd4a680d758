"""Phone numbers: the first valid one, in E.164, as the Import API would choose it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.records.phones import first_valid


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        ("+493813901", "+493813901"),  # both stand in Mateo's own documentation
        ("+49 151 12345678", "+4915112345678"),
        ("0049 151 12345678", "+4915112345678"),
        ("0151/123 456 78", "+4915112345678"),
        ("(030) 23125-001", "+493023125001"),
        ("+1 201 555 0123", "+12015550123"),
        ("tel:+1-201-555-0123", "+12015550123"),
    ],
)
def test_a_valid_number_is_written_as_e164(number: str, sent: str) -> None:
    assert first_valid([number], ["DE"]) == sent


@pytest.mark.parametrize("number", ["", "12", "not a number", "+49", "+999123456789", "0" * 400])
def test_a_number_that_is_not_valid_is_none(number: str) -> None:
    assert first_valid([number], ["DE"]) is None


def test_the_documented_number_that_does_not_exist_is_not_sent() -> None:
    assert first_valid(["+18494383"], ["DE"]) is None


def test_the_first_valid_number_wins_not_the_first_number() -> None:
    numbers = ["call me", "+4915112345678", "+493023125001"]

    assert first_valid(numbers, []) == "+4915112345678"


def test_a_national_number_needs_a_country() -> None:
    assert first_valid(["0151 12345678"], []) is None


def test_a_national_number_is_tried_in_each_country_in_the_given_order() -> None:
    assert first_valid(["01512 3456789"], ["DE", "AT"]) == "+4915123456789"
    assert first_valid(["01512 3456789"], ["AT", "DE"]) == "+4315123456789"
    assert first_valid(["030 23125001"], ["AT", "DE"]) == "+493023125001"


def test_an_international_number_needs_no_country_and_ignores_those_given() -> None:
    assert first_valid(["+12015550123"], []) == "+12015550123"
    assert first_valid(["+12015550123"], ["DE"]) == "+12015550123"


@given(st.lists(st.text()), st.lists(st.sampled_from(["DE", "AT", "US"])))
def test_no_text_makes_it_fail(numbers: list[str], countries: list[str]) -> None:
    chosen = first_valid(numbers, countries)

    assert chosen is None or (chosen.startswith("+") and chosen[1:].isdecimal())
