"""A row that was not imported as a line of a table: its own columns, then line, code and reason.

So that a person corrects it and imports the table again. Called by `file_reports` and `relay`.
"""

from collections.abc import Mapping, Sequence

from import_relay.report.tables import spread

_OWN = ("line", "code", "reason")


def failure_header(columns: Sequence[str]) -> list[str]:
    """The columns of the file, then the relay's own, with another name where the file has it."""
    return [*columns, *(name if name not in columns else f"relay_{name}" for name in _OWN)]


def failure_cells(
    columns: Sequence[str], record: Mapping[str, object] | None, text: str, own: Sequence[str]
) -> list[str]:
    """The cells of a row.

    Args:
        columns: of the file.
        record: None for a row that cannot be read, of which `text` shows the beginning.
        own: line, code and reason.
    """
    if record is None:
        given = {columns[0]: text} if columns else {}
    else:
        _, (given,) = spread([record])
    return [*(given.get(name, "") for name in columns), *own]


def reason_text(field: str, what: str) -> str:
    """Why a row was not imported, after the column that is wrong, if it is one."""
    return f"{field}: {what}" if field else what
