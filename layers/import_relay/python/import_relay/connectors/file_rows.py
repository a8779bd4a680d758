"""What a row of a file says, whatever the kind of its connection. Called by submission.

The record is the row itself, `{header: text}` or the object of a JSON file; the connection's own
expressions map it. A header with dots, e.g. `properties.email`, stands at that path as well, so
that a mapping of a CRM's records finds it. A corrected table of failures is read in the same way.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from import_relay.connectors.contract import Change
from import_relay.domain.errors import RejectedRow
from import_relay.domain.files import ABOUT_ROW, MORE, ROW_TEXT, with_more

_ABOUT = frozenset((*ABOUT_ROW, ROW_TEXT))
_EMPTY = ("", None)


def file_row_change(item: object) -> Change:
    """A whole record, whose version is that of its file unless the mapping has one.

    Raises:
        RejectedRow: it is no object, or a row of a table of failures that nobody corrected.
    """
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    is_of_failures = not _ABOUT.isdisjoint(item)
    if is_of_failures and all(item[name] in _EMPTY for name in item if name not in _ABOUT):
        raise RejectedRow("row.not_corrected", value=item)
    try:
        record = with_more(item)
    except ValueError as error:
        raise RejectedRow("row.bad_more", field=MORE, value=item) from error
    return Change(_with_paths(record))


def _with_paths(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with what its dotted headers mean, where no header of that name is in the way.

    Empty cells come last: rows of a table share its columns, whatever each holds at a path.
    """
    dotted = [name for name in item if "." in name]
    if not dotted:
        return item
    dotted.sort(key=lambda name: item[name] in _EMPTY)
    record: dict[str, Any] = dict(item)
    for name in dotted:
        first, *path, last = name.split(".")
        if first in item:
            continue
        inner: Any = record.setdefault(first, {})
        for step in path:
            inner = inner.setdefault(step, {}) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            value = item[name]
            inner.setdefault(last, deepcopy(value) if isinstance(value, dict) else value)
    return record
