"""Webhooks of version 1, in the names of version 2, so that one mapping serves both."""

import json

import pytest

from import_relay.connectors.pipedrive import events as connector
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.errors import RejectedRow
from tests.support.webhooks import request
from tests.unit.connectors.pipedrive.both_versions import (
    CONNECTION,
    DEFAULTS,
    TIMESTAMP,
    first_event,
    row,
)


def test_an_event_of_version_1_is_identified_by_record_time_and_action() -> None:
    item = first_event({"id": 3}, timestamp_micro=1_795_253_400_482_110)
    (found,) = connector.split(request(json.dumps(item)), {})
    assert found == ("person:3:1795253400482110:updated", json.dumps(item))


def test_an_event_of_version_1_without_its_time_is_identified_by_its_digest() -> None:
    body = json.dumps(first_event({"id": 3}))
    assert connector.split(request(body), {})[0].event_id == content_id(body)


@pytest.mark.parametrize(
    ("meta", "version"),
    [
        ({"timestamp_micro": 1_795_253_400_000_001, "timestamp": 1_795_253_400}, TIMESTAMP + 1),
        ({"timestamp": 1_795_253_400}, TIMESTAMP),
        ({}, TIMESTAMP + 2_000_000),
    ],
)
def test_the_most_exact_time_of_version_1_is_the_version(
    meta: dict[str, object], version: int
) -> None:
    item = first_event({"id": 3, "update_time": "2026-11-21 09:30:02"}, **meta)
    assert connector.interpret(item, CONNECTION).version == version


def test_a_single_address_of_version_1_is_the_primary_one() -> None:
    change = connector.interpret(first_event({"id": 3, "email": "ada@example.com"}), DEFAULTS)
    assert row(change) == {"external_id": "3", "email": "ada@example.com"}


def test_the_names_of_version_2_are_added_and_replace_nothing() -> None:
    current = {"id": 3, "email": "a@example.com", "emails": "kept", "user_id": 7, "4f1c": "gold"}
    record = connector.interpret(first_event(current), CONNECTION).record
    assert isinstance(record, dict)
    assert record["data"] == current | {"owner_id": 7}
    assert record["current"] == current
    assert record["meta"]["entity"] == record["meta"]["object"] == "person"


def test_the_primary_participant_of_version_1_is_found_as_in_version_2() -> None:
    people = [{"person_id": 4, "primary_flag": False}, {"person_id": 5, "primary_flag": True}, 7]
    current = {"id": 2, "type": "meeting", "participants": people}
    change = connector.interpret(first_event(current, object="activity"), DEFAULTS)
    assert row(change) == {"external_id": "2", "contact_external_id": "5"}


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (first_event(None, action="deleted"), "deleted"),
        (first_event(None, action="merged"), "merged"),
        (first_event({"id": 4}, action="merged"), None),
        (first_event({"id": 3}, action="created"), "action"),
        (first_event({"id": 3}, action=["updated"]), "action"),
        (first_event({"id": 3}, object="organization"), "entity"),
        (first_event({"id": 3}, object=None), "entity"),
    ],
)
def test_deletions_and_other_objects_of_version_1_are_ignored(
    item: object, reason: str | None
) -> None:
    assert connector.interpret(item, CONNECTION).ignored == reason


@pytest.mark.parametrize("current", [None, "a text", []])
def test_a_change_of_version_1_without_a_state_is_rejected(current: object) -> None:
    with pytest.raises(RejectedRow):
        connector.interpret(first_event(current), CONNECTION)
