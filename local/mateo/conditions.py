"""Turns a parsed `Query` into SQL for SQLite, with PostgreSQL's rules for null and case.

Called by `imports`; `install` gives a connection the two pattern functions it needs.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache

from local.mateo.query import Comparison, Condition, Ordering
from local.mateo.query_values import Scalar

_SYMBOLS = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "isdistinct": "IS NOT",
}  # fmt: skip
_TESTS = {
    "null": "IS NULL", "unknown": "IS NULL", "not_null": "IS NOT NULL", "true": "IS 1",
    "false": "IS 0",
}  # fmt: skip
Fragment = tuple[str, list[Scalar]]


def install(connection: sqlite3.Connection) -> None:
    """Add ``pg_like`` and ``pg_ilike``; SQLite's own LIKE ignores case."""
    connection.create_function("pg_like", 2, _like, deterministic=True)
    connection.create_function("pg_ilike", 2, _ilike, deterministic=True)


def where(conditions: Sequence[Condition], columns: Mapping[str, str]) -> Fragment:
    """The WHERE expression; ``columns`` maps a column to its SQL expression."""
    return _joined([_condition(condition, columns) for condition in conditions], " AND ")


def order_by(order: Sequence[Ordering], columns: Mapping[str, str]) -> str:
    """The terms of ORDER BY; without an order the newest do not come first, nor last: any order
    is right, and the one of creation is the quickest.
    """
    terms = [
        f"{columns[term.column]} {'DESC' if term.descending else 'ASC'}"
        f" NULLS {'FIRST' if term.nulls_first else 'LAST'}"
        for term in order
    ]
    return ", ".join([*terms, "import.sequence"])


def _joined(fragments: Sequence[Fragment], word: str) -> Fragment:
    if not fragments:
        return "1", []
    text = word.join(f"({sql})" for sql, _ in fragments)
    return text, [value for _, values in fragments for value in values]


def _condition(condition: Condition, columns: Mapping[str, str]) -> Fragment:
    if isinstance(condition, Comparison):
        sql, values = _comparison(condition, columns[condition.column])
    else:
        parts = [_condition(part, columns) for part in condition.parts]
        sql, values = _joined(parts, f" {condition.operator.upper()} ")
    return (f"NOT ({sql})" if condition.negated else sql), values


def _comparison(comparison: Comparison, column: str) -> Fragment:
    operator, values = comparison.operator, list(comparison.values)
    if operator == "is":
        return f"{column} {_TESTS[str(values[0])]}", []
    if operator == "in":
        return f"{column} IN ({', '.join('?' * len(values))})", values
    if operator in ("like", "ilike"):
        return f"pg_{operator}({column}, ?)", values
    return f"{column} {_SYMBOLS[operator]} ?", values


@lru_cache(maxsize=256)
def _pattern(pattern: str, flags: int) -> re.Pattern[str]:
    tokens = re.findall(r"\\?.", pattern, re.DOTALL)
    translated = {"%": ".*", "_": "."}
    parts = [translated.get(token, re.escape(token.removeprefix("\\"))) for token in tokens]
    return re.compile("".join(parts), flags | re.DOTALL)


def _like(value: str | None, pattern: str) -> bool | None:
    return None if value is None else _pattern(pattern, 0).fullmatch(value) is not None


def _ilike(value: str | None, pattern: str) -> bool | None:
    return None if value is None else _pattern(pattern, re.IGNORECASE).fullmatch(value) is not None
