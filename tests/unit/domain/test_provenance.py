"""Provenance is read from JSON as it was written."""

import json
from typing import Any

import pytest

from import_relay.domain.models import Claim, Occurrence, Pointer, Row
from import_relay.domain.notes import Note
from import_relay.domain.provenance import (
    ItemProvenance,
    item_as_object,
    parse_item,
    parse_rows,
    row_as_object,
)
from import_relay.domain.replays import Replay
from tests.support.builders import CONTACTS, change

OCCURRENCE = Occurrence("", "erp", "d1", 3, "evt", 9, 2, {"name": "Zoë", "id": 2**70})


def through_json(content: object) -> Any:
    return json.loads(json.dumps(content))


@pytest.mark.parametrize(
    "occurrence",
    [
        OCCURRENCE,
        OCCURRENCE._replace(item=None),
        OCCURRENCE._replace(item=Pointer("oversize/d1/3.json")),
        OCCURRENCE._replace(since=7),
        OCCURRENCE._replace(is_test=True),
        OCCURRENCE._replace(replay=Replay("r1", 8, "a mistake")),
        OCCURRENCE._replace(replay=Replay("r1", 8, "a mistake", force=True)),
    ],
)
def test_an_occurrence_is_read_as_it_was_written(occurrence: Occurrence) -> None:
    read = parse_item(through_json(item_as_object(occurrence._replace(message_id="m1"))))

    assert read == ItemProvenance(occurrence)


def test_the_outcome_of_an_item_without_an_import_is_read() -> None:
    assert parse_item({**item_as_object(OCCURRENCE), "outcome": "rejected"}).outcome == "rejected"


def test_a_row_keeps_its_claimed_fields_and_the_notes_of_its_occurrences() -> None:
    note = Note("value.no_valid_phone", "mobile", "12", "too short")
    noted = change()._replace(notes=(note,))
    claims = {"*": Claim(1, "e1", "d1/0"), "email": Claim(9, "e0", "d0/0", "older")}

    (read,) = parse_rows(
        through_json([row_as_object(Row(noted.key, noted.text, CONTACTS, (noted,), claims))])
    )

    assert (read.key, read.claims) == (noted.key, ("*",))
    assert read.items == (ItemProvenance(noted.occurrence._replace(message_id=""), (note,)),)
