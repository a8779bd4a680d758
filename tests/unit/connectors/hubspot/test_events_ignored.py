"""Events of HubSpot that are not imported, or that only say which record is to be fetched."""

from typing import Any

import pytest

from import_relay.connectors.contract import RecordLookup
from tests.unit.connectors.hubspot.app_events import (
    associated,
    connection,
    event,
    interpret,
    rejection,
    row,
)


@pytest.mark.parametrize("action", ["creation", "restore"])
@pytest.mark.parametrize("prefix", ["contact", "deal"])
def test_a_new_or_restored_record_is_fetched(prefix: str, action: str) -> None:
    change = interpret(event(f"{prefix}.{action}"))
    object_type = {"contact": "0-1", "deal": "0-3"}[prefix]
    assert (change.record, change.ignored) == (None, None)
    assert change.lookup == RecordLookup(object_type, "7")


@pytest.mark.parametrize(
    ("event_type", "word"),
    [
        ("contact.deletion", "deleted"),
        ("contact.privacyDeletion", "erasure"),
        ("object.deletion", "deleted"),
        ("contact.somethingNew", "action"),
        ("contact", "action"),
        ("company.creation", "entity"),
        ("conversation.newMessage", "entity"),
    ],
)
def test_an_event_that_is_not_imported_is_ignored_and_nothing_is_fetched(
    event_type: str, word: str
) -> None:
    change = interpret(event(event_type, objectTypeId="0-1"))
    assert (change.ignored, change.lookup) == (word, None)


def test_a_merge_is_ignored_but_the_remaining_record_is_fetched() -> None:
    both = {"primaryObjectId": 7, "mergedObjectIds": [8]}
    change = interpret(event("contact.merge", **both, newObjectId=9))
    assert (change.ignored, change.lookup) == ("merged", RecordLookup("0-1", "9"))
    assert interpret(event("contact.merge", **both)).lookup == RecordLookup("0-1", "7")


def test_a_merge_that_names_no_record_is_only_ignored() -> None:
    change = interpret(event("contact.merge"))
    assert (change.ignored, change.lookup) == ("merged", None)


@pytest.mark.parametrize("given", ["34", "033"])
def test_events_of_other_accounts_are_ignored(given: str) -> None:
    change = interpret(event(), connection(portal_id=given))
    assert (change.ignored, change.lookup) == ("portal", None)
    assert interpret(event(), connection(portal_id="33")).partial


@pytest.mark.parametrize(
    "given",
    [
        associated(),
        associated(subscriptionType="contact.associationChange", fromObjectId=7, toObjectId=8)
        | {"associationType": "CONTACT_TO_DEAL"},
        associated(subscriptionType="object.associationChange", associationType=None)
        | {"fromObjectTypeId": "0-3", "toObjectTypeId": "0-1"},
    ],
)
def test_a_new_contact_of_a_deal_is_known_and_the_deal_is_fetched(given: dict[str, Any]) -> None:
    change = interpret(given)
    assert change.record == {
        "id": "8",
        "objectTypeId": "0-3",
        "associations": {"contacts": [{"id": "7"}]},
    }
    assert (change.partial, change.lookup) == (
        True,
        RecordLookup("0-3", "8", moves_time=False),
    )
    assert row(change) == {"external_id": "8", "contact_external_id": "7"}


@pytest.mark.parametrize("removed", [True, None, "false"])
def test_a_record_whose_association_may_be_gone_is_fetched(
    removed: object,
) -> None:
    change = interpret(associated(associationRemoved=removed))
    assert (change.record, change.partial) == (None, False)
    assert change.lookup == RecordLookup("0-3", "8", moves_time=False)


@pytest.mark.parametrize(
    "words", ["CONTACT_TO_COMPANY", "DEAL_TO_COMPANY", "DEAL_TO_LINE_ITEM", "DEAL_TO_DEAL", ""]
)
def test_associations_of_other_types_are_ignored(words: str) -> None:
    assert interpret(associated(associationType=words)).ignored == "entity"


@pytest.mark.parametrize("kind", ["contact.privacyDeletion", "object.privacyDeletion"])
def test_a_privacy_deletion_names_the_contact_that_is_to_be_erased(kind: str) -> None:
    change = interpret(event(kind, objectTypeId="0-1"))
    assert (change.ignored, change.erases) == ("erasure", "7")


def test_a_privacy_deletion_of_something_else_erases_nobody() -> None:
    change = interpret(event("object.privacyDeletion", objectTypeId="0-3"))
    assert (change.ignored, change.erases) == ("deleted", "")


def test_a_privacy_deletion_without_an_id_is_rejected_and_not_lost() -> None:
    assert rejection(event("contact.privacyDeletion", objectId=None)).field == "objectId"
