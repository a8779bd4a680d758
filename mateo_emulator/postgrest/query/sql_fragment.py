"""Turns a `ReadPlan` into SQL for SQLite, with PostgreSQL's rules for null, case and JSON.

Called by `imports.listing` and `custom_field_list`; `install` gives a connection the functions and
orders that it needs.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mateo_emulator.postgresql import jsonb
from mateo_emulator.postgresql.values import IMPORT_TYPES, Kind, Scalar
from mateo_emulator.postgrest.api_request.fields import Reference
from mateo_emulator.postgrest.plan import Comparison, Condition, Ordering

_SYMBOLS = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "isdistinct": "IS NOT",
}  # fmt: skip
_TESTS = {"null": "IS NULL", "unknown": "IS NULL", "true": "IS 1", "false": "IS 0"}
_COLLATIONS: dict[Kind, str] = {
    "json": " COLLATE pg_jsonb",
    "import_type": " COLLATE pg_import_type",
}
ColumnKinds = Mapping[str, tuple[Kind, str]]
Fragment = tuple[str, list[Scalar]]


def install(connection: sqlite3.Connection) -> None:
    """Add what PostgreSQL has and SQLite has not: its LIKE, and how JSON and enums compare."""
    functions: list[tuple[str, int, Callable[..., Any]]] = [
        ("pg_like", 2, _like),
        ("pg_ilike", 2, _ilike),
        ("pg_json_get", 2, _json_get),
        ("pg_contains", 2, _contains),
    ]
    for name, arguments, function in functions:
        connection.create_function(name, arguments, function, deterministic=True)
    connection.create_collation("pg_jsonb", _compare_json)
    connection.create_collation("pg_import_type", _compare_types)


def where(conditions: Sequence[Condition], columns: ColumnKinds) -> Fragment:
    """The WHERE expression; ``columns`` are types and SQL expressions."""
    return _joined([_condition(condition, columns) for condition in conditions], "AND")


def order_by(
    order: Sequence[Ordering], columns: ColumnKinds, last: str = "import.sequence"
) -> Fragment:
    """The terms of ORDER BY.

    Without an order any order is right; ``last``, that of creation, is the quickest.
    """
    terms, values = list[str](), list[Scalar]()
    for term in order:
        expression, used = _expression(term.reference, columns)
        direction = "DESC" if term.descending else "ASC"
        nulls = "FIRST" if term.nulls_first else "LAST"
        terms.append(f"{expression}{_COLLATIONS.get(term.kind, '')} {direction} NULLS {nulls}")
        values += used
    return ", ".join([*terms, last]), values


def _joined(fragments: Sequence[Fragment], word: str) -> Fragment:
    """All fragments in one; split in two again and again, because SQLite reads no long chains."""
    if not fragments:
        return "1", []
    if len(fragments) == 1:
        return fragments[0]
    half = len(fragments) // 2
    left, right = _joined(fragments[:half], word), _joined(fragments[half:], word)
    return f"({left[0]} {word} {right[0]})", left[1] + right[1]


def _condition(condition: Condition, columns: ColumnKinds) -> Fragment:
    if isinstance(condition, Comparison):
        sql, values = _comparison(condition, columns)
    else:
        parts = [_condition(part, columns) for part in condition.parts]
        sql, values = _joined(parts, condition.operator.upper())
    return (f"NOT ({sql})" if condition.negated else f"({sql})"), values


def _comparison(comparison: Comparison, columns: ColumnKinds) -> Fragment:
    operator, operands = comparison.operator, list(comparison.values)
    expression, values = _expression(comparison.reference, columns)
    compared = expression + _COLLATIONS.get(comparison.kind, "")
    match operator:
        case "is":
            return f"{expression} {_TESTS[str(operands[0])]}", values
        case "in":
            marks = ", ".join("?" * len(operands))
            return f"{compared} IN ({marks})", values + operands
        case "like" | "ilike":
            return f"pg_{operator}({expression}, ?)", values + operands
        case "cs":
            return f"pg_contains({expression}, ?)", values + operands
        case "cd":
            return f"pg_contains(?, {expression})", operands + values
    return f"{compared} {_SYMBOLS[operator]} ?", values + operands


def _expression(reference: Reference, columns: ColumnKinds) -> Fragment:
    kind, expression = columns[reference.column]
    if not reference.path:
        return f"({expression})", []
    if kind != "json":
        return "(NULL)", []  # no way leads into a plain value
    path = [reference.path[-1].as_text, *(step.key for step in reference.path)]
    return f"pg_json_get({expression}, ?)", [json.dumps(path)]


def _json_get(body: str | None, path: str) -> str | None:
    if body is None:
        return None
    as_text, *keys = json.loads(path)
    try:
        exists, value = jsonb.get(_parsed(body), keys)
        shown = jsonb.scalar_text(value) if as_text else json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return None
    return shown if exists else None


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    return jsonb.parse(text)


@lru_cache(maxsize=1024)
def _sort_key(text: str) -> tuple[Any, ...]:
    return jsonb.sort_key(jsonb.parse(text))


def _compare_json(left: str, right: str) -> int:
    try:
        a, b = _sort_key(left), _sort_key(right)
        return (a > b) - (a < b)
    except RecursionError:
        return (left > right) - (left < right)


def _compare_types(left: str, right: str) -> int:
    """An enum is ordered as it was declared."""
    return IMPORT_TYPES.index(left) - IMPORT_TYPES.index(right)


def _contains(left: str | None, right: str | None) -> bool | None:
    if left is None or right is None:
        return None
    try:
        return jsonb.contains(_parsed(left), _parsed(right))
    except RecursionError:
        return False


class _Piece(NamedTuple):
    """What stands between two ``%`` of a LIKE pattern."""

    pattern: re.Pattern[str]
    length: int


@lru_cache(maxsize=256)
def _pieces(pattern: str, flags: int) -> list[_Piece]:
    r"""The pieces of a LIKE pattern; ``\`` takes the meaning of the character after it."""
    pieces: list[list[str]] = [[]]
    for part in re.findall(r"\\?.", pattern, re.DOTALL):
        if part == "%":
            pieces.append([])
        else:
            pieces[-1].append("." if part == "_" else re.escape(part.removeprefix("\\")))
    return [_Piece(re.compile("".join(piece), flags | re.DOTALL), len(piece)) for piece in pieces]


def _matches(value: str, pieces: Sequence[_Piece]) -> bool:
    """Find the pieces one after another, each as early as possible: no pattern takes long."""
    first, *others = pieces
    if not others:
        return first.pattern.fullmatch(value) is not None
    found = first.pattern.match(value)
    for piece in others[:-1]:
        found = found and piece.pattern.search(value, found.end())
    last_at = len(value) - others[-1].length
    if found is None or last_at < found.end():
        return False
    return others[-1].pattern.fullmatch(value, last_at) is not None


def _like(value: str | None, pattern: str) -> bool | None:
    return None if value is None else _matches(value, _pieces(pattern, 0))


def _ilike(value: str | None, pattern: str) -> bool | None:
    return None if value is None else _matches(value, _pieces(pattern, re.IGNORECASE))
