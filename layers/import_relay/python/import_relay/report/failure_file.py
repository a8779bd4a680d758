"""The workbook of open problems: a column for each column of Mateo, the reason and what to do.

A connection that maps Mateo's columns by their names takes it back once it is corrected; the
columns that begin with `relay_` are for people and mapped by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from import_relay.domain.files import MORE
from import_relay.report.problems import ITEM_REJECTED, VALUE_LEFT_OUT, Problem
from import_relay.report.tables import as_workbook, cell_text, json_cell, row_cell, spread

ABOUT = (
    "relay_problem",
    "relay_code",
    "relay_column",
    "relay_value",
    "relay_reason",
    "relay_what_to_do",
    "relay_connection",
    "relay_type",
    "relay_received_at",
    "relay_item",
    "relay_import",
)
_WITH_VALUE = (VALUE_LEFT_OUT, ITEM_REJECTED)
MAX_COLUMNS = 300


def table(problems: Sequence[Problem]) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
    """Header and lines. A rejected record has no columns of Mateo: its own fields stand there.

    Fields beyond `MAX_COLUMNS`, of which senders may invent any number, share the last column.
    """
    columns, rows = spread([one.columns for one in problems])
    of_rows = {name for one in problems if one.kind != ITEM_REJECTED for name in one.columns}
    missing = [
        one.field for one in problems if one.kind == VALUE_LEFT_OUT and one.field not in columns
    ]
    first = ("external_id", "email", "full_name")
    ordered = sorted(columns, key=lambda name: (name not in first, name not in of_rows))
    names = [*ordered, *dict.fromkeys(missing)]
    shown, rest = names[:MAX_COLUMNS], frozenset(names[MAX_COLUMNS:])
    lines = (
        [*_about(one), *(row_cell(row.get(name, "")) for name in shown), *_more(row, rest)]
        for one, row in zip(problems, rows, strict=True)
    )
    return (*ABOUT, *shown, *((MORE,) if rest else ())), lines


def _more(row: Mapping[str, str], rest: frozenset[str]) -> Sequence[str]:
    """The cell of the last column, if there is one: the other fields as JSON."""
    if not rest:
        return ()
    other = {name: text for name, text in row.items() if name in rest}
    return (json_cell(other) if other else "",)


def workbook(problems: Sequence[Problem], *, at: float) -> bytes:
    """The .xlsx; all cells are texts, so that long ids and leading zeros survive."""
    header, lines = table(problems)
    return as_workbook("open failures", header, lines, created_at=at)


def _about(one: Problem) -> list[str]:
    value = one.value if isinstance(one.value, str) else json_cell(one.value)
    received = datetime.fromtimestamp(one.received.at / 1_000_000, UTC)
    return [
        one.kind,
        one.code,
        one.field,
        cell_text(value) if one.value is not None and one.kind in _WITH_VALUE else "",
        one.reason,
        one.what_to_do,
        one.connection,
        one.type,
        received.isoformat(timespec="seconds"),
        one.item_id,
        one.reference,
    ]
