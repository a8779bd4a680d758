"""Numbers: the forms that PostgreSQL 15 takes for a whole number and for a numeric."""

from decimal import Decimal

import pytest

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.numbers import read_integer, read_numeric, shown


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("-7", -7), ("+7", 7), (" 7\n", 7), ("007", 7), ("0" * 5000 + "7", 7),
     ("2147483647", 2**31 - 1), ("-2147483648", -(2**31))],
)  # fmt: skip
def test_a_whole_number_is_a_sign_and_digits(text: str, number: int) -> None:
    assert read_integer(text) == number


NO_NUMBERS = ["", " ", "-", "+-1", "- 1", "1_000", "1,000", "0x1F", "0b1", "0o7", "\u0663",
              "\uff11", "\u00a01", "1 2", "many", "1e", "e3", "."]  # fmt: skip


@pytest.mark.parametrize("text", [*NO_NUMBERS, "1e3", ".5", "5.", "5.0", "NaN", "Infinity"])
def test_a_whole_number_has_no_other_form(text: str) -> None:
    assert read_integer(text) is None


@pytest.mark.parametrize(
    ("type_name", "text"),
    [("integer", "2147483648"), ("integer", "-2147483649"), ("integer", "9" * 5000),
     ("smallint", "32768"), ("bigint", "9223372036854775808")],
)  # fmt: skip
def test_a_whole_number_out_of_the_range_of_its_type_is_22003(type_name: str, text: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_integer(text, type_name)
    assert caught.value.code == "22003"
    assert caught.value.message == f'value "{text}" is out of range for type {type_name}'


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.5", "1.5"), (".5", "0.5"), ("5.", "5"), ("1e3", "1000"), ("1E+3", "1000"),
     ("-1.5e-2", "-0.015"), (" 7\t", "7"), ("+.5", "0.5"), ("5.e1", "50")],
)  # fmt: skip
def test_a_numeric_may_have_a_point_and_an_exponent(text: str, number: str) -> None:
    assert read_numeric(text) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "word"),
    [("NaN", "NaN"), (" nan ", "NaN"), ("Infinity", "Infinity"), ("inf", "Infinity"),
     ("+INF", "Infinity"), ("-infinity", "-Infinity")],
)  # fmt: skip
def test_a_numeric_may_be_no_number_or_infinite_which_json_shows_as_a_text(
    text: str, word: str
) -> None:
    number = read_numeric(text)
    assert number is not None
    assert shown(number) == word


@pytest.mark.parametrize("text", [*NO_NUMBERS, "1e1.5", "1.2.3", "+NaN", "infinit", "1e 3"])
def test_a_numeric_has_no_other_form(text: str) -> None:
    assert read_numeric(text) is None


@pytest.mark.parametrize("text", ["1e131072", "1e999999999999", "1e-99999999999"])
def test_a_numeric_out_of_the_range_of_its_type_is_22003(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_numeric(text)
    assert caught.value.code == "22003"


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("7.0", 7), ("7.5", 7.5), ("0", 0), ("1e300", 10**300), ("1e5000", "1E+5000")],
)
def test_json_shows_a_whole_numeric_without_a_point(text: str, value: object) -> None:
    number = read_numeric(text)
    assert number is not None
    assert shown(number) == value
