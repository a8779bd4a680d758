"""Pipedrive webhooks of both versions: one mapping serves them."""

import json
from typing import Any

import pytest

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.pipedrive import events as connector
from import_relay.connectors.shared.event_ids import content_id
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.mapping.record_mapping import RecordMapping
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, basic, request, sample
from tests.unit.connectors.pipedrive.both_versions import (
    CONNECTION,
    DEFAULTS,
    TIMESTAMP,
    first_event,
    meeting,
    row,
)

EVENTS = {
    "pipedrive.activity-created.json": (
        "appointment 2: name description start_time end_time contact_external_id",
    ),
    "pipedrive.deal-changed.json": ("deal 1: name contact_external_id status_key",),
    "pipedrive.person-created.json": ("contact 3: full_name email whatsapp loyalty_level",),
    "pipedrive.person-deleted.json": ("ignored: deleted",),
    "pipedrive.person-merged.json": ("ignored: merged",),
    "pipedrive.v1-activity-added.json": (
        "appointment 2: name description start_time end_time contact_external_id",
    ),
    "pipedrive.v1-deal-updated.json": ("deal 1: name contact_external_id status_key",),
    "pipedrive.v1-person-added.json": ("contact 3: full_name email whatsapp",),
    "pipedrive.v1-person-deleted.json": ("ignored: deleted",),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(signers.credentials, auth_header="authorization")


def of_a_whole_day(item: dict[str, Any]) -> None:
    item["data"] |= {"due_time": None, "duration": None}


def of_a_whole_day_in_version_1(item: dict[str, Any]) -> None:
    item["current"] |= {"due_time": "", "duration": ""}


WHOLE_DAYS = {
    "pipedrive.activity-created.json": of_a_whole_day,
    "pipedrive.v1-activity-added.json": of_a_whole_day_in_version_1,
}
"""Example webhook of a timed appointment → what makes it one of the whole day."""


def event(data: object = None, **meta: object) -> dict[str, Any]:
    known: dict[str, object] = {"entity": "person", "action": "change", "id": "e1"}
    return {"meta": known | meta, "data": {"id": 3} if data is None else data, "previous": None}


def test_the_credentials_of_the_webhook_authenticate_the_sender() -> None:
    given = request(b"{}", {"authorization": basic("hook:a:b")})
    connector.verify(given, ["hook:a:b"], {}, now=NOW)
    with pytest.raises(SignatureError):
        connector.verify(given, ["hook:other"], {}, now=NOW)
    with pytest.raises(SignatureError):
        connector.verify(request(b"{}"), ["hook:a:b"], {}, now=NOW)


def test_an_event_is_one_item_under_its_own_id() -> None:
    body = json.dumps(event(id="8d3f6e0a"))
    assert connector.split(request(body), {}) == [("8d3f6e0a", body)]


def test_without_an_id_entity_record_and_time_identify_the_event() -> None:
    body = json.dumps(event(id=None, entity_id=3, timestamp="2026-11-21T09:30:00Z"))
    assert connector.split(request(body), {})[0].event_id == "person:3:2026-11-21T09:30:00Z"


def test_without_id_and_record_the_digest_identifies_the_event() -> None:
    body = json.dumps(event(id=None))
    assert connector.split(request(body), {})[0].event_id == content_id(body)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        "7",
        '{"meta":{},"data":{}}',
        '{"meta":7,"data":{}}',
        '{"meta":{"entity":"person","action":"change"}}',
        '{"meta":{"entity":7,"action":"change"},"data":{}}',
        '{"meta":{"entity":"person"},"data":{}}',
        '{"v":1,"meta":{"entity":"person","action":"added","id":3},"current":{}}',
        '{"v":1,"meta":{"object":"person","id":3},"current":{}}',
        '{"v":1,"meta":{"object":"person","action":"added","id":3}}',
        "[" + json.dumps(event()) + "]",
    ],
)
def test_a_body_that_is_no_event_of_either_version_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(body), {})
    assert caught.value.code == "delivery.wrong_shape"


@pytest.mark.parametrize(
    ("name", "record_type"),
    [
        ("pipedrive.person-created", "contact"),
        ("pipedrive.deal-changed", "deal"),
        ("pipedrive.activity-created", "appointment"),
    ],
)
def test_persons_deals_and_activities_are_imported(name: str, record_type: str) -> None:
    item = json.loads(sample(name))
    change = connector.interpret(item, CONNECTION)
    assert (change.record_type, change.ignored, change.partial) == (record_type, None, False)
    end = {"end_time": "2026-11-24T11:00:00Z"} if record_type == "appointment" else {}
    assert change.record == item | {"data": item["data"] | end}


def test_a_deletion_is_ignored() -> None:
    item = json.loads(sample("pipedrive.person-deleted"))
    assert connector.interpret(item, CONNECTION).ignored == "deleted"


@pytest.mark.parametrize("entity", ["organization", "product", "lead", "Person", ["person"], None])
def test_other_entities_are_ignored(entity: object) -> None:
    assert connector.interpret(event(entity=entity), CONNECTION).ignored == "entity"


@pytest.mark.parametrize("action", ["merge", "CHANGE", None, ["change"]])
def test_actions_that_are_not_known_are_ignored(action: object) -> None:
    assert connector.interpret(event(action=action), CONNECTION).ignored == "action"


@pytest.mark.parametrize("data", ["a text", [], 7])
def test_a_change_without_data_is_rejected(data: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        connector.interpret(event(data), CONNECTION)
    assert (caught.value.code, caught.value.field) == ("row.not_an_object", "data")


@pytest.mark.parametrize("item", [7, [], {"meta": 7}, {}])
def test_an_item_without_meta_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        connector.interpret(item, CONNECTION)


@pytest.mark.parametrize("timestamp", ["2026-11-21T09:30:00.000Z", 1_795_253_400, "1795253400"])
def test_the_time_of_the_event_is_the_version_whatever_its_form(timestamp: object) -> None:
    assert connector.interpret(event(timestamp=timestamp), CONNECTION).version == TIMESTAMP


@pytest.mark.parametrize("timestamp", [None, "yesterday", 0, []])
def test_without_a_readable_timestamp_the_records_own_time_is_the_version(
    timestamp: object,
) -> None:
    given = event({"update_time": "2026-11-21 09:30:00"}, timestamp=timestamp)
    assert connector.interpret(given, CONNECTION).version == TIMESTAMP
    assert connector.interpret(event({}, timestamp=timestamp), CONNECTION).version is None


def test_a_record_that_was_merged_into_another_is_ignored() -> None:
    item = json.loads(sample("pipedrive.person-merged"))
    assert connector.interpret(item, CONNECTION).ignored == "merged"


def test_a_record_that_took_another_in_is_imported() -> None:
    change = connector.interpret(event({"id": 4}, merged_from_id="3"), CONNECTION)
    assert (change.record_type, change.ignored) == ("contact", None)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("pipedrive.v1-person-added", "pipedrive.person-created"),
        ("pipedrive.v1-deal-updated", "pipedrive.deal-changed"),
        ("pipedrive.v1-activity-added", "pipedrive.activity-created"),
    ],
)
def test_both_versions_become_the_same_row_by_the_same_mapping(first: str, second: str) -> None:
    rows = [
        row(connector.interpret(json.loads(sample(name)), DEFAULTS)) for name in (first, second)
    ]
    assert rows[0] == rows[1]


def test_the_default_mapping_of_a_person_a_deal_and_a_meeting() -> None:
    names = ("person-created", "deal-changed", "activity-created")
    items = [json.loads(sample(f"pipedrive.{name}")) for name in names]
    assert [row(connector.interpret(item, DEFAULTS)) for item in items] == [
        {"external_id": "3", "full_name": "Ada Example", "email": "ada@example.com"},
        {"external_id": "1", "name": "Nowhere Solutions deal", "contact_external_id": "3"},
        {
            "external_id": "2",
            "name": "Call Ada",
            "description": "Talk about the offer",
            "start_time": "2026-11-24T10:30:00Z",
            "end_time": "2026-11-24T11:00:00Z",
            "contact_external_id": "3",
        },
    ]


@pytest.mark.parametrize("type_", ["task", "email", "deadline", None])
def test_by_default_only_meetings_are_appointments(type_: str | None) -> None:
    mapping = RecordMapping(DEFAULTS.record_types["appointment"])
    assert not mapping.condition({"data": {"type": type_}})
    assert mapping.condition({"data": {"type": "meeting"}})


@pytest.mark.parametrize("due_time", ["", None])
def test_by_default_a_meeting_for_a_whole_day_has_no_start(due_time: str | None) -> None:
    data = {"id": 2, "type": "meeting", "due_date": "2026-11-24", "due_time": due_time}
    assert row(connector.interpret(event(data, entity="activity"), DEFAULTS)) == {
        "external_id": "2",
        "start_time": None,
        "end_time": None,
    }


def end_of(item: object) -> object:
    record = connector.interpret(item, DEFAULTS).record
    assert isinstance(record, dict)
    return record["data"].get("end_time")


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("10:30", "00:30", "2026-11-24T11:00:00Z"),
        ("10:30:00", "01:15:00", "2026-11-24T11:45:00Z"),
        ("10:30:30", "0:00:45", "2026-11-24T10:31:15Z"),
        ("23:30", "00:45", "2026-11-25T00:15:00Z"),
        ("10:30", "100:00", "2026-11-28T14:30:00Z"),
    ],
)
def test_an_activity_of_either_version_ends_after_its_duration(
    start: str, duration: str, end: str
) -> None:
    data = meeting(due_time=start, duration=duration)
    assert end_of(event(data, entity="activity")) == end
    assert end_of(first_event(data, object="activity")) == end


@pytest.mark.parametrize("duration", ["00:30", "00:30:00"])
def test_the_end_is_mapped_by_default(duration: str) -> None:
    change = connector.interpret(event(meeting(duration=duration), entity="activity"), DEFAULTS)
    assert row(change)["end_time"] == "2026-11-24T11:00:00Z"


NO_DURATIONS = [None, "", "00:00", "00:00:00", "-00:30", "00:60", "30", 30, "00:30\n", ["00:30"]]
HOSTILE = [
    "\ud800",
    "\u0660\u0660:\u0663\u0660",
    "9" * 5000,
    "9" * 5000 + ":00",
    {"hours": 1},
    True,
]


@pytest.mark.parametrize(
    "odd",
    [
        *({"duration": value} for value in [*NO_DURATIONS, *HOSTILE]),
        *({"due_time": value} for value in [None, "", "25:00", 10.5, "10:30+01:00", *HOSTILE]),
        *({"due_date": value} for value in [None, "", "2026-02-30", "soon", [], *HOSTILE]),
        {"due_date": "9999-12-31", "duration": "24:00"},
    ],
)
def test_without_a_start_or_a_length_an_activity_has_no_end_and_is_no_error(
    odd: dict[str, object],
) -> None:
    assert end_of(event(meeting(**odd), entity="activity")) is None
    assert end_of(first_event(meeting(**odd), object="activity")) is None


def test_an_end_that_pipedrive_gives_itself_is_kept() -> None:
    given = event(meeting(end_time="2026-11-24T12:00:00Z"), entity="activity")
    assert end_of(given) == "2026-11-24T12:00:00Z"


def test_deals_and_persons_get_no_end() -> None:
    assert end_of(event(meeting(), entity="deal")) is None
    assert end_of(event(meeting(), entity="person")) is None


def test_the_kind_has_no_options() -> None:
    assert not list(kind_mistakes(connector, CONNECTION))
    wrong = Connection("pipedrive", "pipedrive", {"header": "x"}, CONNECTION.record_types)
    assert [key for key, _ in kind_mistakes(connector, wrong)] == ["header"]


TEXT, OPTION, OPTIONS, MONEY, DATE, EMPTY = (
    "9dc80c50d78a15643bfc4ca79d76156a73a1ca0e",
    "d4de1c1518b4531717c676029a45911c340390a6",
    "1bd5ca2a3e4fd0a5d1bb58cb1a1f5e1c4c5d2a37",
    "5a8f0c3b7d2e4f61a9b0c1d2e3f4a5b6c7d8e9f0",
    "6c0b1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f607182",
    "7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f901",
)


@pytest.mark.parametrize(
    ("key", "end", "value"),
    [
        (TEXT, "value", "gold"),
        (OPTION, "id", 12),
        (OPTIONS, "values[].id", [21, 23]),
        (MONEY, "value", 1500.5),
        (MONEY, "currency", "EUR"),
        (DATE, "value", "2026-12-01"),
        (EMPTY, "value", None),
    ],
)
def test_a_custom_field_is_mapped_by_its_quoted_key(key: str, end: str, value: object) -> None:
    """As the page of the kind says; the sample has a field of each type."""
    (item,) = connector.split(request(sample("pipedrive.person-created")), {})
    change = connector.interpret(json.loads(item.text), DEFAULTS)
    fields = {"external_id": "data.id", "own": f'data.custom_fields."{key}".{end}'}
    columns = RecordMapping(RecordType("contact", fields)).columns(change.record).values
    assert columns.get("own") == value
