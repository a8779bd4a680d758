"""What the items of one connection become: which type of record, which key, and which version."""

import pytest

from import_relay.connectors.contract import Change, RecordLookup
from import_relay.domain.errors import RejectedRow
from import_relay.domain.models import ItemOutcome, MappedChange, Outcome
from import_relay.submit.connection_mappings import (
    EMPTY_NOTE,
    FUTURE_NOTE,
    MAX_AHEAD_US,
    ConnectionMappings,
)
from import_relay.submit.freshness import FIRST_TIME
from tests.support.builders import connections, occurrence

TEXT = """
[crm]
kind = "zoho"
[crm.contact]
when = "kind == 'person'"
[crm.contact.fields]
external_id = "id"
email = "mail"
[crm.deal]
when = "kind == 'deal'"
[crm.deal.fields]
external_id = "number"
name = "title"
contact_external_id = "owner.id"
"""
PERSON = {"kind": "person", "id": 7, "mail": "ada@example.com"}
RECEIVED_AT = 2 * FIRST_TIME


@pytest.fixture
def mappings() -> ConnectionMappings:
    return ConnectionMappings(connections(TEXT)["crm"])


def mapped(mappings: ConnectionMappings, change: Change) -> MappedChange:
    found = mappings.map(occurrence(received_at=RECEIVED_AT), change)
    assert isinstance(found, MappedChange)
    return found


def outcome(mappings: ConnectionMappings, change: Change) -> tuple[Outcome, str]:
    found = mappings.map(occurrence(), change)
    assert isinstance(found, ItemOutcome)
    return found.outcome, found.reason


def test_the_record_type_is_the_one_whose_condition_holds(mappings: ConnectionMappings) -> None:
    deal = {"kind": "deal", "number": 1, "owner": {"id": 7}}

    assert mapped(mappings, Change(PERSON)).key == "contact_details#external_id:7"
    assert mapped(mappings, Change(deal)).key == "deal_details#external_id:1"
    assert outcome(mappings, Change({"kind": "task"})) == (Outcome.IGNORED, "no_record_type")


def test_what_the_connector_ignores_stays_ignored(mappings: ConnectionMappings) -> None:
    assert outcome(mappings, Change(PERSON, ignored="deleted")) == (Outcome.IGNORED, "deleted")


@pytest.mark.parametrize(
    ("version", "kept", "notes"),
    [
        (None, RECEIVED_AT, ()),
        (FIRST_TIME, FIRST_TIME, ()),
        (FIRST_TIME - 1, RECEIVED_AT, (EMPTY_NOTE,)),
        (RECEIVED_AT + MAX_AHEAD_US, RECEIVED_AT + MAX_AHEAD_US, ()),
        (RECEIVED_AT + MAX_AHEAD_US + 1, RECEIVED_AT, (FUTURE_NOTE,)),
    ],
)
def test_a_time_too_early_or_too_far_ahead_orders_nothing(
    mappings: ConnectionMappings, version: int | None, kept: int, notes: tuple[object, ...]
) -> None:
    change = mapped(mappings, Change(PERSON, version=version))

    assert (change.version, change.notes) == (kept, notes)
    assert change.by_receipt is (version != kept)


def test_a_partial_record_that_says_too_little_needs_a_token(mappings: ConnectionMappings) -> None:
    with pytest.raises(RejectedRow) as caught:
        mappings.map(occurrence(), Change({"mail": "a@example.com"}, "contact", partial=True))

    assert (caught.value.code, "crm.token" in caught.value.detail) == ("row.token_missing", True)


def test_a_record_is_fetched_if_its_change_says_less_than_the_mapping_needs(
    mappings: ConnectionMappings,
) -> None:
    lookup = RecordLookup("Contacts", "7", always=False)
    enough = Change(PERSON, "contact", partial=True, lookup=lookup)

    assert not mappings.wants_record(enough)
    assert mappings.wants_record(enough._replace(record={"id": 7}))
    assert mappings.wants_record(enough._replace(lookup=RecordLookup("Contacts", "7")))
    assert not mappings.wants_record(enough._replace(record_type="appointment"))


def test_every_path_of_the_type_is_asked_for_or_of_all_types_if_none_is_known(
    mappings: ConnectionMappings,
) -> None:
    contact = mappings.paths("contact")

    assert contact >= {("id",), ("mail",), ("kind",)}
    assert ("owner", "id") not in contact
    assert mappings.paths(None) >= contact | {("owner", "id")}


def test_the_id_at_the_crm_is_likely_to_be_the_external_id(mappings: ConnectionMappings) -> None:
    change = Change(None, lookup=RecordLookup("Contacts", "7"))

    assert set(mappings.likely_keys(change)) == {
        "contact_details#external_id:7",
        "deal_details#external_id:7",
    }
    assert mappings.likely_keys(change._replace(record_type="deal")) == [
        "deal_details#external_id:7"
    ]
    assert mappings.likely_keys(Change(PERSON)) == ()
