"""Gives the parameters of a request their types (PostgREST's ``Plan``).

`endpoints` calls `plan_read` and `plan_select`; `query` turns a `ReadPlan` into SQL, and
`imports.listing` shows each row with `Selected.show`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql import jsonb
from mateo_emulator.postgresql.casts import cast, check_cast
from mateo_emulator.postgresql.values import TYPE_NAMES, Kind, Scalar, typed
from mateo_emulator.postgrest.api_request.fields import Reference
from mateo_emulator.postgrest.api_request.filters import Filter, Logic
from mateo_emulator.postgrest.api_request.order import OrderTerm
from mateo_emulator.postgrest.api_request.query_params import QueryParams
from mateo_emulator.postgrest.api_request.select import SelectItem
from mateo_emulator.postgrest.range_query import WHOLE, Window
from mateo_emulator.postgrest.schema_cache import SchemaCache, no_operator

_PATTERNS = {"like": "~~", "ilike": "~~*"}
_CONTAINMENTS = {"cs": "@>", "cd": "<@"}


@dataclass(frozen=True)
class Selected:
    """One key of the answer; ``kind`` is the type of its value, ``target`` that of a cast."""

    name: str
    reference: Reference
    kind: Kind
    source_kind: Kind
    target: str | None = None

    def show(self, value: object) -> object:
        """What the answer shows where the column has this value.

        Raises:
            ApiError: 400 when the cast cannot read the value.
        """
        path = self.reference.path
        if path:
            exists, value = jsonb.get(value, [step.key for step in path])
            value = jsonb.scalar_text(value) if exists and path[-1].as_text else value
        return value if self.target is None else cast(value, self.source_kind, self.target)


@dataclass(frozen=True)
class Comparison:
    """A filter; ``values`` are typed, one except for ``in``; ``kind`` is the reference's."""

    reference: Reference
    kind: Kind
    operator: str
    values: tuple[Scalar, ...]
    negated: bool = False


@dataclass(frozen=True)
class ConditionGroup:
    """Conditions joined by "and" or "or"."""

    operator: Literal["and", "or"]
    parts: tuple[Condition, ...]
    negated: bool = False


Condition = Comparison | ConditionGroup


@dataclass(frozen=True)
class Ordering:
    """A term of the order."""

    reference: Reference
    kind: Kind
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True)
class ReadPlan:
    """What a list is to hold; ``select`` None means all columns."""

    select: tuple[Selected, ...] | None = None
    where: tuple[Condition, ...] = ()
    order: tuple[Ordering, ...] = ()
    window: Window = WHOLE


def plan_read(params: QueryParams, schema: SchemaCache, now: datetime) -> ReadPlan:
    """Find the columns that the parameters name and read their values.

    Args:
        params: What the request asks for.
        schema: The columns that there are.
        now: When it is asked: what ``now`` and ``today`` mean in a filter.

    Raises:
        ApiError: 400 ``42703`` an unknown column, ``22P02`` and others a value of the wrong type,
            ``PGRST100`` a field that may not be ordered by, or one of `casts.check_cast`;
            404 ``42883`` an operator that the type lacks.
    """
    return ReadPlan(
        select=plan_select(params.select, schema),
        where=tuple(_condition(one, schema, now) for one in params.filters),
        order=tuple(_ordering(term, schema) for term in params.order),
        window=params.window,
    )


def plan_select(
    items: Sequence[SelectItem] | None, schema: SchemaCache
) -> tuple[Selected, ...] | None:
    """The keys of the answer with their types; errors as in `plan_read`."""
    if items is None:
        return None
    return tuple(selected for item in items for selected in _selected(item, schema))


def _selected(item: SelectItem, schema: SchemaCache) -> list[Selected]:
    reference = item.reference
    if reference is None:
        return [
            Selected(name, Reference(name), kind, kind) for name, kind in schema.columns.items()
        ]
    kind = schema.kind(reference, selecting=True)
    shown = kind if item.cast is None else check_cast(kind, item.cast)
    return [Selected(item.alias or reference.name, reference, shown, kind, item.cast)]


def _condition(condition: Filter | Logic, schema: SchemaCache, now: datetime) -> Condition:
    if isinstance(condition, Filter):
        return _comparison(condition, schema, now)
    parts = tuple(_condition(part, schema, now) for part in condition.parts)
    return ConditionGroup(condition.operator, parts, condition.negated)


def _comparison(one: Filter, schema: SchemaCache, now: datetime) -> Comparison:
    kind = schema.kind(one.reference)
    values = dict.fromkeys(_operand(kind, one.operator, text, now) for text in one.texts)
    return Comparison(one.reference, kind, one.operator, tuple(values), one.negated)


def _operand(kind: Kind, operator: str, text: str, now: datetime) -> Scalar:
    if operator == "is":
        return _checked(text, kind)
    symbol = {**_PATTERNS, **_CONTAINMENTS}.get(operator)
    wanted = ("text", "link") if operator in _PATTERNS else ("json",)
    if symbol is not None and kind not in wanted:
        raise no_operator(f"{TYPE_NAMES[kind]} {symbol} unknown")
    return _pattern(text) if operator in _PATTERNS else typed(kind, text, now)


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


def _ordering(term: OrderTerm, schema: SchemaCache) -> Ordering:
    reference, allowed = term.reference, schema.orderable
    kind = schema.kind(reference)
    if allowed is not None and (reference.path or reference.column not in allowed):
        raise ApiError(
            400,
            "PGRST100",
            f"order by {reference.column} is not allowed",
            hint=f"Allowed Fields: {', '.join(allowed)}",
        )
    return Ordering(reference, kind, term.descending, term.nulls_first)
