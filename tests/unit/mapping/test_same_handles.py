"""Two contacts have the same handle if Mateo takes it for the same."""

import pytest

from import_relay.mapping.same_handles import handles_of


def handle_in(column: str, value: object, **others: object) -> tuple[str, str]:
    (found,) = handles_of({column: value, **others})
    return found


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("email", "Ada@Example.com", " ada@example.com"),
        ("instagram", "ADA", "ada"),
        ("whatsapp", "+49 (151) 123-456.78", "+4915112345678"),
        ("sms", ["+4915112345678", "+4915100000000"], "+4915112345678"),
    ],
)
def test_the_same_handle_is_recognised_however_it_is_written(
    column: str, first: object, second: object
) -> None:
    assert handle_in(column, first) == handle_in(column, second)


def test_the_same_value_in_two_columns_is_two_handles() -> None:
    assert handle_in("whatsapp", "+4915112345678") != handle_in("sms", "+4915112345678")


def test_a_national_number_is_the_same_in_the_same_countries_only() -> None:
    german = handle_in("sms", "0151 12345678", country_codes=["DE"])

    assert german == handle_in("sms", "0151-12345678", country_codes=["DE"])
    assert german != handle_in("sms", "0151 12345678", country_codes=["AT"])
    assert german != handle_in("sms", "0151 12345678")


@pytest.mark.parametrize("value", [None, "", []])
def test_a_column_without_a_value_is_no_handle(value: object) -> None:
    assert list(handles_of({"email": value, "external_id": "7"})) == []
