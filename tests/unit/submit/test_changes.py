"""`Mapper`: from items of any kind to changes, with what was read and without."""

import json

import pytest

from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.domain.connections import RecordType
from import_relay.domain.errors import RejectedRow
from import_relay.domain.models import MappedChange, Occurrence, Outcome, RecordIdentity
from import_relay.domain.notes import Note
from import_relay.mapping.record_mapping import RecordMapping
from import_relay.mapping.row_texts import row_text
from import_relay.submit import connection_mappings
from import_relay.submit.changes import Interpreted, Mapped, Mapper
from import_relay.submit.connection_mappings import FUTURE_NOTE
from import_relay.submit.fetched_records import RecordName, RecordsFetched
from import_relay.submit.stale_reads import MAX_LAG_US, STALE_NOTE
from tests.support.builders import ERP, connections, occurrence

KEY = "contact_details#external_id:1"
ZOHO = """
[crm]
kind = "zoho"
[crm.contact]
[crm.contact.fields]
city = ""
"""
HUBSPOT = """
[hub]
kind = "hubspot"
public_url = "https://relay.example.com/webhooks/hub"
portal_id = "1"
[hub.deal]
"""
SERVER_TIME = 1_795_262_400_000
"""A notification's time, in milliseconds."""
JO = RecordName("crm", "Contacts", "1")
READ_AT = 1_795_262_500_000_000
CAUGHT_UP = SERVER_TIME * 1_000 + MAX_LAG_US
"""From then on a record counts as it is read."""


def mapped(
    occurrences: list[Occurrence], read: RecordsFetched | None = None, text: str | None = None
) -> Mapped:
    mapper = Mapper(connections(text) if text else connections())
    return mapper.map(mapper.interpret(occurrences), read or RecordsFetched())


def notified(
    number: int = 0,
    *,
    module: str = "Contacts",
    operation: str = "update",
    values: object = None,
) -> Occurrence:
    """An item of Zoho's: which record changed, and perhaps what changed of it."""
    item = {"module": module, "operation": operation, "server_time": SERVER_TIME, "id": "1"}
    return occurrence(
        number,
        connection="crm",
        item=item | ({"values": values} if values else {}),
        received_at=SERVER_TIME * 1_000,
    )


def interpreted(*occurrences: Occurrence, text: str = ZOHO) -> Interpreted:
    return Mapper(connections(text)).interpret(occurrences)


def reading(*, older_s: int = 0, at: int = READ_AT, **columns: object) -> RecordsFetched:
    """Jo's record as it was read: its own time is so much older than that of the event."""
    version = SERVER_TIME * 1_000 - older_s * 1_000_000
    return RecordsFetched(at, found={JO: FetchedRecord({"id": "1", **columns}, version)})


def only_change(result: Mapped) -> MappedChange:
    assert result.outcomes == []
    (change,) = result.changes
    return change


def reasons(result: Mapped) -> list[tuple[Outcome, str]]:
    assert result.changes == []
    return [(one.outcome, one.reason) for one in result.outcomes]


def test_an_occurrence_delivered_twice_in_a_batch_counts_once() -> None:
    twice = occurrence(item={"id": 1, "name": "A"})

    result = mapped([twice, twice])

    assert len(result.changes) == 1


def test_a_record_of_a_removed_connection_is_rejected_not_lost() -> None:
    result = mapped([occurrence(item={"id": 1}, connection="gone")])

    assert [one.reason for one in result.outcomes] == ["row.connection_removed"]


BROKEN = """
[broken]
kind = "json"
same_ids_as = "erp"
[broken.contact.fields]
external_id = "id"
city = 'Stra\u00dfe'
"""


def test_records_of_a_connection_with_a_mistake_wait_and_hurt_no_other() -> None:
    mapper = Mapper(connections(ERP + BROKEN))

    interpreted = mapper.interpret(
        [occurrence(0, item={"id": 1}), occurrence(1, item={"id": 1}, connection="broken")]
    )
    result = mapper.map(interpreted, RecordsFetched())

    assert [one.key for one in result.changes] == [KEY]
    assert result.outcomes == []
    assert result.waiting == {"d1/1"}
    why = mapper.why_disabled("broken")
    assert (why["key"], why["expression"]) == ("contact.fields.city", "Stra\u00dfe")
    assert "is no JMESPath expression" in why["reason"]


def test_whatever_keeps_a_mapping_from_being_made_disables_its_connection_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def make(record_type: RecordType) -> RecordMapping:
        if "twitter" in record_type.fields:
            raise ZeroDivisionError
        return RecordMapping(record_type)

    monkeypatch.setattr(connection_mappings, "RecordMapping", make)
    odd = BROKEN.replace("Stra\u00dfe", "name").replace("city", "twitter")
    mapper = Mapper(connections(ERP + odd))

    assert mapper.disabled.keys() == {"broken"}
    assert (
        mapper.why_disabled("broken")["reason"] == "its mapping cannot be made (ZeroDivisionError)"
    )


def test_a_bad_record_hurts_no_other() -> None:
    result = mapped(
        [occurrence(0, item={"name": "no id"}), occurrence(1, item={"id": 1, "name": "A"})]
    )

    assert [one.reason for one in result.outcomes] == ["row.no_identifier"]
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


# records that a webhook only names


def test_a_record_that_is_only_named_is_wanted_with_all_that_its_mapping_names() -> None:
    to_fetch = interpreted(notified()).to_fetch

    assert to_fetch.keys() == {JO}
    assert {("id",), ("First_Name",), ("Last_Name",), ("Email",)} <= to_fetch[JO]
    assert ("Mailing_City",) not in to_fetch[JO]


def test_several_events_of_a_record_want_it_once() -> None:
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


def test_without_a_time_of_the_last_change_the_time_of_reading_orders_it() -> None:
    read = RecordsFetched(
        READ_AT, found={JO: FetchedRecord({"id": "1", "Email": "jo@example.com"}, None)}
    )
    change = only_change(mapped([notified()], read, ZOHO))

    assert change.version == READ_AT
    assert change.by_receipt


def test_a_configured_version_goes_before_that_of_the_fetcher() -> None:
    text = ZOHO.replace("[crm.contact]\n", '[crm.contact]\nversion = "Revision"\n')
    change = only_change(mapped([notified()], reading(Email="jo@example.com", Revision=7), text))

    assert change.version == 7_000_000


def test_a_record_that_is_older_than_its_event_is_read_again() -> None:
    result = mapped([notified()], reading(older_s=61, Email="old@example.com"), ZOHO)

    assert result.waiting == {"d1/0"}
    assert (result.changes, result.outcomes) == ([], [])


def test_a_record_that_stays_older_than_its_event_is_imported_with_a_note() -> None:
    read = reading(older_s=86_400, at=CAUGHT_UP, Email="jo@example.com")
    change = only_change(mapped([notified()], read, ZOHO))

    assert change.notes == (STALE_NOTE,)
    assert change.version == SERVER_TIME * 1_000


def test_a_record_as_new_as_its_event_has_no_such_note() -> None:
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


def test_a_record_that_is_not_to_be_had_waits() -> None:
    read = RecordsFetched(READ_AT, waiting={JO}, failed={"crm"})
    result = mapped([notified()], read, ZOHO)

    assert result.waiting == {"d1/0"}
    assert (result.changes, result.outcomes) == ([], [])


def test_without_a_token_a_record_that_is_only_named_is_rejected_and_the_token_named() -> None:
    (item_outcome,) = mapped([notified()], None, ZOHO).outcomes

    assert item_outcome.reason == "row.token_missing"
    assert "crm.token" in item_outcome.detail


def test_what_a_webhook_says_as_a_whole_needs_no_reading() -> None:
    event = notified(values={"Email": "jo@example.com"})

    assert interpreted(event).to_fetch == {}
    change = only_change(mapped([event], None, ZOHO))
    assert change.partial
    assert change.columns == {"external_id": "1", "email": "jo@example.com"}
    assert change.version == SERVER_TIME * 1_000


def test_half_a_column_is_read_where_it_can_be() -> None:
    event = notified(values={"First_Name": "Jo", "Email": "jo@example.com"})
    read = reading(First_Name="Jo", Last_Name="Example")

    assert interpreted(event).to_fetch.keys() == {JO}
    assert only_change(mapped([event], read, ZOHO)).columns["full_name"] == "Jo Example"


def test_half_a_column_is_left_out_where_it_cannot_be_read() -> None:
    event = notified(values={"First_Name": "Jo", "Email": "jo@example.com"})
    change = only_change(mapped([event], None, ZOHO))

    assert change.columns == {"external_id": "1", "email": "jo@example.com"}
    assert change.notes == (Note("note.partly_known", "full_name"),)


def test_nothing_but_half_a_column_is_rejected_where_it_cannot_be_read() -> None:
    (item_outcome,) = mapped([notified(values={"First_Name": "Jo"})], None, ZOHO).outcomes

    assert (item_outcome.reason, item_outcome.field) == ("row.token_missing", "full_name")


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


def test_a_partial_change_without_what_the_condition_asks_for_is_not_guessed_at() -> None:
    text = ZOHO.replace("[crm.contact]\n", "[crm.contact]\nwhen = \"Lead_Source == 'shop'\"\n")
    event = notified(values={"Email": "jo@example.com"})
    (item_outcome,) = mapped([event], None, text).outcomes

    assert interpreted(event, text=text).to_fetch.keys() == {JO}
    assert (item_outcome.reason, item_outcome.field) == ("row.token_missing", "when")


def test_what_a_condition_excludes_needs_no_reading() -> None:
    text = ZOHO.replace("[crm.contact]\n", "[crm.contact]\nwhen = \"Lead_Source == 'shop'\"\n")
    event = notified(values={"First_Name": "Jo", "Lead_Source": "fair"})

    assert interpreted(event, text=text).to_fetch == {}
    assert reasons(mapped([event], None, text)) == [(Outcome.IGNORED, "no_record_type")]


# versions of the future

RECEIVED_AT = SERVER_TIME * 1_000
HOUR = 3_600_000_000


@pytest.mark.parametrize(
    "version", ["9999-12-31", "2026-11-22T12:00:01Z", "2027-01-01T00:00:00+01:00"]
)
def test_a_time_of_the_future_is_no_version(version: str) -> None:
    one = occurrence(item={"id": 1, "v": version}, received_at=RECEIVED_AT)

    change = only_change(mapped([one]))

    assert change.version == RECEIVED_AT
    assert change.by_receipt
    assert change.notes == (FUTURE_NOTE,)


@pytest.mark.parametrize(
    ("version", "number"),
    [
        ("2026-11-22T12:00:00Z", RECEIVED_AT + 24 * HOUR),
        (2**53, 2**53 * 1_000_000),
        (str(RECEIVED_AT), RECEIVED_AT * 1_000_000),
        ("1e999", None),
    ],
)
def test_a_clock_a_day_ahead_and_whatever_counts_up_stay_versions(
    version: object, number: int | None
) -> None:
    one = occurrence(item={"id": 1, "v": version}, received_at=RECEIVED_AT)

    result = mapped([one])

    if number is None:
        (item_outcome,) = result.outcomes
        assert item_outcome.reason == "row.bad_version"
    else:
        assert only_change(result).version == number
        assert only_change(result).notes == ()


def test_a_connectors_own_time_of_the_future_is_no_version() -> None:
    one = notified(values={"Email": "jo@example.com"})._replace(received_at=RECEIVED_AT - 25 * HOUR)

    change = only_change(mapped([one], None, ZOHO))

    assert (change.version, change.by_receipt) == (RECEIVED_AT - 25 * HOUR, True)


def test_a_record_that_is_read_days_later_keeps_its_version() -> None:
    one = notified()._replace(received_at=RECEIVED_AT - 72 * HOUR)

    change = only_change(mapped([one], reading(Email="jo@example.com"), ZOHO))

    assert (change.version, change.by_receipt) == (RECEIVED_AT, False)


def test_what_a_list_says_of_a_record_is_its_id_by_the_mapping_or_at_the_crm() -> None:
    gone = mapped([notified()], RecordsFetched(CAUGHT_UP, gone={JO}), ZOHO)

    assert [one.record for one in gone.outcomes] == [RecordIdentity("contact_details", "1")]


def test_an_unusable_external_id_is_no_id_and_hurts_nothing() -> None:
    result = mapped([occurrence(item={"id": ["1", "2"], "name": "A", "v": "no time"})])

    (outcome,) = result.outcomes
    assert outcome.outcome is Outcome.REJECTED
    assert outcome.record == RecordIdentity("contact_details")
