"""`Mapper`: from items of any kind to changes."""

import pytest

from import_relay.domain.connections import RecordType
from import_relay.domain.models import Outcome, RecordIdentity
from import_relay.domain.notes import Note
from import_relay.mapping.record_mapping import RecordMapping
from import_relay.submit import connection_mappings
from import_relay.submit.changes import Mapper
from import_relay.submit.fetched_records import RecordsFetched
from tests.support.builders import ERP, connections, occurrence
from tests.unit.submit.interpreted import (
    CAUGHT_UP,
    JO,
    ZOHO,
    interpreted,
    mapped,
    notified,
    only_change,
)

KEY = "contact_details#external_id:1"


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


def test_any_error_in_making_a_mapping_disables_its_connection_alone(
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


def test_half_a_column_is_left_out_if_its_record_cannot_be_read() -> None:
    event = notified(values={"First_Name": "Jo", "Email": "jo@example.com"})
    change = only_change(mapped([event], None, ZOHO))

    assert change.columns == {"external_id": "1", "email": "jo@example.com"}
    assert change.notes == (Note("note.partly_known", "full_name"),)


def test_a_change_of_half_a_column_alone_is_rejected_if_its_record_cannot_be_read() -> None:
    (item_outcome,) = mapped([notified(values={"First_Name": "Jo"})], None, ZOHO).outcomes

    assert (item_outcome.reason, item_outcome.field) == ("row.token_missing", "full_name")


def test_a_partial_change_without_what_the_condition_asks_for_is_not_guessed_at() -> None:
    text = ZOHO.replace("[crm.contact]\n", "[crm.contact]\nwhen = \"Lead_Source == 'shop'\"\n")
    event = notified(values={"Email": "jo@example.com"})
    (item_outcome,) = mapped([event], None, text).outcomes

    assert interpreted(event, text=text).to_fetch.keys() == {JO}
    assert (item_outcome.reason, item_outcome.field) == ("row.token_missing", "when")


def test_the_outcome_of_a_deleted_record_names_it_by_its_id_at_the_crm() -> None:
    gone = mapped([notified()], RecordsFetched(CAUGHT_UP, gone={JO}), ZOHO)

    assert [one.record for one in gone.outcomes] == [RecordIdentity("contact_details", "1")]


def test_the_outcome_of_a_record_with_an_unusable_external_id_names_no_id() -> None:
    result = mapped([occurrence(item={"id": ["1", "2"], "name": "A", "v": "no time"})])

    (outcome,) = result.outcomes
    assert outcome.outcome is Outcome.REJECTED
    assert outcome.record == RecordIdentity("contact_details")
