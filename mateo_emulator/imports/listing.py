"""The imports that a query finds, each as the answer shows it.

`endpoints` calls this for ``GET /api/v1/import`` and for what ``POST`` shows of a new import,
always in the thread of the requests.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mateo_emulator.clock import iso_timestamp
from mateo_emulator.errors import too_deep
from mateo_emulator.imports.results import (
    Counts,
    counts_shown,
    entries_shown,
    list_is_there,
    payload_shown,
)
from mateo_emulator.imports.store import failures_of
from mateo_emulator.postgresql.values import Kind
from mateo_emulator.postgrest.api_request.fields import Reference
from mateo_emulator.postgrest.media_type import OutputRow
from mateo_emulator.postgrest.plan import ReadPlan, Selected
from mateo_emulator.postgrest.query.sql_fragment import Fragment, order_by, where
from mateo_emulator.postgrest.range_query import Window
from mateo_emulator.postgrest.response import Found
from mateo_emulator.postgrest.schema_cache import SchemaCache
from mateo_emulator.settings import Behaviour

_COLUMNS: dict[str, tuple[Kind, str]] = {
    "id": ("uuid", "import.id"),
    "created_at": ("timestamp", "import.created_at"),
    "updated_at": ("timestamp", "import.updated_at"),
    "organisation_id": ("uuid", "import.organisation_id"),
    "type": ("import_type", "import.type"),
    "payload": ("json", "CASE WHEN import.payload_path IS NULL THEN import_payload.body END"),
    "contact_list_id": ("uuid", "import.contact_list_id"),
    "contact_list_external_id": ("text", "import.contact_list_external_id"),
    "allow_deal_reassignment": ("boolean", "import.allow_deal_reassignment"),
    "allow_appointment_reassignment": ("boolean", "import.allow_appointment_reassignment"),
    "failed_url": ("link", "import.failed_path"),
    "payload_url": ("link", "import.payload_path"),
    "total_count": ("integer", "import.total_count"),
    "success_count": ("integer", "import.success_count"),
    "failed_count": ("integer", "import.failed_count"),
    "reference_id": ("text", "import.reference_id"),
    "hints": ("json", "import.hints"),
}
_TABLES = "import LEFT JOIN import_payload ON import_payload.import_id = import.id"
_ALL = tuple(Selected(name, Reference(name), kind, kind) for name, (kind, _) in _COLUMNS.items())
Link = Callable[[str], str]


def import_schema(behaviour: Behaviour) -> SchemaCache:
    """What a query may name; ``failed`` can be selected only where the behaviour allows it."""
    return SchemaCache(
        {name: kind for name, (kind, _) in _COLUMNS.items()},
        ("created_at", "updated_at") if behaviour.strict_order else None,
        {"failed": "json"} if behaviour.failed_selectable else {},
    )


def list_imports(
    connection: sqlite3.Connection,
    query: ReadPlan,
    behaviour: Behaviour,
    *,
    now_us: int,
    link: Link,
    counted: bool,
) -> Found:
    """The imports that a query finds, without those that become visible after ``now_us``.

    Args:
        link: Makes a signed link of a stored path.
        counted: Whether to count all rows that the filters find, beside those of the window.
    """
    columns = _with_links(link)
    condition, values = where(query.where, columns)
    visible: Fragment = (f"{condition} AND import.visible_at <= ?", [*values, now_us])
    if not counted:
        return _found(connection, query, visible, behaviour, link, now_us=now_us)
    with _snapshot(connection):
        found = _found(connection, query, visible, behaviour, link, now_us=now_us)
        (total,) = connection.execute(
            f"SELECT count(*) FROM {_TABLES} WHERE {visible[0]}",  # noqa: S608 - our expressions
            visible[1],
        ).fetchone()
    return Found(found.rows, found.kinds, total)


def find_import(
    connection: sqlite3.Connection,
    import_id: str,
    select: Sequence[Selected] | None,
    behaviour: Behaviour,
    link: Link,
    *,
    now_us: int,
) -> Found:
    """One import, visible or not."""
    query = ReadPlan(None if select is None else tuple(select), window=Window(0, 1))
    wanted: Fragment = ("import.id = ?", [import_id])
    return _found(connection, query, wanted, behaviour, link, now_us=now_us)


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """One state of the database for several statements, while the worker goes on writing."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def _with_links(link: Link) -> dict[str, tuple[Kind, str]]:
    """The columns; a link is found by what is shown, up to the token, which always differs."""
    address = link("").partition("?")[0].replace("'", "''")
    return {
        name: (kind, f"'{address}' || {sql}" if kind == "link" else sql)
        for name, (kind, sql) in _COLUMNS.items()
    }


def _found(
    connection: sqlite3.Connection,
    query: ReadPlan,
    wanted: Fragment,
    behaviour: Behaviour,
    link: Link,
    *,
    now_us: int,
) -> Found:
    selected = _ALL if query.select is None else query.select
    names = dict.fromkeys(item.reference.column for item in selected)
    shown = [f"{_COLUMNS[name][1]} AS {name}" for name in names if name in _COLUMNS]
    order, order_values = order_by(query.order, _with_links(link))
    rows = connection.execute(
        f"SELECT {', '.join(shown)}{', ' if shown else ''}"  # noqa: S608 - our expressions
        " import.id AS own_id, import.updated_at AS own_updated_at,"
        " import.total_count AS own_total_count, import.success_count AS own_success_count"
        f" FROM {_TABLES} WHERE {wanted[0]} ORDER BY {order} LIMIT ? OFFSET ?",
        [*wanted[1], *order_values, query.window.limit, query.window.offset],
    ).fetchall()
    values = (_Values(connection, row, behaviour, link, now_us) for row in rows)
    try:
        answers = [_shown(row, selected, every=query.select is None) for row in values]
    except RecursionError as error:
        raise too_deep() from error
    return Found(answers, {item.name: item.kind for item in selected})


def _shown(row: _Values, selected: Sequence[Selected], *, every: bool) -> OutputRow:
    answer = {item.name: item.show(row.value(item.reference.column)) for item in selected}
    # only the guide shows it, as a part of the object and not as a column
    failed = row.value("failed") if every else None
    return answer if failed is None else {**answer, "failed": failed}


class _Values:
    """The values of one stored import as an answer shows them."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        row: sqlite3.Row,
        behaviour: Behaviour,
        link: Link,
        now_us: int,
    ) -> None:
        self._connection = connection
        self._row = row
        self._behaviour = behaviour
        self._link = link
        counted = Counts(row["own_total_count"], row["own_success_count"])
        finished_us = row["own_updated_at"]
        self._counts = counts_shown(counted, finished_us, now_us, behaviour)
        self._has_list = list_is_there(finished_us, now_us, behaviour)

    def value(self, name: str) -> object:
        """The value of a column, or the few failures that are shown inline."""
        if name == "failed":
            return self._failed()
        if name in Counts.__dataclass_fields__:
            return getattr(self._counts, name)
        if name == "failed_url" and not self._has_list:
            return None
        stored, kind = self._row[name], _COLUMNS[name][0]
        if stored is None:
            return None
        match kind:
            case "link":
                shown: object = self._link(str(stored))
            case "timestamp":
                shown = iso_timestamp(int(stored))
            case "boolean":
                shown = bool(stored)
            case "json":
                shown = json.loads(str(stored))
                if name == "payload":
                    shown = payload_shown(shown, self._behaviour)
            case _:
                shown = stored
        return shown

    def _failed(self) -> list[dict[str, object]] | None:
        total, succeeded = self._row["own_total_count"], self._row["own_success_count"]
        if total is None or not self._has_list:
            return None
        if total - succeeded > self._behaviour.failed_inline_max:
            return None
        failures = failures_of(self._connection, self._row["own_id"])
        return entries_shown(failures, self._behaviour)
