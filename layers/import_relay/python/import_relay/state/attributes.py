"""Flat DynamoDB items to and from plain values; used by every table of the relay."""

from collections.abc import Mapping

Plain = str | int | float | bool
Attributes = Mapping[str, Mapping[str, object]]
"""An item as the low-level client speaks of it, e.g. `{"rows": {"N": "5000"}}`."""


def to_attribute(value: Plain) -> dict[str, object]:
    """One value: text, number or truth."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    return {"N": repr(value)}


def to_attributes(values: Mapping[str, Plain | None]) -> dict[str, dict[str, object]]:
    """A flat item; None means that the attribute is absent."""
    return {name: to_attribute(value) for name, value in values.items() if value is not None}


def from_attributes(item: Attributes) -> dict[str, Plain]:
    """The flat item back again. Numbers are integers unless they have a fraction."""
    plain: dict[str, Plain] = {}
    for name, attribute in item.items():
        for kind, value in attribute.items():  # there is one
            if kind == "N":
                digits = str(value)
                plain[name] = int(digits) if digits.isdecimal() else _number(digits)
            else:
                plain[name] = bool(value) if kind == "BOOL" else str(value)
    return plain


def _number(digits: str) -> int | float:
    return int(digits) if digits.lstrip("-").isdecimal() else float(digits)
