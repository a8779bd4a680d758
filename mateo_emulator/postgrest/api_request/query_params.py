"""The query language of ``GET /import``, as PostgREST reads it: from parameters to a `Query`.

Pure: no database, no clock, no server. `endpoints` calls `parse_query`, `sql_fragment` turns the
result into SQL. Each part is read by a module of its own: `filters`, `select`, `order`,
`range_query`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mateo_emulator.errors import ApiError
from mateo_emulator.postgrest.api_request.filters import (
    Condition,
    not_embedded,
    read_filter,
    read_logic,
)
from mateo_emulator.postgrest.api_request.order import Ordering, read_order
from mateo_emulator.postgrest.api_request.select import Selected, read_select
from mateo_emulator.postgrest.range_query import WHOLE, Window, read_window
from mateo_emulator.postgrest.schema_cache import SchemaCache

_ROOT_ONLY = ("select", "columns", "on_conflict")
_SHAPES = ("order", "limit", "offset")


@dataclass(frozen=True)
class Query:
    """A parsed query; ``select`` None means all columns."""

    select: tuple[Selected, ...] | None = None
    where: tuple[Condition, ...] = ()
    order: tuple[Ordering, ...] = ()
    window: Window = WHOLE


def parse_query(
    parameters: Sequence[tuple[str, str]], schema: SchemaCache, range_header: str | None = None
) -> Query:
    """Read all parameters of a request.

    Filters that repeat are joined with "and"; of ``select`` and ``order`` the first counts, of
    ``limit`` and ``offset`` the last. ``columns`` and ``on_conflict`` mean nothing in a list.

    Raises:
        ApiError: 400, or 416 for a range that cannot be; see `filters`, `select`, `order`
            and `range_query`.
    """
    if any("\x00" in text for parameter in parameters for text in parameter):
        raise ApiError(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    first, last = dict(reversed(parameters)), dict(parameters)
    return Query(
        select=read_select(first.get("select"), schema),
        where=tuple(
            _read_condition(key, value, schema)
            for key, value in parameters
            if key not in (*_ROOT_ONLY, *_SHAPES)
        ),
        order=read_order(first.get("order"), schema),
        window=read_window(last.get("limit"), last.get("offset"), range_header),
    )


def _read_condition(key: str, value: str, schema: SchemaCache) -> Condition:
    *path, word = key.split(".")
    if word in ("and", "or"):
        if any(part != "not" for part in path):
            raise not_embedded(key)
        return read_logic(word, value, schema, negated="not" in path)
    if word in _SHAPES:
        raise not_embedded(key)
    return read_filter(key, value, schema)
