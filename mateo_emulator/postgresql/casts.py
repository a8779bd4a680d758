"""Casts in ``select``: ``total_count::text``, ``payload->0->>age::int``.

`select` checks a cast when a query is read and applies it to what the database returned.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql import jsonb
from mateo_emulator.postgresql.numbers import INTEGER_BITS, read_integer, read_numeric, shown
from mateo_emulator.postgresql.timestamps import parse_datetime
from mateo_emulator.postgresql.values import (
    IMPORT_TYPES,
    TYPE_NAMES,
    Kind,
    invalid,
    typed,
    unreadable,
)

_TARGETS: dict[str, str] = {
    **dict.fromkeys(("text", "varchar", "character varying"), "text"),
    **dict.fromkeys(("int", "int4", "integer", "int8", "bigint", "int2", "smallint"), "integer"),
    **dict.fromkeys(("numeric", "decimal", "float", "float8", "double precision"), "number"),
    **dict.fromkeys(("bool", "boolean"), "boolean"),
    **dict.fromkeys(("json", "jsonb"), "json"),
    **dict.fromkeys(("timestamptz", "timestamp with time zone"), "timestamp"),
    "date": "date", "uuid": "uuid", "import_type": "import_type",
}  # fmt: skip
# Text can be cast to anything, anything to text and to itself.
_POSSIBLE: dict[Kind, tuple[str, ...]] = {
    "integer": ("number", "boolean"),
    "boolean": ("integer",),
    "timestamp": ("date",),
    "json": ("integer", "number", "boolean"),
}
_INTEGERS = {
    "smallint": ("int2", "smallint"),
    "integer": ("int", "int4", "integer"),
    "bigint": ("int8", "bigint"),
}


def check_cast(kind: Kind, target: str) -> Kind:
    """The type that results from casting.

    Raises:
        ApiError: 400 ``42704`` for an unknown type, ``42846`` where there is no such cast.
    """
    family = _TARGETS.get(target)
    if family is None:
        raise ApiError(400, "42704", f'type "{target}" does not exist')
    own = "text" if kind == "link" else kind
    if family not in ("text", own, *_POSSIBLE.get(own, ())) and own != "text":
        raise ApiError(400, "42846", f"cannot cast type {TYPE_NAMES[kind]} to {target}")
    return _KINDS[family]


_KINDS: dict[str, Kind] = {
    "text": "text", "integer": "integer", "number": "json", "boolean": "boolean", "json": "json",
    "timestamp": "timestamp", "date": "text", "uuid": "uuid", "import_type": "import_type",
}  # fmt: skip


def cast(value: object, kind: Kind, target: str) -> object:
    """A value of the answer as another type; null stays null.

    Raises:
        ApiError: 400 ``22P02`` for a text that the type cannot read, ``22003`` out of range,
            ``22023`` for JSON that is not such a value.
    """
    family = _TARGETS[target]
    if value is None or (family == kind and family != "integer"):
        return value
    if family == "text":
        return text_of(value, kind)
    if kind == "json":
        return _of_json(value, family, target)
    if family == "integer":
        return _whole(value, kind, target)
    return _CASTS[family](value)


def text_of(value: object, kind: Kind) -> str:
    """A value of the answer, not null, as PostgreSQL writes it as text."""
    if kind == "json":
        return jsonb.to_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == "timestamp":
        day, _, time = str(value).partition("T")
        clock = time.removesuffix("+00:00")
        return f"{day} {clock.rstrip('0').rstrip('.') if '.' in clock else clock}+00"
    return str(value)


def _of_json(value: object, family: str, target: str) -> object:
    fits = isinstance(value, bool) if family == "boolean" else _is_number(value)
    if not fits:
        raise ApiError(400, "22023", f"cannot cast jsonb {_json_type(value)} to type {target}")
    if family != "integer":
        return value
    whole = Decimal(repr(value)).to_integral_value(ROUND_HALF_UP)  # half away from zero
    return _in_range(int(whole), target)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _json_type(value: object) -> str:
    names = {str: "string", bool: "boolean", list: "array", dict: "object"}
    return names.get(type(value), "numeric")


def _whole(value: object, kind: Kind, target: str) -> int:
    if kind in ("integer", "boolean"):
        return _in_range(int(str(value)) if kind == "integer" else int(value is True), target)
    name = next(name for name, words in _INTEGERS.items() if target in words)
    number = read_integer(str(value), name)
    if number is None:
        raise unreadable(name, value)
    return number


def _in_range(number: int, target: str) -> int:
    name = next(name for name, words in _INTEGERS.items() if target in words)
    bound = 2 ** (INTEGER_BITS[name] - 1)
    if not -bound <= number < bound:
        raise ApiError(400, "22003", f"{name} out of range")
    return number


def _number(value: object) -> object:
    number = read_numeric(str(value))
    if number is None:
        raise unreadable("numeric", value)
    return shown(number)


def _truth(value: object) -> bool:
    return bool(value) if isinstance(value, int) else bool(typed("boolean", str(value)))


def _date(value: object) -> str:
    timestamp = parse_datetime(str(value))
    if timestamp is None:
        raise unreadable("date", value)
    return timestamp.date().isoformat()


def _timestamp(value: object) -> str:
    timestamp = parse_datetime(str(value))
    if timestamp is None:
        raise invalid("timestamp", str(value))
    return timestamp.isoformat()


def _json_value(value: object) -> object:
    return jsonb.parse(str(typed("json", str(value))))


def _import_type(value: object) -> object:
    if value not in IMPORT_TYPES:
        raise invalid("import_type", str(value))
    return value


_CASTS: dict[str, Callable[[object], object]] = {
    "number": _number,
    "boolean": _truth,
    "json": _json_value,
    "timestamp": _timestamp,
    "date": _date,
    "uuid": lambda value: typed("uuid", str(value)),
    "import_type": _import_type,
}
