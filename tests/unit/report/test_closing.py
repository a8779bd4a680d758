"""The first id in an item that names no record, as a guess."""

import pytest

from import_relay.report.closing import record_in


@pytest.mark.parametrize(
    ("item", "record"),
    [
        ({"id": 7}, "7"),
        ({"objectId": "a", "name": "Ada"}, "a"),
        ({"contact": {"id": 7}, "recordId": 8}, "8"),
        ({"a": {"b": {"ID": "x"}}}, "x"),
        ({"id": "", "entityid": 0, "inner": {"id": 5}}, "5"),
        ({"id": ["1"]}, ""),
        ([{"id": 7}], ""),
        ("id", ""),
        (None, ""),
    ],
)
def test_ids_outside_count_before_those_inside(item: object, record: str) -> None:
    assert record_in(item) == record
