"""A dry run says what each row would become, and sends nothing."""

from collections.abc import Iterable, Mapping

import pytest

from import_relay.domain.connections import parse_connections
from import_relay.domain.files import FileRow
from import_relay.submit import connection_mappings
from relay_ops.files.dry_run import BATCH_ROWS, DryRun, RejectedLine, dry_run
from tests.support.builders import NOON

ERP = """
[erp]
kind = "json"
[erp.contact]
when = "kind != 'supplier'"
[erp.contact.fields]
external_id = "id"
full_name = "name"
email = "email"
"""


def ran(rows: Iterable[FileRow]) -> tuple[DryRun, list[RejectedLine]]:
    rejected: list[RejectedLine] = []
    now = int(NOON * 1_000_000)
    found = dry_run(parse_connections(ERP), "erp", rows, now=now, reject=rejected.append)
    return found, rejected


def row(line: int, **record: str) -> FileRow:
    return FileRow(line, {"id": str(line), "name": "Ada", **record})


def test_every_row_is_sent_rejected_or_ignored() -> None:
    broken = FileRow(4, None, "row.too_many_cells", "it has 9 cells", "1,2")
    rows = [row(2), row(3, id="", name="", email=""), broken, row(5, kind="supplier")]

    found, rejected = ran(rows)

    assert (found.rows, found.sent, found.ignored.total()) == (4, {"contact": 1}, 1)
    assert [(one.line, one.code) for one in rejected] == [
        (3, "row.no_identifier"),
        (4, "row.too_many_cells"),
    ]
    assert sum(found.rejected.values()) == 2


def test_a_row_that_raises_an_error_is_said_to_be_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    def row_text(columns: Mapping[str, object]) -> bytes:
        if columns["external_id"] == "3":
            raise KeyError("name")
        return b"{}"

    monkeypatch.setattr(connection_mappings, "row_text", row_text)

    found, (rejected,) = ran([row(2), row(3), row(4)])

    assert (found.sent["contact"], rejected.line, rejected.code) == (2, 3, "row.raised_error")
    assert rejected.reason.startswith("KeyError at ")


def test_rows_of_one_record_are_one_record_across_batches() -> None:
    many = 2 * BATCH_ROWS + 1
    found, _ = ran(row(n + 2, id=str(n % 7)) for n in range(many))

    assert (found.sent["contact"], found.records) == (many, 7)


def test_values_that_would_be_left_out_are_counted_by_column() -> None:
    found, rejected = ran([row(2, email="no address"), row(3, email="neither"), row(4)])

    assert found.left_out == {("value.bad_email", "email"): 2}
    assert not rejected


def test_the_first_row_of_a_type_is_shown_as_it_would_be_sent() -> None:
    found, _ = ran([row(2, email="ADA@example.com"), row(3)])

    example = found.examples["contact"]
    assert example.line == 2
    assert example.columns["external_id"] == "2"
