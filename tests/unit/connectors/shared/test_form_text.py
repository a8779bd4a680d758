"""Form bodies, and the pluses in them."""

import pytest

from import_relay.connectors.shared.form_text import MAX_FIELDS, pairs
from import_relay.domain.errors import UnreadableDelivery


def value(raw: str) -> str:
    ((_, found),) = pairs(f"contact[phone]={raw}")
    return found


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        # escaped as the standard says
        ("%2B49+151+12345678", "+49 151 12345678"),
        ("%2B49%20151%2012345678", "+49 151 12345678"),
        ("0151+12345678", "0151 12345678"),
        ("%28%2B49%29+151+12345678", "(+49) 151 12345678"),
        # not escaped at all
        ("+49 151 12345678", "+49 151 12345678"),
        (" +49 151 12345678", " +49 151 12345678"),
        ("(+49) 151 12345678", "(+49) 151 12345678"),
        ("0151 1234567, +43 664 1234567", "0151 1234567, +43 664 1234567"),
        ("C++ and more", "C++ and more"),
        # spaces are escaped, the plus is not
        ("+4915112345678", "+4915112345678"),
        ("+49+151+12345678", "+49 151 12345678"),
        ("+49%20151%2012345678", "+49 151 12345678"),
        ("+49%20(0)151%2F12345678", "+49 (0)151/12345678"),
        ("(+49)151-12345678", "(+49)151-12345678"),
        ("tel:+4915112345678", "tel:+4915112345678"),
        ("tel%3A+4915112345678", "tel:+4915112345678"),
        # no phone numbers
        ("+0151+12345678", " 0151 12345678"),
        ("+5+points", " 5 points"),
        ("+1", " 1"),
        ("Ada+Example", "Ada Example"),
        ("+", " "),
        ("", ""),
    ],
)
def test_a_plus_is_a_space_unless_it_can_only_be_a_plus(raw: str, expected: str) -> None:
    assert value(raw) == expected


def test_the_pairs_stay_in_order_and_empty_ones_stay_empty() -> None:
    assert pairs("a=1&b=&a=+43 664 1&c") == [("a", "1"), ("b", ""), ("a", "+43 664 1"), ("c", "")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a=%FF", "delivery.not_utf8"),
        ("a=+1&" * (MAX_FIELDS + 1), "delivery.not_form"),
    ],
    ids=["not UTF-8", "many"],
)
def test_a_form_that_cannot_be_read_is_refused(text: str, code: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        pairs(text)
    assert caught.value.code == code
