"""The table of open problems stays a table, whatever fields senders invent."""

import io
import json
from typing import Any

from import_relay.bulk.formats.rows import read_rows
from import_relay.domain.files import MORE
from import_relay.report.failure_file import ABOUT, MAX_COLUMNS, table
from import_relay.report.problems import ITEM_REJECTED, ROW_FAILED, Problem, Received
from import_relay.report.tables import as_csv


def problem(kind: str, columns: dict[str, Any]) -> Problem:
    return Problem(
        kind, "code", "erp", "", Received(1, 0), (), json.dumps(columns), "why", "what", "d/0"
    )


def test_columns_of_mateo_come_before_the_fields_of_rejected_records() -> None:
    header, _ = table(
        [problem(ITEM_REJECTED, {"Field": 1}), problem(ROW_FAILED, {"city": "x", "email": "y"})]
    )

    assert header == (*ABOUT, "email", "city", "Field")


def test_a_cell_that_is_imported_again_is_what_it_was() -> None:
    given = {"external_id": "7", "address": "Hauptstr. 1\n=18055", "full_name": "A\u200bda"}
    content = as_csv(*table([problem(ROW_FAILED, given)]))

    (row,) = read_rows(lambda: io.BytesIO(content))

    assert row.record is not None
    assert [row.record[name] for name in given] == ["7", "Hauptstr. 1\n=18055", "Ada"]


def test_fields_beyond_what_a_sheet_takes_share_one_column() -> None:
    problems = [problem(ITEM_REJECTED, {f"f{n}-{m}": m for m in range(100)}) for n in range(50)]
    problems.append(problem(ROW_FAILED, {"external_id": "7"}))

    header, lines = table(problems)

    listed = list(lines)
    assert len(header) == len(ABOUT) + MAX_COLUMNS + 1
    assert header[-1] == MORE
    assert {len(one) for one in listed} == {len(header)}
    assert json.loads(listed[49][-1]) == {f"f49-{m}": str(m) for m in range(100)}
    assert listed[-1][header.index("external_id")] == "7"
    assert listed[-1][-1] == ""
