"""Reads phone numbers as the import does: one number or a list, the first valid one wins.

Used by `contacts` for ``whatsapp`` and ``sms``. Documented: the list, the order and
``country_codes``. Inferred: "valid" means what libphonenumber calls valid.
"""

from __future__ import annotations

from collections.abc import Sequence

import phonenumbers

from local.mateo.errors import RowFailure


def read_country_codes(value: object) -> list[str]:
    """The row's ``country_codes``: ISO 3166 alpha-2 codes, in the order to try them.

    Raises:
        RowFailure: ``22P02`` when the value is neither a code nor a list of codes.
    """
    if value is None:
        return []
    codes = [value] if isinstance(value, str) else value
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise RowFailure("22P02", '"country_codes" must be a list of ISO 3166 codes')
    return [code.strip().upper() for code in codes]


def first_valid(value: object, country_codes: Sequence[str]) -> str | None:
    """The first valid number among the options in E.164, or None."""
    options = value if isinstance(value, list) else [value]
    for option in options:
        number = _e164(option, country_codes) if isinstance(option, str) else None
        if number is not None:
            return number
    return None


def _e164(text: str, country_codes: Sequence[str]) -> str | None:
    for region in (*country_codes, None):
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None
