"""Reads whole numbers and numerics as PostgreSQL 15 does (``int4in``, ``numeric_in``).

PostgreSQL 16 and later also read ``0x1F`` and ``1_000``; those are refused here. Digits are those
of ASCII alone.
"""

from __future__ import annotations

import re
from decimal import Decimal

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.white_space import stripped

_INTEGER = re.compile(r"([+-]?)0*([0-9]+)")
_NUMERIC = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL = re.compile(r"nan|([+-]?)inf(?:inity)?", re.IGNORECASE)
_MAX_INTEGER_DIGITS = 19  # of the largest bigint
_MAX_DIGITS_BEFORE_POINT = 131_072
_MAX_DIGITS_AFTER_POINT = 16_383
_MAX_EXPONENT_DIGITS = 9
_MAX_SHOWN_DIGITS = 4_000
INTEGER_BITS = {"smallint": 16, "integer": 32, "bigint": 64}


def read_integer(text: str, type_name: str = "integer") -> int | None:
    """The whole number that a text holds: a sign, digits, white space around them; else None.

    Raises:
        ApiError: 400 ``22003`` for a number that the type cannot hold.
    """
    match = _INTEGER.fullmatch(stripped(text))
    if match is None:
        return None
    bound = 2 ** (INTEGER_BITS[type_name] - 1)
    if len(match[2]) <= _MAX_INTEGER_DIGITS:
        number = int(match[1] + match[2])
        if -bound <= number < bound:
            return number
    raise ApiError(400, "22003", f'value "{text}" is out of range for type {type_name}')


def read_numeric(text: str) -> Decimal | None:
    """The number that a text holds, ``NaN`` and ``Infinity`` among them; else None.

    ``.5``, ``5.`` and ``1e3`` are numbers.

    Raises:
        ApiError: 400 ``22003`` for a number that the type cannot hold.
    """
    word = stripped(text)
    special = _SPECIAL.fullmatch(word)
    if special is not None:
        return Decimal("NaN" if special[1] is None else f"{special[1]}Infinity")
    if _NUMERIC.fullmatch(word) is None:
        return None
    mantissa, _, exponent = word.lower().partition("e")
    if len(exponent.lstrip("+-0")) <= _MAX_EXPONENT_DIGITS:
        number = Decimal(f"{mantissa}e{exponent or 0}")
        if not number or -_MAX_DIGITS_AFTER_POINT <= number.adjusted() < _MAX_DIGITS_BEFORE_POINT:
            return number
    raise ApiError(400, "22003", "value overflows numeric format")


def shown(number: Decimal) -> int | float | str:
    """A numeric as JSON shows it; what JSON has no number for becomes a text."""
    if not number.is_finite() or number.adjusted() > _MAX_SHOWN_DIGITS:
        return str(number)
    return int(number) if number == number.to_integral_value() else float(number)
