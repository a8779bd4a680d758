"""JSON as PostgreSQL's ``jsonb`` treats it: how it is compared, contained, reached into, written.

Pure. `sql_fragment` makes SQL functions of it, `select`, `casts` and `media_type` use it for
what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = Any


def parse(text: str) -> Json:
    """The value of a JSON text.

    Raises:
        ValueError: it is no JSON, or a number is not finite.
        RecursionError: it is nested too deep.
    """
    return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def get(value: Json, keys: Sequence[str | int]) -> tuple[bool, Json]:
    """What the keys lead to, and whether it exists; negative indexes count from the end."""
    for key in keys:
        if not _has(value, key):
            return False, None
        value = value[key]
    return True, value


def _has(value: Json, key: str | int) -> bool:
    if isinstance(value, list) and isinstance(key, int):
        return -len(value) <= key < len(value)
    return isinstance(value, dict) and key in value


def scalar_text(value: Json) -> str | None:
    """What ``->>`` gives: a string without its quotes, null as None, anything else as JSON."""
    if value is None:
        return None
    return value if isinstance(value, str) else to_text(value)


def to_text(value: Json) -> str:
    """The text of a ``jsonb``: short keys first, a space after each comma and colon."""
    if isinstance(value, dict):
        pairs = (f"{to_text(key)}: {to_text(item)}" for key, item in _pairs(value))
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(to_text(item) for item in value) + "]"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return json.dumps(value, ensure_ascii=False)


def _pairs(value: dict[str, Json]) -> list[tuple[str, Json]]:
    return sorted(value.items(), key=lambda pair: (len(pair[0].encode()), pair[0].encode()))


def sort_key(value: Json) -> tuple[Any, ...]:
    """A key that sorts as the type does: null, string, number, boolean, array, object.

    Longer arrays and objects come after shorter ones. An empty array comes before everything,
    which PostgreSQL's documentation calls a historical accident.
    """
    return (-1,) if value == [] else _nested_key(value)


def _nested_key(value: Json) -> tuple[Any, ...]:
    if value is None:
        return (0,)
    if isinstance(value, str):
        return (1, value)
    if isinstance(value, bool):
        return (3, value)
    if isinstance(value, (int, float)):
        return (2, value)
    if isinstance(value, list):
        return (4, len(value), [_nested_key(item) for item in value])
    return (5, len(value), [(key, _nested_key(item)) for key, item in _pairs(value)])


def contains(left: Json, right: Json) -> bool:
    """``left @> right``; an array also contains a plain value that is one of its elements."""
    if isinstance(left, list) and not isinstance(right, (list, dict)):
        return any(_inner_contains(item, right) for item in left if not _is_container(item))
    return _inner_contains(left, right)


def _is_container(value: Json) -> bool:
    return isinstance(value, (list, dict))


def _inner_contains(left: Json, right: Json) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return all(key in left and _inner_contains(left[key], right[key]) for key in right)
    if isinstance(left, list) and isinstance(right, list):
        return all(any(_inner_contains(item, wanted) for item in left) for wanted in right)
    if _is_container(left) or _is_container(right):
        return False
    return _nested_key(left) == _nested_key(right)


def without_nulls(value: Json) -> Json:
    """The value without the keys whose value is null; nulls in arrays stay."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
