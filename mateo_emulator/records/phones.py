"""Reads phone numbers as the import does: one number or a list, the first valid one wins.

Used by `contacts` for ``whatsapp`` and ``sms``. Documented: the list, the order and
``country_codes``. Inferred: "valid" means what libphonenumber calls valid.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import phonenumbers

from mateo_emulator.records.failure import RowFailure

_PLUS = re.compile("[+\uff0b]")


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
    options, regions = value if isinstance(value, list) else [value], tuple(country_codes)
    for option in options:
        number = _e164(option, regions) if isinstance(option, str) else None
        if number is not None:
            return number
    return None


@lru_cache(maxsize=4_096)  # the same numbers are usually sent for ``whatsapp`` and ``sms``
def _e164(text: str, country_codes: tuple[str, ...]) -> str | None:
    for region in _regions(text, country_codes):
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def _regions(text: str, country_codes: Sequence[str]) -> Sequence[str | None]:
    """Where to try a number: the country does not matter after a plus, and has to without one."""
    if text.lstrip().startswith("+"):
        return (None,)
    return (*country_codes, None) if _PLUS.search(text) else country_codes
