"""Reads the parameters of a request, as PostgREST's ``QueryParams`` does.

Pure: no database, no clock, no server, no types of columns. `endpoints` calls `read_query_params`,
`plan` gives the result its types. `filters`, `select`, `order` and `range_query` read one kind of
parameter each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mateo_emulator.errors import ApiError
from mateo_emulator.postgrest.api_request.filters import (
    Filter,
    Logic,
    not_embedded,
    read_filter,
    read_logic,
)
from mateo_emulator.postgrest.api_request.order import OrderTerm, read_order
from mateo_emulator.postgrest.api_request.select import SelectItem, read_select
from mateo_emulator.postgrest.range_query import WHOLE, Window, read_window

_ROOT_ONLY = ("select", "columns", "on_conflict")
_SHAPES = ("order", "limit", "offset")


@dataclass(frozen=True)
class QueryParams:
    """The parameters as they are written; ``select`` None means all columns."""

    select: tuple[SelectItem, ...] | None = None
    filters: tuple[Filter | Logic, ...] = ()
    order: tuple[OrderTerm, ...] = ()
    window: Window = WHOLE


def read_query_params(
    parameters: Sequence[tuple[str, str]], range_header: str | None = None
) -> QueryParams:
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
    return QueryParams(
        select=read_select(first.get("select")),
        filters=tuple(
            _read_condition(key, value)
            for key, value in parameters
            if key not in (*_ROOT_ONLY, *_SHAPES)
        ),
        order=read_order(first.get("order")),
        window=read_window(last.get("limit"), last.get("offset"), range_header),
    )


def _read_condition(key: str, value: str) -> Filter | Logic:
    *path, word = key.split(".")
    if word in ("and", "or"):
        if any(part != "not" for part in path):
            raise not_embedded(key)
        return read_logic(word, value, negated="not" in path)
    if word in _SHAPES:
        raise not_embedded(key)
    return read_filter(key, value)
