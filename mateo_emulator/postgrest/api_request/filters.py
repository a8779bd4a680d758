"""The filters of a query: ``column=[not.]operator.value`` and ``[not.]and|or=(…)``.

`query_params` calls `read_filter` and `read_logic`; `sql_fragment` turns what they return into SQL.
The operators are those that Mateo lists; PostgREST's other ones are refused like any unknown word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.values import TYPE_NAMES, Kind, Scalar, typed
from mateo_emulator.postgrest.api_request.fields import Reference, read_reference
from mateo_emulator.postgrest.api_request.scanner import Scanner
from mateo_emulator.postgrest.schema_cache import SchemaCache, no_operator

_COMPARISONS = ("eq", "neq", "gt", "gte", "lt", "lte", "isdistinct")
_PATTERNS = {"like": "~~", "ilike": "~~*"}
_CONTAINMENTS = {"cs": "@>", "cd": "<@"}
OPERATORS = frozenset((*_COMPARISONS, *_PATTERNS, *_CONTAINMENTS, "in", "is"))
_OPERATOR = re.compile(r"([^.]*)\.", re.DOTALL)
_TRUTH = re.compile(r"null|unknown|true|false", re.IGNORECASE)
_ELEMENT = re.compile(r"[^,)]*")
_ARRAY = re.compile(r"\{[^{}]*\}")
_EXPECTED_OPERATOR = '"not" or operator (eq, gt, ...)'
# PostgreSQL's own limit is its stack; this one keeps the SQL inside what SQLite reads.
_DEEPEST = 50


@dataclass(frozen=True)
class Comparison:
    """One filter; ``values`` are typed, one except for ``in``; ``kind`` is the reference's."""

    reference: Reference
    kind: Kind
    operator: str
    values: tuple[Scalar, ...]
    negated: bool = False


@dataclass(frozen=True)
class Logic:
    """``[not.]and(…)`` or ``[not.]or(…)``."""

    operator: Literal["and", "or"]
    parts: tuple[Condition, ...]
    negated: bool = False


Condition = Comparison | Logic


def read_filter(key: str, text: str, schema: SchemaCache) -> Comparison:
    """One parameter whose key names a column.

    Raises:
        ApiError: 400 ``PGRST100`` what cannot be read, ``42703`` an unknown column, ``22P02`` and
            others a value of the wrong type; 404 ``42883`` an operator that the type lacks.
    """
    names = Scanner("tree path", key)
    reference = read_reference(names)
    if names.take("."):
        raise not_embedded(key)
    names.need_end('"->>", "->" or end of input')
    scanner = Scanner("filter", text)
    comparison = _read_operation(scanner, reference, schema, _rest)
    scanner.need_end()
    return comparison


def not_embedded(key: str) -> ApiError:
    """400 ``PGRST108``: a parameter for a related table; an import has none."""
    name = key.partition(".")[0]
    return ApiError(
        400, "PGRST108", f"'{name}' is not an embedded resource in this request",
        hint=f"Verify that '{name}' is included in the 'select' query parameter.",
    )  # fmt: skip


def _rest(scanner: Scanner) -> str:
    rest = scanner.text[scanner.at :]
    scanner.at = len(scanner.text)
    return rest


def _read_operation(
    scanner: Scanner,
    reference: Reference,
    schema: SchemaCache,
    read_value: Callable[[Scanner], str],
) -> Comparison:
    negated = scanner.take("not.")
    word = scanner.match(_OPERATOR)
    if word is None:
        raise scanner.error(_EXPECTED_OPERATOR)
    operator = word[1]
    if operator not in OPERATORS:
        raise scanner.refusal(f"unknown single value operator {operator}")
    if operator == "is":
        truth = _read_truth(scanner)
        kind = schema.kind(reference)
        return Comparison(reference, kind, operator, (_checked(truth, kind),), negated)
    texts = _read_list(scanner) if operator == "in" else [read_value(scanner)]
    kind = schema.kind(reference)
    values = tuple(dict.fromkeys(_operand(kind, operator, text) for text in texts))
    return Comparison(reference, kind, operator, values, negated)


def _operand(kind: Kind, operator: str, text: str) -> Scalar:
    symbol = {**_PATTERNS, **_CONTAINMENTS}.get(operator)
    wanted = ("text", "link") if operator in _PATTERNS else ("json",)
    if symbol is not None and kind not in wanted:
        raise no_operator(f"{TYPE_NAMES[kind]} {symbol} unknown")
    return _pattern(text) if operator in _PATTERNS else typed(kind, text)


def _pattern(text: str) -> str:
    if (len(text) - len(text.rstrip("\\"))) % 2:
        raise ApiError(400, "22025", "LIKE pattern must not end with escape character")
    return text.replace("*", "%")


def _checked(truth: str, kind: Kind) -> str:
    if truth != "null" and kind != "boolean":
        raise ApiError(
            400, "42804",
            f"argument of IS {truth.upper()} must be type boolean, not type {TYPE_NAMES[kind]}",
        )  # fmt: skip
    return truth


def _read_truth(scanner: Scanner) -> str:
    word = scanner.match(_TRUTH)
    if word is None:
        raise scanner.error("null or trilean value (unknown, true, false)")
    return word[0].lower()


def _read_list(scanner: Scanner) -> list[str]:
    scanner.skip_space()
    scanner.need("(")
    scanner.skip_space()
    values = [_read_element(scanner)]
    while scanner.take(","):
        values.append(_read_element(scanner))
    scanner.need(")")
    scanner.skip_space()
    return [] if values == [""] else values


def _read_element(scanner: Scanner) -> str:
    quoted = scanner.quoted(before=",)")
    if quoted is not None:
        return quoted
    plain = scanner.match(_ELEMENT)
    return plain[0] if plain is not None else ""


def _inner_value(scanner: Scanner) -> str:
    """A value inside a logic tree: quoted, ``{…}``, or everything up to a comma or bracket."""
    if scanner.text.startswith("{", scanner.at):
        array = scanner.match(_ARRAY)
        if array is not None:
            return array[0]
    return _read_element(scanner)


def read_logic(operator: str, text: str, schema: SchemaCache, *, negated: bool) -> Logic:
    """One parameter ``and=(…)`` or ``or=(…)``; errors as in `read_filter`."""
    scanner = Scanner("logic tree", operator + text, shown=text)
    logic = _read_tree(scanner, schema, 1, negated=negated)
    scanner.need_end()
    return logic


def _read_tree(scanner: Scanner, schema: SchemaCache, depth: int, *, negated: bool) -> Logic:
    if depth > _DEEPEST:
        raise scanner.refusal(f"nested deeper than {_DEEPEST} levels")
    operator: Literal["and", "or"] = "and" if scanner.take("and") else "or"
    if operator == "or":
        scanner.need("or", "logic operator (and, or)")
    scanner.skip_space()
    scanner.need("(")
    parts = [_read_part(scanner, schema, depth)]
    while scanner.take(","):
        parts.append(_read_part(scanner, schema, depth))
    scanner.need(")", '"," or ")"')
    scanner.skip_space()
    return Logic(operator, tuple(parts), negated)


_TREE = re.compile(r"[ \t]*(not\.)?(?=(?:and|or)[ \t]*\()")


def _read_part(scanner: Scanner, schema: SchemaCache, depth: int) -> Condition:
    tree = scanner.match(_TREE)
    if tree is not None:
        return _read_tree(scanner, schema, depth + 1, negated=tree[1] is not None)
    reference = read_reference(scanner)
    scanner.need(".", "delimiter (.)")
    return _read_operation(scanner, reference, schema, _inner_value)
