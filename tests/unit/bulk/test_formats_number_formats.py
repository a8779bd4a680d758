"""A number format gives a code its zeros and texts, and leaves amounts and units alone."""

import pytest

from import_relay.bulk.formats.number_formats import code_text


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1067, "00000;@", "01067"),
        (1067, "00000;-00000", "01067"),
        (1067, "[$-407]00000", "01067"),
        (1067, "[Red]00000", "01067"),
        (1067, "00000_ ", "01067"),
        (1067, "00000\\ ", "01067"),
        (1067, "* 00000", "01067"),
        (301234567, "0000000000;;", "0301234567"),
        (12345, "000 000", "012345"),
        (12345, "000\u00a0000", "012345"),
        (5, "0#", "05"),
        (5, "#00", "05"),
        (1234567, "00000", "1234567"),
    ],
)
def test_zeros_are_counted_whatever_else_a_format_has(
    value: int, number_format: str, text: str
) -> None:
    assert code_text(value, number_format) == text


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1511234567, "0### #######", "01511234567"),
        (1511234567, "0###-#######", "01511234567"),
        (4915112345678, "+## ### ########", "+4915112345678"),
        (4915112345678, "+00 000 00000000", "+4915112345678"),
        (4915112345678, "+00-000-00000000", "+4915112345678"),
        (15112345678, '"+49 "#', "+4915112345678"),
        (15112345678, '"0049 "### #######', "004915112345678"),
    ],
)
def test_a_telephone_number_keeps_how_it_begins_without_what_groups_it(
    value: int, number_format: str, text: str
) -> None:
    assert code_text(value, number_format) == text


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (1067, '"D-"00000', "D-01067"),
        (1067, "\\D\\-00000", "D-01067"),
        (17, '"K-"0000', "K-0017"),
        (17, '"K"00000', "K00017"),
        (17, '"Nr. "0000', "Nr. 0017"),
        (17, '"a;b"000', "a;b017"),
        (17, '0000"-A"', "0017-A"),
        (12345678, "00000\\-0000", "01234-5678"),
        (12345678, "00000-0000", "01234-5678"),
        (12345678, "000-00-0000", "012-34-5678"),
        (123456789012, "00000-0000", "12345678-9012"),
        (301234567, "(000) 000-0000", "(030) 123-4567"),
    ],
)
def test_a_number_of_fixed_length_is_the_code_that_a_person_sees(
    value: int, number_format: str, text: str
) -> None:
    assert code_text(value, number_format) == text


@pytest.mark.parametrize(
    "number_format",
    [
        "",
        "General",
        "@",
        "0",
        "# ##0",
        "#\\ ##0",
        "#,##0",
        "0.00",
        "0%",
        "0E+00",
        '0 "days"',
        '0" d"',
        '"CHF "0',
        '"$"#',
        'General" Stk"',
        "[$€-407]000",
        "###-####",
        "+0;-0;0",
        "[<=9999999]0000000;0000000000",
        ";;;",
        '"x"',
        "\\",
        '"000',
        "0" * 256,
    ],
)
def test_an_amount_a_unit_and_what_is_not_certain_add_nothing(number_format: str) -> None:
    assert code_text(5, number_format) == "5"


def test_a_unit_behind_a_number_is_no_part_of_it() -> None:
    assert code_text(5, '00" h"') == "05"
    assert code_text(5, '000"kg"') == "005"


def test_a_format_of_its_own_for_zero_or_negative_numbers_is_not_the_one_of_codes() -> None:
    assert [code_text(0, one) for one in ("000", "000;-000", "000;-000;0", "000;;")] == [
        "000",
        "000",
        "0",
        "0",
    ]
    assert code_text(-5, "000") == "-5"


def test_a_format_without_end_costs_no_time() -> None:
    assert code_text(5, '"' * 1_000_000) == "5"
