"""Rows that were not imported fit a table, however many keys their objects have."""

import json

from import_relay.bulk.correction_tables import (
    columns_within,
    failure_cells,
    failure_header,
)
from import_relay.report.failure_file import MAX_COLUMNS, MORE

OWN = ("7", "row.bad_value", "why")


def test_keys_that_objects_invent_share_a_column() -> None:
    records = [{"id": str(n), f"key {n}": "x", f"more {n}": n} for n in range(1_000)]

    columns = columns_within(records)
    cells = failure_cells(columns, records[-1], "", OWN)
    row = dict(zip(failure_header(columns), cells, strict=True))

    assert len(columns) == MAX_COLUMNS + 1
    assert (row["id"], row["line"]) == ("999", "7")
    assert json.loads(row[MORE]) == {"key 999": "x", "more 999": 999}
    assert sum(map(bool, cells)) == 5


def test_a_wide_table_keeps_its_columns() -> None:
    record = {f"column {n}": "x" for n in range(1_500)}
    assert columns_within([record, record]) == list(record)


def test_a_file_that_has_a_column_of_that_name_keeps_its_values() -> None:
    record = {MORE: "mine", **{str(n): "" for n in range(MAX_COLUMNS)}}
    columns = columns_within([{MORE: "mine"}, record])

    *cells, more, _, _, _ = failure_cells(columns, record, "", OWN)

    assert len(cells) == MAX_COLUMNS - 1
    assert json.loads(more) == {str(MAX_COLUMNS - 1): "", MORE: "mine"}
