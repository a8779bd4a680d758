"""What tells the payload of one import from that of another, however Mateo writes it."""

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def payload_digest(rows: Iterable[bytes]) -> str:
    """`canonical_digest` of the payload with these rows, of which only one is read at a time.

    Tracking compares it with what Mateo stored, to recognise an import whose answer was lost.
    """
    digest = hashlib.sha256(b"[")
    for number, text in enumerate(rows):
        row = _encode(json.loads(text, parse_float=_plain_number))
        digest.update(f"{',' if number else ''}{row}".encode())
    digest.update(b"]")
    return digest.hexdigest()


def canonical_digest(payload: object) -> str:
    """SHA-256 of a JSON value, independent of the order of its keys and of how numbers are written.

    PostgreSQL gives 1e16 back as 10000000000000000 (jsonb keeps numbers as `numeric`).
    """
    return hashlib.sha256(_encode(_with_plain_numbers(payload)).encode()).hexdigest()


def _with_plain_numbers(value: object) -> object:
    if isinstance(value, dict):
        return {name: _with_plain_numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_plain_numbers(one) for one in value]
    return _plain_number(repr(value)) if isinstance(value, float) else value


def _plain_number(text: str) -> int | float:
    """The number that a text says, without an exponent where it is whole."""
    number = float(text)
    return int(Decimal(repr(number))) if number.is_integer() else number
