"""What tells the payload of one import from that of another, however Mateo writes it."""

import hashlib
import json
from decimal import Decimal


def payload_digest(body: bytes) -> str:
    """SHA-256 of the payload of a request body, independent of the order of keys and of spaces.

    Tracking compares it with what Mateo stored, to recognise an import whose answer was lost.
    """
    return canonical_digest(json.loads(body)["payload"])


def canonical_digest(payload: object) -> str:
    """SHA-256 of a JSON value, independent of the order of its keys and of how numbers are written.

    PostgreSQL gives 1e16 back as 10000000000000000 (jsonb keeps numbers as `numeric`).
    """
    text = json.dumps(_with_plain_numbers(payload), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _with_plain_numbers(value: object) -> object:
    if isinstance(value, dict):
        return {name: _with_plain_numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_plain_numbers(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(Decimal(repr(value)))
    return value
