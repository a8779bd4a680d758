"""The query language of ``GET /import``, as PostgREST reads it: from parameters to a `Query`.

Pure: no database, no clock. `imports` calls `parse_query`, `conditions` turns the result into SQL.
Known so far: ``eq neq gt gte lt lte like ilike in is isdistinct`` with ``not``, ``and``/``or``,
``select`` with aliases, ``order``, ``limit``, ``offset``. JSON paths, casts, ``cs`` and ``cd``
are refused like any other text that cannot be parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from local.mateo.errors import ApiError
from local.mateo.query_values import Kind, Scalar, typed

MAX_ROWS = 50

_COMPARISONS = ("eq", "neq", "gt", "gte", "lt", "lte", "isdistinct")
_PATTERNS = ("like", "ilike")
OPERATORS = frozenset((*_COMPARISONS, *_PATTERNS, "in", "is"))
_RESERVED = ("select", "columns", "on_conflict", "order", "limit", "offset")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ELEMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,"]*))\s*(,|$)', re.DOTALL)
_DIRECTIONS = {"asc": False, "desc": True}
_NULLS = {"nullsfirst": True, "nullslast": False}


@dataclass(frozen=True)
class Comparison:
    """``column=[not.]operator.value``; ``values`` are typed, one except for ``in``."""

    column: str
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


@dataclass(frozen=True)
class Ordering:
    """One term of ``order``."""

    column: str
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True)
class Query:
    """A parsed query; ``select`` maps the name in the answer to the column, None means all."""

    select: Mapping[str, str] | None = None
    where: tuple[Condition, ...] = ()
    order: tuple[Ordering, ...] = ()
    limit: int = MAX_ROWS
    offset: int = 0


def unparsable(what: str, text: str) -> ApiError:
    """400 ``PGRST100``: a parameter that cannot be read."""
    return ApiError(400, "PGRST100", f'"failed to parse {what} ({text})" (line 1, column 1)')


def unknown_column(column: str) -> ApiError:
    """400 ``42703``: a column that the import does not have."""
    return ApiError(400, "42703", f"column import.{column} does not exist")


@dataclass(frozen=True)
class Grammar:
    """The columns that a query may name; ``orderable`` None means all of them."""

    columns: Mapping[str, Kind]
    orderable: Sequence[str] | None = None
    selectable: frozenset[str] = field(default_factory=frozenset)

    def kind(self, column: str) -> Kind:
        """The type of a column, or 400 ``42703``."""
        if column not in self.columns:
            raise unknown_column(column)
        return self.columns[column]


def parse_query(parameters: Sequence[tuple[str, str]], grammar: Grammar) -> Query:
    """Read all parameters of a request; those that repeat are joined with "and".

    Raises:
        ApiError: 400 ``PGRST100``, ``42703`` or ``22P02``; 416 for a negative limit.
    """
    first = dict(reversed(parameters))
    return Query(
        select=parse_select(first.get("select"), grammar),
        where=tuple(
            _parse_parameter(key, value, grammar)
            for key, value in parameters
            if key not in _RESERVED
        ),
        order=parse_order(first.get("order", ""), grammar),
        limit=_parse_limit(first.get("limit")),
        offset=_parse_offset(first.get("offset")),
    )


def parse_select(text: str | None, grammar: Grammar) -> Mapping[str, str] | None:
    """``id,total:total_count`` as {answer name: column}; None, empty and ``*`` mean all."""
    if text is None or not text.strip():
        return None
    selected: dict[str, str] = {}
    for item in text.split(","):
        alias, _, column = item.strip().rpartition(":")
        if column == "*" and not alias:
            selected.update({name: name for name in grammar.columns})
            continue
        if not _NAME.fullmatch(column) or (alias and not _NAME.fullmatch(alias)):
            raise unparsable("select parameter", text)
        if column not in grammar.selectable:
            grammar.kind(column)
        selected[alias or column] = column
    return None if text.strip() == "*" else selected


def parse_order(text: str, grammar: Grammar) -> tuple[Ordering, ...]:
    """``created_at.desc.nullslast,id``; nulls come last when ascending, first when descending."""
    return tuple(_parse_order_term(term.strip(), text, grammar) for term in text.split(",") if term)


def _parse_order_term(term: str, text: str, grammar: Grammar) -> Ordering:
    column, *words = term.split(".")
    descending = _DIRECTIONS[words.pop(0)] if words and words[0] in _DIRECTIONS else False
    nulls_first = _NULLS[words.pop(0)] if words and words[0] in _NULLS else descending
    if words or not _NAME.fullmatch(column):
        raise unparsable("order", text)
    grammar.kind(column)
    if grammar.orderable is not None and column not in grammar.orderable:
        allowed = ", ".join(grammar.orderable)
        raise ApiError(
            400, "PGRST100", f"order by {column} is not allowed", hint=f"Allowed Fields: {allowed}"
        )
    return Ordering(column, descending, nulls_first)


def _parse_limit(text: str | None) -> int:
    if text is None or not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        return MAX_ROWS
    if int(text) < 0:
        raise ApiError(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            hint="Limit should be greater than or equal to zero.",
        )
    return min(int(text), MAX_ROWS)


def _parse_offset(text: str | None) -> int:
    return int(text) if text is not None and re.fullmatch(r"\d{1,18}", text, re.ASCII) else 0


def _parse_parameter(key: str, value: str, grammar: Grammar) -> Condition:
    negated, name = _strip_not(key)
    if name in ("and", "or"):
        return _LogicParser(f"{name}{value}", grammar).parse(negated=negated)
    if not _NAME.fullmatch(key):
        raise unparsable("filter", f"{key}={value}")
    return _comparison(key, value, value, grammar, unquote=False)


def _strip_not(text: str) -> tuple[bool, str]:
    return (True, text[4:]) if text.startswith("not.") else (False, text)


def _comparison(
    column: str, text: str, whole: str, grammar: Grammar, *, unquote: bool
) -> Comparison:
    negated, rest = _strip_not(text)
    operator, dot, operand = rest.partition(".")
    if not dot or operator not in OPERATORS:
        raise unparsable("filter", whole)
    kind = grammar.kind(column)
    if operator == "in":
        options = _parse_list(operand, whole)
        values = tuple(typed(kind, option) for option in options)
    elif operator == "is":
        values = (_is_operand(kind, operand, whole),)
    else:
        value = _unquoted(operand) if unquote else operand
        values = (_operand(kind, operator, value),)
    return Comparison(column, operator, values, negated)


def _operand(kind: Kind, operator: str, text: str) -> Scalar:
    if operator in _PATTERNS:
        if kind != "text":
            raise ApiError(404, "42883", f"operator does not exist: {kind} ~~ unknown")
        return text.replace("*", "%")
    return typed(kind, text)


def _is_operand(kind: Kind, text: str, whole: str) -> Scalar:
    word = text.lower()
    if word not in ("null", "not_null", "true", "false", "unknown"):
        raise unparsable("filter", whole)
    if word in ("true", "false", "unknown") and kind != "boolean":
        raise ApiError(
            400, "42804", f"argument of IS {word.upper()} must be type boolean, not type {kind}"
        )
    return word


def _parse_list(text: str, whole: str) -> list[str]:
    if not (text.startswith("(") and text.endswith(")")):
        raise unparsable("filter", whole)
    inner, at, more = text[1:-1], 0, len(text) > 2
    values: list[str] = []
    while more:
        element = _ELEMENT.match(inner, at)
        if element is None:
            raise unparsable("filter", whole)
        quoted, plain, end = element.groups()
        values.append(plain.strip() if quoted is None else _unescaped(quoted))
        at, more = element.end(), end == ","
    return values


def _unquoted(text: str) -> str:
    return _unescaped(text[1:-1]) if re.fullmatch(r'".*"', text, re.DOTALL) else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


class _LogicParser:
    """Reads ``and(a.eq.1,not.or(b.is.null,c.in.(x,y)))``."""

    def __init__(self, text: str, grammar: Grammar) -> None:
        self._text = text
        self._grammar = grammar
        self._at = 0

    def parse(self, *, negated: bool) -> Logic:
        logic = self._logic(negated=negated)
        if self._at != len(self._text):
            raise self._error()
        return logic

    def _error(self) -> ApiError:
        return unparsable("logic tree", self._text)

    def _logic(self, *, negated: bool) -> Logic:
        operator: Literal["and", "or"] = "and" if self._take("and") else "or"
        if operator == "or" and not self._take("or"):
            raise self._error()
        if not self._take("("):
            raise self._error()
        parts = [self._part()]
        while self._take(","):
            parts.append(self._part())
        if not self._take(")"):
            raise self._error()
        return Logic(operator, tuple(parts), negated)

    def _part(self) -> Condition:
        match = re.compile(r"\s*(not\.)?(?=(?:and|or)\()").match(self._text, self._at)
        if match is not None:
            self._at = match.end()
            return self._logic(negated=match[1] is not None)
        name = re.compile(rf"\s*({_NAME.pattern})\.", re.ASCII).match(self._text, self._at)
        if name is None:
            raise self._error()
        self._at = name.end()
        return _comparison(name[1], self._operand(), self._text, self._grammar, unquote=True)

    def _operand(self) -> str:
        """Everything up to the comma or bracket that ends this filter, minding quotes."""
        start, depth = self._at, 0
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == '"':
                self._skip_quoted()
                continue
            if depth == 0 and character in ",)":
                break
            depth += {"(": 1, ")": -1}.get(character, 0)
            self._at += 1
        return self._text[start : self._at].strip()

    def _skip_quoted(self) -> None:
        match = re.compile(r'"(?:[^"\\]|\\.)*"').match(self._text, self._at)
        if match is None:
            raise self._error()
        self._at = match.end()

    def _take(self, token: str) -> bool:
        if self._text.startswith(token, self._at):
            self._at += len(token)
            return True
        return False
