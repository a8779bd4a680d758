"""Questions about a list of imports, written for PostgREST and answered in plain Python.

`drawn_queries` draws them, `test_postgrest_client` asks both sides. A comparison with null is
neither true nor false; here its result is None.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.integration.mateo_emulator.emulator import Json

TYPES = ("contact_details", "deal_details", "appointment_details")
EXTERNAL_ID = "payload->0->>external_id"
NOTE = "payload->0->note"


@dataclass(frozen=True)
class Filter:
    """``column=[not.]operator.value``."""

    column: str
    operator: str
    value: Any
    negated: bool = False

    @property
    def text(self) -> str:
        """The value as PostgREST reads it."""
        return self.value if isinstance(self.value, str) else json.dumps(self.value)


@dataclass(frozen=True)
class Group:
    """``[not.]and(…)`` or ``[not.]or(…)``."""

    word: str
    parts: tuple[Filter | Group, ...]
    negated: bool = False


@dataclass(frozen=True)
class Term:
    """One term of an order; None leaves the nulls where PostgreSQL puts them."""

    column: str
    descending: bool = False
    nulls_first: bool | None = None


def written(condition: Filter | Group) -> str:
    """A condition as it stands inside ``and(…)`` or ``or(…)``."""
    prefix = "not." if condition.negated else ""
    if isinstance(condition, Group):
        return f"{prefix}{condition.word}({','.join(written(part) for part in condition.parts)})"
    match condition.operator:
        case "in":
            text = f"({','.join(quoted(value) for value in condition.value)})"
        case "is":
            text = condition.text
        case _:
            text = quoted(condition.text)
    return f"{condition.column}.{prefix}{condition.operator}.{text}"


def quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def matching(rows: Sequence[Json], where: Sequence[Filter | Group]) -> list[Json]:
    """The rows for which all conditions are true."""
    return [row for row in rows if all(truth(row, condition) for condition in where)]


def truth(row: Json, condition: Filter | Group) -> bool | None:
    if isinstance(condition, Group):
        parts = [truth(row, part) for part in condition.parts]
        decisive = condition.word == "or"
        known = decisive if decisive in parts else None if None in parts else not decisive
    else:
        known = holds(row, condition)
    return known if known is None or not condition.negated else not known


def holds(row: Json, condition: Filter) -> bool | None:
    value, wanted = of(row, condition.column), condition.value
    match condition.operator:
        case "is":
            known = {"null": None, "unknown": None, "true": True, "false": False}[wanted]
            return value is known
        case "isdistinct":
            return bool(comparable(condition.column, value) != comparable(condition.column, wanted))
        case "in" if not wanted:
            return False
    return None if value is None else holds_for(value, condition)


def holds_for(value: Any, condition: Filter) -> bool:
    """A filter on a value that is not null."""
    wanted = condition.value
    match condition.operator:
        case "in":
            return value in wanted
        case "like" | "ilike":
            return like(value, wanted, ignoring_case=condition.operator == "ilike")
        case "cs":
            return covers(value, wanted)
        case "cd":
            return covers(wanted, value)
    return COMPARISONS[condition.operator](
        comparable(condition.column, value), comparable(condition.column, wanted)
    )


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


class JsonNull:
    """A null inside JSON, which is a value and not the absence of one."""


JSON_NULL = JsonNull()


def of(row: Json, column: str) -> Any:
    """What a column, or the place inside the payload, holds."""
    if "->" not in column:
        return row[column]
    first = row["payload"][0] if row["payload"] else {}
    if column == EXTERNAL_ID:
        return first.get("external_id")
    return None if "note" not in first else JSON_NULL if first["note"] is None else first["note"]


def comparable(column: str, value: Any) -> Any:
    """A value in the order of its type."""
    if value is None:
        return None
    if column == "type":
        return TYPES.index(value)
    if column in ("created_at", "updated_at"):
        return datetime.fromisoformat(value)
    if column == NOTE:
        return (rank(value), 0 if value is JSON_NULL else value)
    return value


def rank(value: Any) -> int:
    """Null, text, number, boolean: the order of plain values in JSON."""
    if isinstance(value, bool):
        return 3
    return 0 if value is JSON_NULL else 1 if isinstance(value, str) else 2


def like(value: str, pattern: str, *, ignoring_case: bool) -> bool:
    translated = {"%": ".*", "*": ".*", "_": "."}
    text = "".join(translated.get(character, re.escape(character)) for character in pattern)
    flags = re.DOTALL | (re.IGNORECASE if ignoring_case else 0)
    return re.fullmatch(text, value, flags) is not None


def covers(whole: Any, part: Any) -> bool:
    """``@>``, for the payloads of these tests: arrays of objects with plain values and arrays."""
    if isinstance(whole, list) and isinstance(part, list):
        return all(any(covers(one, wanted) for one in whole) for wanted in part)
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and covers(whole[key], part[key]) for key in part)
    return type(whole) is type(part) and bool(whole == part)


def in_order(rows: Sequence[Json], order: Sequence[Term]) -> list[Json]:
    """The rows sorted by all terms, the first one first."""

    def compared(left: Json, right: Json) -> int:
        outcomes = (compared_by(term, left, right) for term in order)
        return next((outcome for outcome in outcomes if outcome), 0)

    return sorted(rows, key=functools.cmp_to_key(compared))


def compared_by(term: Term, left: Json, right: Json) -> int:
    a, b = (comparable(term.column, of(row, term.column)) for row in (left, right))
    if a is None or b is None:
        nulls_first = term.descending if term.nulls_first is None else term.nulls_first
        outcome = (a is not None) - (b is not None)
        return outcome if nulls_first else -outcome
    outcome = int(a > b) - int(a < b)
    return -outcome if term.descending else outcome
