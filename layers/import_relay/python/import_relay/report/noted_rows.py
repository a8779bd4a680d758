"""The notes of an import, for its report: counted, and those of left-out values line by line. Pure.

Called by findings and reporting. Notes lie in the provenance of a row, with the occurrence that
they are about.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from import_relay.domain.codes import CODES
from import_relay.domain.provenance import ItemProvenance
from import_relay.report.tables import cell_text, json_cell

LEFT_OUT_COLUMNS = (
    "code",
    "field",
    "value",
    "reason",
    "external_id",
    "outcome",
    "connection",
    "event",
    "received_at",
    "what",
    "what_to_do",
)


def counted_notes(sources: Iterable[ItemProvenance]) -> list[dict[str, object]]:
    """How often each note was made, by connection, field and code, and what its code means."""
    counts = Counter(
        (source.occurrence.connection, note.field, note.code)
        for source in sources
        for note in source.notes
    )
    return [
        {
            "connection": connection,
            "field": field,
            "code": code,
            "count": count,
            "what": CODES[code].what,
            "what_to_do": CODES[code].what_to_do,
        }
        for (connection, field, code), count in sorted(counts.items())
    ]


def left_out_of_row(
    number: int, row: Mapping[str, Any], sources: Iterable[ItemProvenance], outcome: str
) -> Iterator[dict[str, Any]]:
    """The lines of left_out.ndjson for one row: each value that was left out or lost.

    `received_at` is in µs since the epoch.
    """
    for source in sources:
        for note in source.notes:
            if note.is_listed:
                yield {
                    "code": note.code,
                    "field": note.field,
                    "value": note.value,
                    "reason": note.reason,
                    "row": number,
                    "outcome": outcome,
                    "external_id": row.get("external_id"),
                    "connection": source.occurrence.connection,
                    "event": source.occurrence.event,
                    "received_at": source.occurrence.received_at,
                    "what": CODES[note.code].what,
                    "what_to_do": CODES[note.code].what_to_do,
                }


def left_out_cells(line: Mapping[str, object]) -> Sequence[str]:
    """Such a line as one of the table left_out.csv."""
    value = line["value"]
    cells = {**line, "value": value if isinstance(value, str) else json_cell(value)}
    return [cell_text(cells[name]) for name in LEFT_OUT_COLUMNS]
