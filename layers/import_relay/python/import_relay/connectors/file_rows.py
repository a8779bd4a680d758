"""What a row of a file says, whatever the kind of its connection. Called by submission.

The record is the row itself, `{header: text}` or the object of a JSON file; the connection's own
expressions map it. A header with dots, e.g. `properties.email`, stands at that path as well, so
that a mapping of a CRM's records finds it.
"""

from typing import Any

from import_relay.connectors.contract import Change
from import_relay.domain.errors import RejectedRow


def file_row_change(item: object) -> Change:
    """A whole record, whose version is that of its file unless the mapping has one.

    Raises:
        RejectedRow: it is no object.
    """
    if not isinstance(item, dict):
        raise RejectedRow("row.not_an_object", value=item)
    return Change(_with_paths(item))


def _with_paths(item: dict[str, Any]) -> dict[str, Any]:
    """The row with what its dotted headers mean, where no header of that name is in the way."""
    dotted = [name for name in item if "." in name]
    if not dotted:
        return item
    record: dict[str, Any] = dict(item)
    for name in dotted:
        first, *path, last = name.split(".")
        if first in item:
            continue
        inner: Any = record.setdefault(first, {})
        for step in path:
            inner = inner.setdefault(step, {}) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.setdefault(last, item[name])
    return record
