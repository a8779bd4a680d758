"""Phone numbers: the first valid one of a list, in E.164, as the Import API itself would choose."""

from collections.abc import Iterable, Sequence

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat


def first_valid(numbers: Iterable[object], country_codes: Sequence[str]) -> str | None:
    """The first number that is valid, in E.164; None when there is none.

    A number without `+` is tried in each country, in the given order.
    """
    for number in numbers:
        for region in country_codes or (None,):
            found = _valid(str(number), region)
            if found is not None:
                return found
    return None


def _valid(number: str, region: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
