"""`Mapper`: from items of any kind to changes, with what was read and without."""

import json

import pytest

from import_relay.changes import Mapped, Mapper, RecordsRead, row_text
from import_relay.errors import RejectedRow
from import_relay.records.models import Occurrence
from tests.support.builders import connections, occurrence

KEY = "contact_details#external_id:1"


def mapped(occurrences: list[Occurrence], read: RecordsRead | None = None) -> Mapped:
    mapper = Mapper(connections())
    return mapper.map(mapper.interpret(occurrences), read or RecordsRead())


def test_an_occurrence_delivered_twice_in_a_batch_counts_once() -> None:
    twice = occurrence(item={"id": 1, "name": "A"})

    result = mapped([twice, twice])

    assert len(result.changes) == 1


def test_a_record_of_a_removed_connection_is_rejected_not_lost() -> None:
    result = mapped([occurrence(item={"id": 1}, connection="gone")])

    assert [one.reason for one in result.settled] == ["row.connection_removed"]


def test_a_bad_record_hurts_no_other() -> None:
    result = mapped(
        [occurrence(0, item={"name": "no id"}), occurrence(1, item={"id": 1, "name": "A"})]
    )

    assert [one.reason for one in result.settled] == ["row.no_identifier"]
    assert [one.key for one in result.changes] == [KEY]


def test_without_a_version_the_time_of_receipt_orders_changes() -> None:
    result = mapped([occurrence(item={"id": 1}, received_at=77)])

    assert result.changes[0].version == 77


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("a\x00b", "row.bad_text"),
        (["a\x00b"], "row.bad_text"),
        ("\ud800", "row.bad_text"),
        (float("inf"), "row.bad_value"),
        (float("nan"), "row.bad_value"),
        ("x" * 4_000_000, "row.too_large"),
    ],
)
def test_what_mateo_cannot_store_is_rejected(value: object, code: str) -> None:
    with pytest.raises(RejectedRow) as caught:
        row_text({"full_name": value})

    assert caught.value.code == code


def test_a_text_that_only_looks_like_an_escaped_nul_is_fine() -> None:
    assert json.loads(row_text({"full_name": "\\u0000"})) == {"full_name": "\\u0000"}
