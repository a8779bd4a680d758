"""A line of rows.ndjson.gz: read as it was written, whatever a later version adds."""

from import_relay.report.row_lines import ReceivedItem, RowLine

STORED = {
    "row": 3,
    "outcome": "imported",
    "certain": True,
    "type": "contact_details",
    "external_id": "7",
    "key_digest": "0a1b",
    "connection": "shop",
    "item_ids": ["d1/0", "d2.r1/4"],
    "connections": ["erp", "shop"],
    "received_at": [100, 200],
    "notes": [],
}
REPLAY = {"id": "r1", "at": 900, "reason": "why"}


def test_a_line_is_stored_as_it_was_read() -> None:
    assert RowLine.read(STORED).as_object() == STORED
    put_back = STORED | {"replays": [REPLAY], "erased": True}
    assert RowLine.read(put_back).as_object() == put_back


def test_a_member_of_a_later_version_is_left_out() -> None:
    assert RowLine.read(STORED | {"later": 1}).as_object() == STORED


def test_an_item_that_was_put_back_was_received_when_its_replay_began() -> None:
    line = RowLine.read(STORED | {"replays": [REPLAY]})

    assert list(line.received_items()) == [
        ReceivedItem("d1/0", "erp", 100),
        ReceivedItem("d2.r1/4", "shop", 900),
    ]
    assert (line.newest_at, RowLine.read(STORED).newest_at) == (900, 200)
