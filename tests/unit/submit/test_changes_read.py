"""`Mapper`: records that webhooks only name, as they were read at the CRM."""

import pytest

from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.domain.models import Outcome
from import_relay.submit.changes import Mapped
from import_relay.submit.fetched_records import RecordName, RecordsFetched
from import_relay.submit.stale_reads import STALE_NOTE
from tests.support.builders import occurrence
from tests.unit.submit.interpreted import (
    CAUGHT_UP,
    JO,
    READ_AT,
    SERVER_TIME,
    ZOHO,
    interpreted,
    mapped,
    notified,
    only_change,
    reading,
)

HUBSPOT = """
[hub]
kind = "hubspot"
public_url = "https://relay.example.com/webhooks/hub"
portal_id = "1"
[hub.deal]
"""


ATTIO = """
[hub]
kind = "attio"
[hub.contact]
"""


def reasons(result: Mapped) -> list[tuple[Outcome, str]]:
    assert result.changes == []
    return [(one.outcome, one.reason) for one in result.outcomes]


# records that a webhook only names


def test_a_record_that_is_only_named_is_fetched_with_all_that_its_mapping_names() -> None:
    to_fetch = interpreted(notified()).to_fetch

    assert to_fetch.keys() == {JO}
    assert {("id",), ("First_Name",), ("Last_Name",), ("Email",)} <= to_fetch[JO]
    assert ("Mailing_City",) not in to_fetch[JO]


def test_a_record_of_several_events_is_fetched_once() -> None:
    assert len(interpreted(notified(0), notified(1)).to_fetch) == 1


def test_a_record_that_was_read_is_imported_as_a_whole() -> None:
    read = reading(First_Name="Jo", Last_Name="Example", Email="jo@example.com")
    change = only_change(mapped([notified()], read, ZOHO))

    assert not change.partial
    assert change.version == SERVER_TIME * 1_000
    assert change.columns == {
        "external_id": "1",
        "full_name": "Jo Example",
        "email": "jo@example.com",
    }


def test_a_record_is_as_new_as_the_event_for_which_it_was_read() -> None:
    read = reading(older_s=59, Email="jo@example.com")
    change = only_change(mapped([notified()], read, ZOHO))

    assert change.version == SERVER_TIME * 1_000


def test_two_events_that_find_a_record_in_the_same_state_are_the_same_change() -> None:
    first, second = (
        only_change(mapped([notified(number)], reading(Email="jo@example.com"), ZOHO)).event
        for number in (0, 1)
    )
    other = only_change(mapped([notified(2)], reading(Email="new@example.com"), ZOHO)).event

    assert first == second != other


def test_a_record_that_is_older_than_its_event_is_read_again() -> None:
    result = mapped([notified()], reading(older_s=61, Email="old@example.com"), ZOHO)

    assert result.waiting == {"d1/0"}
    assert (result.changes, result.outcomes) == ([], [])


def test_a_record_that_stays_older_than_its_event_is_imported_with_a_note() -> None:
    read = reading(older_s=86_400, at=CAUGHT_UP, Email="jo@example.com")
    change = only_change(mapped([notified()], read, ZOHO))

    assert change.notes == (STALE_NOTE,)
    assert change.version == SERVER_TIME * 1_000


def test_a_record_as_new_as_its_event_has_no_note() -> None:
    read = reading(at=CAUGHT_UP, Email="jo@example.com")

    assert only_change(mapped([notified()], read, ZOHO)).notes == ()


@pytest.mark.parametrize(("removed", "waits"), [(None, True), (False, False)])
def test_a_change_that_need_not_move_the_time_of_its_record_is_not_read_again(
    removed: bool | None,
    waits: bool,
) -> None:
    event: dict[str, object] = {"eventId": 1, "portalId": 1, "occurredAt": SERVER_TIME}
    if removed is None:
        event |= {"subscriptionType": "deal.creation", "objectId": 8}
    else:
        association = {"associationType": "CONTACT_TO_DEAL", "fromObjectId": 7, "toObjectId": 8}
        event |= association | {"subscriptionType": "contact.associationChange"}
        event["associationRemoved"] = removed
    item = occurrence(connection="hub", item=event, received_at=SERVER_TIME * 1_000)
    old = FetchedRecord({"id": "8", "properties": {"dealname": "A"}}, 1_000)
    read = RecordsFetched(READ_AT, found={RecordName("hub", "0-3", "8"): old})

    result = mapped([item], read, HUBSPOT)

    assert bool(result.waiting) is waits
    assert bool(result.changes) is not waits


@pytest.mark.parametrize(
    ("older_s", "at", "waits"), [(60, READ_AT, False), (61, READ_AT, True), (61, CAUGHT_UP, False)]
)
def test_a_record_without_a_new_value_is_read_again_for_a_while(
    older_s: int, at: int, waits: bool
) -> None:
    people, ada = (f"00000000-0000-0000-0000-00000000000{n}" for n in "12")
    event = {"event_type": "record.updated", "id": {"object_id": people, "record_id": ada}}
    received_at = SERVER_TIME * 1_000
    values = {"name": "Ada", "email_addresses": ["ada@example.com"]}
    record = {"id": ada, "object": "people", "values": values}
    found = FetchedRecord(record, None, received_at - older_s * 1_000_000)
    read = RecordsFetched(at, found={RecordName("hub", people, ada): found})

    result = mapped(
        [occurrence(connection="hub", item=event, received_at=received_at)], read, ATTIO
    )

    assert bool(result.waiting) is waits
    assert [(one.version, one.notes) for one in result.changes] == [(at, ())] * (not waits)


def test_a_record_that_is_not_there_yet_is_read_again() -> None:
    result = mapped([notified()], RecordsFetched(CAUGHT_UP - 1, gone={JO}), ZOHO)

    assert result.waiting == {"d1/0"}
    assert (result.changes, result.outcomes) == ([], [])


def test_a_record_that_stays_away_is_ignored() -> None:
    read = RecordsFetched(CAUGHT_UP, gone={JO})

    result = mapped([notified()], read, ZOHO)

    assert reasons(result) == [(Outcome.IGNORED, "deleted")]
    assert result.fetched_keys == {
        "d1/0": [f"contact_details#external_id:{JO.id}", f"alias#crm:crm/Contacts/{JO.id}"]
    }


def test_a_record_that_cannot_be_read_now_waits() -> None:
    read = RecordsFetched(READ_AT, waiting={JO}, failed={"crm": "fetcher.unavailable"})
    result = mapped([notified()], read, ZOHO)

    assert result.waiting == {"d1/0"}
    assert (result.changes, result.outcomes) == ([], [])


def test_without_a_token_a_record_that_is_only_named_is_rejected_and_the_token_named() -> None:
    (item_outcome,) = mapped([notified()], None, ZOHO).outcomes

    assert item_outcome.reason == "row.token_missing"
    assert "crm.token" in item_outcome.detail


def test_a_change_that_its_webhook_says_in_full_is_not_read() -> None:
    event = notified(values={"Email": "jo@example.com"})

    assert interpreted(event).to_fetch == {}
    change = only_change(mapped([event], None, ZOHO))
    assert change.partial
    assert change.columns == {"external_id": "1", "email": "jo@example.com"}
    assert change.version == SERVER_TIME * 1_000


def test_a_record_is_read_if_its_webhook_says_half_a_column() -> None:
    event = notified(values={"First_Name": "Jo", "Email": "jo@example.com"})
    read = reading(First_Name="Jo", Last_Name="Example")

    assert interpreted(event).to_fetch.keys() == {JO}
    assert only_change(mapped([event], read, ZOHO)).columns["full_name"] == "Jo Example"


def test_a_change_of_nothing_that_is_mapped_is_ignored_and_not_read() -> None:
    event = notified(values={"Mailing_City": "Berlin"})

    assert interpreted(event).to_fetch == {}
    assert reasons(mapped([event], None, ZOHO)) == [(Outcome.IGNORED, "not_mapped")]


def test_a_type_of_record_that_is_not_imported_is_neither_read_nor_rejected() -> None:
    event = notified(module="Deals")

    assert interpreted(event).to_fetch == {}
    assert reasons(mapped([event], None, ZOHO)) == [(Outcome.IGNORED, "no_record_type")]


def test_a_deletion_is_not_read() -> None:
    event = notified(operation="delete")

    assert interpreted(event).to_fetch == {}
    assert reasons(mapped([event], None, ZOHO)) == [(Outcome.IGNORED, "deleted")]


def test_what_a_condition_excludes_is_not_read() -> None:
    text = ZOHO.replace("[crm.contact]\n", "[crm.contact]\nwhen = \"Lead_Source == 'shop'\"\n")
    event = notified(values={"First_Name": "Jo", "Lead_Source": "fair"})

    assert interpreted(event, text=text).to_fetch == {}
    assert reasons(mapped([event], None, text)) == [(Outcome.IGNORED, "no_record_type")]
