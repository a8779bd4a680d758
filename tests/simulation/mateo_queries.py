"""`GET /import` of the fake of the Import API: the filters, columns and order that the relay uses.

Anything else is refused with 400, like a name or an operator that does not exist.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import httpx

from tests.simulation.mateo_http import Params
from tests.simulation.mateo_imports import MICROSECONDS, TYPES, ApiError, StoredImport

MAX_ROWS = 50
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPERATORS = {
    "id": ("eq", "in"),
    "reference_id": ("eq",),
    "type": ("eq",),
    "created_at": ("gte", "lte"),
}
_ORDERS = {"created_at", "created_at.asc"}


class Query(NamedTuple):
    """What is asked for; without `columns` all of them, without `ids` imports of any id."""

    ids: Sequence[str] | None
    conditions: Sequence[tuple[str, str, str]]
    columns: Sequence[str]
    is_ordered: bool


def read_query(params: Params) -> Query:
    """Read the parameters of a request.

    Raises:
        ApiError: 400.
    """
    ids: Sequence[str] | None = None
    conditions: list[tuple[str, str, str]] = []
    columns: Sequence[str] = ()
    is_ordered = False
    pairs = params.multi_items() if isinstance(params, httpx.QueryParams) else params.items()
    for name, text in pairs:
        if name == "select":
            columns = text.split(",")
        elif name == "order":
            if text not in _ORDERS:
                raise ApiError(400, "PGRST100", f"order by {text} is not allowed")
            is_ordered = True
        else:
            operator, _, value = text.partition(".")
            if operator not in _OPERATORS.get(name, ()):
                raise ApiError(400, "PGRST100", f"cannot filter {name} by {text}")
            if name == "id":
                ids = value[1:-1].split(",") if operator == "in" else [value]
            else:
                conditions.append((name, operator, value))
    return Query(ids, conditions, columns, is_ordered)


def find(imports: Mapping[str, StoredImport], query: Query, now: float) -> Sequence[StoredImport]:
    """The imports that a query finds at a time (s since the epoch), at most 50.

    Oldest first if an order is asked for, else newest first: Mateo promises none then.

    Raises:
        ApiError: 400.
    """
    found: Iterable[StoredImport] = _of_ids(imports, query.ids) if query.ids else imports.values()
    for name, operator, value in query.conditions:
        found = _narrowed(found, name, operator, value)
    shown = [one for one in found if one.visible_at <= now]
    shown.sort(key=_created, reverse=not query.is_ordered)
    return shown[:MAX_ROWS]


def _created(one: StoredImport) -> int:
    return one.created_us


def _of_ids(imports: Mapping[str, StoredImport], ids: Sequence[str]) -> Iterator[StoredImport]:
    for import_id in dict.fromkeys(ids):
        one = imports.get(import_id)
        if one is not None:
            yield one
        elif import_id and not _UUID.fullmatch(import_id):
            message = f'invalid input syntax for type uuid: "{import_id}"'
            raise ApiError(400, "22P02", message)


def _narrowed(
    found: Iterable[StoredImport], name: str, operator: str, value: str
) -> Iterable[StoredImport]:
    if name == "reference_id":
        return [one for one in found if one.reference_id == value]
    if name == "type":
        if value not in TYPES:
            raise ApiError(400, "22P02", "invalid input value for enum public.import_type")
        return [one for one in found if one.type == value]
    try:
        timestamp = round(datetime.fromisoformat(value).timestamp() * MICROSECONDS)
    except ValueError as error:
        raise ApiError(400, "22007", "invalid input syntax for type timestamp") from error
    if operator == "gte":
        return [one for one in found if one.created_us >= timestamp]
    return [one for one in found if one.created_us <= timestamp]
