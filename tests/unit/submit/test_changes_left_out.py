"""From an item to the row: what a left-out value costs, what it claims, and what is noted."""

import json

import pytest

from import_relay.domain.models import (
    WHOLE_RECORD,
    ItemOutcome,
    MappedChange,
    Outcome,
    Row,
    Watermark,
)
from import_relay.domain.notes import Note
from import_relay.submit.changes import Mapped, Mapper
from import_relay.submit.fetched_records import RecordsFetched
from import_relay.submit.merging import MergeResult, merge_changes
from tests.support.builders import change, claim, connections, occurrence

SHOP = """
[shop]
kind = "json"
time_zone = "Europe/Berlin"
[shop.contact]
version = "v"
clears = ["email", "birthday"]
[shop.contact.fields]
external_id = "id"
email = "email"
full_name = "name"
birthday = "birthday"
[shop.contact.custom_fields]
"""
PARTIAL = """
[crm]
kind = "activecampaign"
[crm.contact]
version = "v"
clears = ["email", "birthday"]
[crm.contact.fields]
external_id = "contact.id"
full_name = "contact.name"
email = "contact.email"
birthday = "contact.birthday"
"""
UNUSABLE = Note("value.bad_email", "email", "keine")


def mapped(item: object, text: str = SHOP) -> Mapped:
    found = connections(text)
    mapper = Mapper(found)
    one = occurrence(item=item, connection=next(iter(found)))
    return mapper.map(mapper.interpret([one]), RecordsFetched())


def change_of(item: object, text: str = SHOP) -> MappedChange:
    result = mapped(item, text)
    assert result.outcomes == []
    (only,) = result.changes
    return only


def outcome_of(item: object, text: str = SHOP) -> ItemOutcome:
    result = mapped(item, text)
    assert result.changes == []
    (only,) = result.outcomes
    return only


def partial_item(**contact: object) -> dict[str, object]:
    return {"type": "update", "v": 2, "contact": {"id": "1", **contact}}


def test_a_left_out_value_is_not_cleared_although_the_column_clears() -> None:
    given = {"id": 1, "v": 1, "name": "Ada", "email": "keine", "birthday": None}

    result = change_of(given)

    assert result.columns == {"external_id": "1", "full_name": "Ada", "birthday": None}
    assert result.left_out == ("email",)


def test_times_of_a_connection_belong_to_its_zone() -> None:
    given = {"id": 1, "v": "2026-12-01T09:00:00", "birthday": "1990-05-14T22:00:00.000Z"}

    result = change_of(given)

    assert result.columns["birthday"] == "1990-05-15"
    assert result.version == change_of({"id": 1, "v": "2026-12-01T08:00:00Z"}).version


def test_a_record_type_may_have_a_zone_of_its_own() -> None:
    text = SHOP.replace("[shop.contact]", "[shop.contact]\ntime_zone = 'Pacific Standard Time'")

    result = change_of({"id": 1, "v": 1, "birthday": "1990-05-15T06:00:00Z"}, text)

    assert result.columns["birthday"] == "1990-05-14"


def test_the_zone_of_a_connection_holds_for_types_without_a_table_too() -> None:
    (given,) = connections('[p]\nkind = "pipedrive"\ntime_zone = "Europe/Berlin"').values()
    mapper = Mapper({"p": given})

    assert all(
        mapping.record_type.time_zone == "Europe/Berlin"
        for mapping in mapper._mappings["p"].record_mappings.values()
    )


@pytest.mark.parametrize("name", ["", " ", "\u200b", None, "a\0"])
def test_a_required_column_that_says_nothing_rejects_the_record(name: object) -> None:
    text = SHOP.replace("[shop.contact]", '[shop.contact]\nrequired = ["full_name"]')

    result = outcome_of({"id": 1, "v": 1, "name": name, "email": "keine"}, text)

    assert (result.outcome, result.reason, result.field) == (
        Outcome.REJECTED,
        "row.required",
        "full_name",
    )
    assert ("value.bad_email", "email") in {(note.code, note.field) for note in result.notes}


def test_a_partial_change_need_not_have_the_required_columns() -> None:
    text = PARTIAL.replace("[crm.contact]", '[crm.contact]\nrequired = ["full_name"]')

    assert change_of(partial_item(email="ada@example.com"), text).columns["email"]
    assert outcome_of(partial_item(name=" "), text).reason == "row.required"


def test_a_partial_change_of_which_nothing_is_left_is_rejected_and_not_ignored() -> None:
    result = outcome_of(partial_item(email="keine"), PARTIAL)

    assert (result.outcome, result.reason, result.field) == (
        Outcome.REJECTED,
        "row.bad_value",
        "email",
    )
    assert result.value == "keine"
    assert [note.field for note in result.notes] == ["email"]


def test_a_partial_change_of_which_something_is_left_claims_what_was_left_out() -> None:
    result = change_of(partial_item(email="keine", name="Ada"), PARTIAL)

    (row,) = merged(result).rows
    assert json.loads(row.text) == {"external_id": "1", "full_name": "Ada"}
    assert row.claims.keys() == {"full_name", "email"}


def test_what_nothing_identifies_is_rejected_with_its_notes() -> None:
    result = outcome_of({"v": 1, "email": "keine", "name": "Ada"})

    assert (result.reason, [note.field for note in result.notes]) == (
        "row.no_identifier",
        ["email"],
    )


WHEN = """
[crm]
kind = "json"
[crm.contact]
when = "contains(tags, 'person')"
[crm.contact.fields]
external_id = "id"
[crm.deal]
when = "type == 'deal'"
[crm.deal.fields]
external_id = "id"
contact_external_id = "person"
"""


def test_a_condition_that_fails_does_not_count_as_false() -> None:
    result = outcome_of({"id": 1, "type": "other"}, WHEN)

    assert (result.outcome, result.reason) == (Outcome.REJECTED, "row.bad_condition")
    assert result.notes == (Note("note.when_failed", "contact.when"),)
    assert outcome_of({"id": 1, "type": "other", "tags": []}, WHEN).outcome is Outcome.IGNORED


def test_a_condition_that_fails_is_noted_where_another_type_takes_the_record() -> None:
    result = change_of({"id": 1, "type": "deal", "person": "7"}, WHEN)

    assert result.options.type == "deal_details"
    assert result.notes == (Note("note.when_failed", "contact.when"),)


@pytest.mark.parametrize("person", [{"id": 7}, 7.5, True, "a\0"])
def test_a_deal_whose_contact_is_unusable_is_rejected(person: object) -> None:
    result = outcome_of({"id": 1, "type": "deal", "person": person, "tags": []}, WHEN)

    assert (result.outcome, result.field) == (Outcome.REJECTED, "contact_external_id")


# claims


def merged(*changes: MappedChange, known: Watermark | None = None) -> MergeResult:
    watermarks = {changes[0].key: known} if known else {}
    return merge_changes(
        list(changes), watermarks, is_unfinished=lambda _: False, was_never_created=lambda _: False
    )


def partly(version: int, number: int, **columns: object) -> MappedChange:
    return change(version=version, number=number, partial=True, columns=columns)


def without_email(version: int, number: int) -> MappedChange:
    """A partial change whose e-mail was left out."""
    return partly(version, number, full_name=f"V{version}")._replace(notes=(UNUSABLE,))


def only_row(result: MergeResult) -> Row:
    (row,) = result.rows
    return row


def test_an_older_value_of_the_batch_stays_superseded_by_one_that_was_left_out() -> None:
    older = partly(1, 0, email="old@example.com", city="Ulm")

    row = only_row(merged(older, without_email(2, 1)))

    assert json.loads(row.text) == {"external_id": "1", "city": "Ulm", "full_name": "V2"}
    assert row.claims["email"].version == 2


def test_an_older_value_that_arrives_later_is_superseded_by_one_that_was_left_out() -> None:
    known = Watermark({"email": claim(2), "full_name": claim(2)})

    result = merged(partly(1, 0, email="old@example.com"), known=known)

    assert [one.outcome for one in result.outcomes] == [Outcome.SUPERSEDED]


def test_a_full_record_leaves_the_column_of_a_newer_left_out_value_alone() -> None:
    full = change(version=1, columns={"email": "old@example.com", "city": "Ulm"})

    row = only_row(merged(full, without_email(2, 1)))

    assert json.loads(row.text) == {"external_id": "1", "city": "Ulm", "full_name": "V2"}


def test_a_full_record_claims_what_was_left_out_of_it() -> None:
    full = change(version=2, columns={"full_name": "Ada"})._replace(notes=(UNUSABLE,))

    result = merged(full, partly(1, 1, email="old@example.com"))

    assert only_row(result).claims.keys() == {WHOLE_RECORD}
    assert json.loads(only_row(result).text) == {"external_id": "1", "full_name": "Ada"}
    assert [one.outcome for one in only_row(result).shadowed] == [Outcome.SUPERSEDED]
