"""Pipedrive webhooks v2."""

import json
from typing import Any

import pytest

from import_relay.connections import Connection, RecordType
from import_relay.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.sources import pipedrive as source
from import_relay.sources.event_ids import digest
from tests.support.webhooks import NOW, basic, request, sample

CONNECTION = Connection("pipedrive", "pipedrive", {}, {"contact": RecordType("contact", {})})
MOMENT = 1_795_253_400_000_000
"""2026-11-21T09:30:00Z in microseconds."""


def event(data: object = None, **meta: object) -> dict[str, Any]:
    known: dict[str, object] = {"entity": "person", "action": "change", "id": "e1"}
    return {"meta": known | meta, "data": {"id": 3} if data is None else data, "previous": None}


def test_the_credentials_of_the_webhook_prove_the_sender() -> None:
    given = request(b"{}", {"authorization": basic("hook:a:b")})
    source.verify(given, ["hook:a:b"], {}, now=NOW)
    with pytest.raises(SignatureError):
        source.verify(given, ["hook:other"], {}, now=NOW)
    with pytest.raises(SignatureError):
        source.verify(request(b"{}"), ["hook:a:b"], {}, now=NOW)


def test_an_event_is_one_item_under_its_own_id() -> None:
    body = json.dumps(event(id="8d3f6e0a"))
    assert source.split(request(body), {}) == [("8d3f6e0a", body)]


def test_without_an_id_entity_record_and_time_identify_the_event() -> None:
    body = json.dumps(event(id=None, entity_id=3, timestamp="2026-11-21T09:30:00Z"))
    assert source.split(request(body), {})[0].event_id == "person:3:2026-11-21T09:30:00Z"


def test_without_these_the_digest_identifies_the_event() -> None:
    body = json.dumps(event(id=None))
    assert source.split(request(body), {})[0].event_id == digest(body)


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
        '{"v":1,"meta":{"object":"person","action":"added","id":3},"current":{},"previous":null}',
        "[" + json.dumps(event()) + "]",
    ],
)
def test_a_body_that_is_no_event_of_version_2_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        source.split(request(body), {})
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
    change = source.interpret(item, CONNECTION)
    assert (change.record_type, change.ignored, change.partial) == (record_type, None, False)
    assert change.record == item


def test_a_deletion_is_ignored() -> None:
    assert source.interpret(json.loads(sample("pipedrive.person-deleted")), CONNECTION).ignored == (
        "deleted"
    )


@pytest.mark.parametrize("entity", ["organization", "product", "lead", "Person", ["person"], None])
def test_other_entities_are_ignored(entity: object) -> None:
    assert source.interpret(event(entity=entity), CONNECTION).ignored == "entity"


@pytest.mark.parametrize("action", ["merge", "CHANGE", None, ["change"]])
def test_actions_that_are_not_known_are_ignored(action: object) -> None:
    assert source.interpret(event(action=action), CONNECTION).ignored == "action"


@pytest.mark.parametrize("data", ["a text", [], 7])
def test_a_change_without_data_is_rejected(data: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        source.interpret(event(data), CONNECTION)
    assert (caught.value.code, caught.value.field) == ("row.not_an_object", "data")


@pytest.mark.parametrize("item", [7, [], {"meta": 7}, {}])
def test_an_item_without_meta_is_rejected(item: object) -> None:
    with pytest.raises(RejectedRow):
        source.interpret(item, CONNECTION)


@pytest.mark.parametrize(
    ("timestamp", "version"),
    [
        ("2026-11-21T09:30:00.000Z", MOMENT),
        ("2026-11-21T09:30:00Z", MOMENT),
        ("2026-11-21T10:30:00+01:00", MOMENT),
        ("2026-11-21 09:30:00", MOMENT),
        ("2026-11-21T09:30:00.000001Z", MOMENT + 1),
        (1_795_253_400, MOMENT),
        ("1795253400", MOMENT),
        (1_795_253_400_000, MOMENT),
        ("1795253400000", MOMENT),
        (1_795_253_400_000_000, MOMENT),
    ],
)
def test_every_form_of_the_timestamp_gives_the_same_version(
    timestamp: object, version: int
) -> None:
    assert source.interpret(event(timestamp=timestamp), CONNECTION).version == version


@pytest.mark.parametrize(
    "timestamp", [None, "", "yesterday", 0, -1, True, 1.5, [], 10**17, "9" * 5_000, "\u0661"]
)
def test_without_a_readable_timestamp_the_records_own_time_is_the_version(
    timestamp: object,
) -> None:
    given = event({"update_time": "2026-11-21 09:30:00"}, timestamp=timestamp)
    assert source.interpret(given, CONNECTION).version == MOMENT
    assert source.interpret(event({}, timestamp=timestamp), CONNECTION).version is None


def test_a_configured_version_goes_first() -> None:
    contact = RecordType("contact", {}, version="data.update_time")
    given = Connection("pipedrive", "pipedrive", {}, {"contact": contact})
    assert source.interpret(event(timestamp=1_795_253_400), given).version is None


def test_the_kind_has_no_options() -> None:
    assert not list(source.check_options(CONNECTION))
    wrong = Connection("pipedrive", "pipedrive", {"header": "x"}, CONNECTION.record_types)
    assert [key for key, _ in source.check_options(wrong)] == ["header"]
