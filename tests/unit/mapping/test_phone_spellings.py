"""Which numbers a text may mean, so that two texts can be compared."""

import pytest

from import_relay.mapping.phone_spellings import numbers_meant


@pytest.mark.parametrize(
    ("text", "countries", "number"),
    [
        ("+49 151 12345678", [], "+4915112345678"),
        ("0049 151 12345678", [], "+4915112345678"),
        ("0151 12345678", ["DE"], "+4915112345678"),
        ("0664 1234567", ["AT"], "+436641234567"),
    ],
)
def test_a_number_is_found_however_it_is_written(
    text: str, countries: list[str], number: str
) -> None:
    assert number in set(numbers_meant(text, countries))


def test_a_national_number_means_one_in_each_country_that_has_it() -> None:
    assert len(set(numbers_meant("0664 1234567", ["DE", "AT"]))) >= 2


@pytest.mark.parametrize("text", ["", "Ada", "12", "2026-11-21"])
def test_a_text_that_is_no_number_means_none(text: str) -> None:
    assert not list(numbers_meant(text, ["DE"]))
