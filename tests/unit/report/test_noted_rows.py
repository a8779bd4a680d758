"""The notes of an import in its report: counted, and those of lost values line by line."""

from import_relay.domain.codes import CODES
from import_relay.domain.notes import Note
from import_relay.domain.provenance import ItemProvenance
from import_relay.report.noted_rows import (
    LEFT_OUT_COLUMNS,
    counted_notes,
    left_out_cells,
    left_out_of_row,
)
from tests.support.builders import occurrence

LEFT_OUT = Note("value.bad_email", "email", "nobody", "has no @")
COMPLETED = Note("note.completed_phone", "sms")


def source(*notes: Note, connection: str = "erp") -> ItemProvenance:
    return ItemProvenance(occurrence(connection=connection, received_at=7), tuple(notes))


def test_notes_are_counted_by_connection_field_and_code() -> None:
    found = counted_notes(
        [source(LEFT_OUT, COMPLETED), source(LEFT_OUT), source(LEFT_OUT, connection="shop")]
    )

    assert [(one["connection"], one["field"], one["code"], one["count"]) for one in found] == [
        ("erp", "email", "value.bad_email", 2),
        ("erp", "sms", "note.completed_phone", 1),
        ("shop", "email", "value.bad_email", 1),
    ]
    assert all(one["what_to_do"] == CODES[str(one["code"])].what_to_do for one in found)


def test_each_value_that_was_left_out_has_a_line_with_its_record() -> None:
    (line,) = left_out_of_row(3, {"external_id": "1"}, [source(LEFT_OUT, COMPLETED)], "imported")

    assert {name: line[name] for name in ("row", "external_id", "value", "received_at")} == {
        "row": 3,
        "external_id": "1",
        "value": "nobody",
        "received_at": 7,
    }


def test_a_line_is_a_row_of_the_table() -> None:
    (line,) = left_out_of_row(3, {"external_id": "1"}, [source(LEFT_OUT)], "imported")
    (other,) = left_out_of_row(3, {}, [source(LEFT_OUT._replace(value=["a", 1]))], "imported")

    cells = dict(zip(LEFT_OUT_COLUMNS, left_out_cells(line), strict=True))
    assert (cells["value"], cells["external_id"], cells["received_at"]) == ("nobody", "1", "7")
    assert dict(zip(LEFT_OUT_COLUMNS, left_out_cells(other), strict=True))["value"] == '["a", 1]'
