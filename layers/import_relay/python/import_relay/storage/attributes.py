"""Flat DynamoDB items to and from plain values; used by every table of the relay."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

Plain = str | int | float | bool
Attributes = Mapping[str, Mapping[str, Any]]
"""An item as the low-level client speaks of it, e.g. `{"rows": {"N": "5000"}}`."""


def to_attribute(value: Plain) -> dict[str, object]:
    """One value: text, number or truth."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": repr(value)}


def to_attributes(values: Mapping[str, Plain | None]) -> dict[str, dict[str, object]]:
    """A flat item; None means that the attribute is absent."""
    return {name: to_attribute(value) for name, value in values.items() if value is not None}


def from_attributes(item: Attributes) -> dict[str, Plain]:
    """The flat item back again. Numbers are integers unless they have a fraction."""
    return {
        name: value["S"] if "S" in value else _number(value["N"]) if "N" in value else value["BOOL"]
        for name, value in item.items()
    }


@lru_cache(maxsize=1024)
def _number(digits: str) -> int | float:
    return int(digits) if digits.lstrip("-").isdecimal() else float(digits)
