"""An item that ends without an import says which record it was about, as far as that is known."""

import pytest

from import_relay.connectors.contract import Change, RecordLookup
from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.domain.connections import RecordType, RecordTypeName
from import_relay.domain.models import ItemOutcome, Outcome, RecordIdentity
from import_relay.mapping.record_mapping import RecordMapping
from import_relay.submit.identities import identified
from tests.support.builders import occurrence

MAPPINGS: dict[RecordTypeName, RecordMapping] = {
    "contact": RecordMapping(RecordType("contact", {"external_id": "id", "email": "mail"})),
    "deal": RecordMapping(RecordType("deal", {"external_id": "number"})),
}
ENDED = ItemOutcome(occurrence(), Outcome.REJECTED, "row.required")


def identity(change: Change, found: FetchedRecord | None = None) -> RecordIdentity | None:
    return identified(ENDED, change, MAPPINGS, found).record


@pytest.mark.parametrize(
    ("record", "type_", "known"),
    [
        ({"id": 7}, "contact", ("contact_details", "7", "contact_details#external_id:7")),
        ({"mail": "A@b.de"}, "contact", ("contact_details", "", "contact_details#email:a@b.de")),
        ({"number": 7}, None, ("deal_details", "7", "deal_details#external_id:7")),
        ({"id": 7, "number": 7}, None, ("", "7", "")),
        ({"id": 7, "number": 8}, None, ("", "", "")),
        ({}, "deal", ("deal_details", "", "")),
        (None, "contact", ("contact_details", "", "")),
    ],
)
def test_the_mapping_says_which_record_it_is(
    record: object, type_: RecordTypeName | None, known: tuple[str, str, str]
) -> None:
    assert identity(Change(record, type_)) == RecordIdentity(*known)


def test_without_a_record_the_crms_id_counts() -> None:
    change = Change(None, "contact", lookup=RecordLookup("Contacts", "9"))

    assert identity(change) == RecordIdentity("contact_details", "9")


def test_a_record_that_was_read_overrides_what_the_webhook_said() -> None:
    change = Change({"id": 1}, "contact", lookup=RecordLookup("Contacts", "9"))

    found = identity(change, FetchedRecord({"id": 7}, None))

    assert found is not None
    assert found.external_id == "7"


def test_the_outcome_stays_what_it_was() -> None:
    after = identified(ENDED, Change({"id": 7}, "contact"), MAPPINGS, None)

    assert (after.outcome, after.reason) == (ENDED.outcome, ENDED.reason)
