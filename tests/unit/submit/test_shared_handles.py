"""Contacts of one batch with a handle in common: who keeps it, and what stays together."""

import json
from collections.abc import Mapping

import pytest

from import_relay.domain.connections import SharedHandles
from import_relay.domain.models import Claim, ImportOptions, MappedChange, Outcome, Row, Watermark
from import_relay.domain.notes import Note
from import_relay.mapping.keys import HANDLES, record_key
from import_relay.mapping.row_texts import row_text
from import_relay.submit.batching import batch_rows
from import_relay.submit.freshness import END_OF_TIMES, FIRST_TIME
from import_relay.submit.merging import merge_changes
from import_relay.submit.shared_handles import Parted, part_handles
from tests.support.builders import CONTACTS, occurrence

FAMILY = "familie@example.com"
LIST = ImportOptions("contact_details", "0b4f7c0e-8f0d-4c8e-9a3c-1f2e3d4c5b6a")


def said(
    number: int,
    columns: Mapping[str, object],
    *,
    version: int = 1,
    partial: bool = False,
    options: ImportOptions = CONTACTS,
    choice: SharedHandles = "last_takes",
    required: tuple[str, ...] = (),
) -> MappedChange:
    """What the item `number` of the delivery says of a contact."""
    return MappedChange(
        occurrence(number),
        record_key(options.type, columns),
        version,
        partial,
        columns,
        row_text(columns),
        options,
        shared_handles=choice,
        required=required,
    )


def parted(*changes: MappedChange) -> Parted:
    merged = merge_changes(
        changes, {}, is_unfinished=lambda _: False, was_never_created=lambda _: False
    )
    return part_handles(merged.rows)


def family(choice: SharedHandles) -> Parted:
    emails = (FAMILY, FAMILY.upper(), FAMILY)
    people = [
        {"external_id": f"F{number}", "email": email, "city": "Ulm"}
        for number, email in enumerate(emails)
    ]
    return parted(*(said(number, one, choice=choice) for number, one in enumerate(people)))


def sent(result: Parted) -> list[dict[str, object]]:
    return [json.loads(row.text) for row in result.rows]


def with_email(result: Parted) -> list[object]:
    return [columns["external_id"] for columns in sent(result) if "email" in columns]


def notes(row: Row) -> list[Note]:
    return [note for change in row.changes for note in change.notes]


def test_by_default_all_are_sent_and_those_who_lose_the_handle_have_a_note() -> None:
    result = family("last_takes")

    assert with_email(result) == ["F0", "F1", "F2"]
    assert [notes(row) for row in result.rows] == [
        [Note("note.shared_handle", "email", FAMILY, "F2 came last with it")],
        [Note("note.shared_handle", "email", FAMILY.upper(), "F2 came last with it")],
        [],
    ]


def test_the_first_keeps_the_handle_and_later_ones_are_sent_without_it() -> None:
    result = family("first_keeps")

    assert with_email(result) == ["F0"]
    assert [notes(row) for row in result.rows] == [
        [],
        [Note("value.shared_handle", "email", FAMILY.upper(), "F0 was first with it")],
        [Note("value.shared_handle", "email", FAMILY, "F0 was first with it")],
    ]


def test_nobody_gets_the_handle_if_it_is_left_out() -> None:
    result = family("leave_out")

    assert with_email(result) == []
    assert [columns["city"] for columns in sent(result)] == ["Ulm"] * 3
    assert notes(result.rows[1])[0].reason == "also of F0, F2: none of them gets it"


def test_the_strictest_choice_of_those_who_share_a_handle_holds() -> None:
    one = said(0, {"external_id": "1", "email": FAMILY})
    other = said(1, {"external_id": "2", "email": FAMILY}, choice="leave_out")

    assert with_email(parted(one, other)) == []


@pytest.mark.parametrize("column", HANDLES)
def test_every_handle_is_compared_as_mateo_does(column: str) -> None:
    is_phone = column in ("whatsapp", "sms")
    first, second = ("+4915112345690", "+4915112345690") if is_phone else ("Abc", " aBC")
    result = parted(
        said(0, {"external_id": "1", column: first}, choice="first_keeps"),
        said(1, {"external_id": "2", column: second}, choice="first_keeps"),
    )

    assert [column in columns for columns in sent(result)] == [True, False]


def test_the_same_number_for_two_channels_is_not_shared() -> None:
    result = parted(
        said(0, {"external_id": "1", "whatsapp": "+4915112345690"}, choice="leave_out"),
        said(1, {"external_id": "2", "sms": "+4915112345690"}, choice="leave_out"),
    )

    assert [notes(row) for row in result.rows] == [[], []]


def test_numbers_that_mateo_reads_are_compared_with_their_countries() -> None:
    def passed(number: int, country: str) -> MappedChange:
        columns = {"external_id": str(number), "whatsapp": ["0151 123"], "country_codes": [country]}
        return said(number, columns, choice="leave_out")

    assert "whatsapp" in sent(parted(passed(1, "DE"), passed(2, "AT")))[0]
    assert "whatsapp" not in sent(parted(passed(1, "DE"), passed(2, "DE")))[0]


def test_deals_have_no_handles() -> None:
    deals = ImportOptions("deal_details")
    changes = [
        said(n, {"external_id": str(n), "email": FAMILY}, options=deals, choice="leave_out")
        for n in range(2)
    ]

    assert [notes(row) for row in parted(*changes).rows] == [[], []]


@pytest.mark.parametrize("counters", [1, END_OF_TIMES], ids=["small", "too large for a time"])
def test_receipt_orders_contacts_whose_versions_are_counters(counters: int) -> None:
    later = said(5, {"external_id": "later", "email": FAMILY}, version=counters)
    earlier = said(2, {"external_id": "earlier", "email": FAMILY}, version=counters + 8)

    result = parted(later, earlier)

    assert [row["external_id"] for row in sent(result)] == ["earlier", "later"]


def test_versions_order_contacts_if_they_are_times() -> None:
    newer = said(2, {"external_id": "newer", "email": FAMILY}, version=FIRST_TIME + 9)
    older = said(5, {"external_id": "older", "email": FAMILY}, version=FIRST_TIME)

    assert [row["external_id"] for row in sent(parted(newer, older))] == ["older", "newer"]


def test_a_left_out_handle_is_claimed_so_that_older_values_stay_superseded() -> None:
    first = said(0, {"external_id": "1", "email": FAMILY}, choice="first_keeps")
    columns = {"external_id": "2", "email": FAMILY, "city": "Ulm"}
    second = said(1, columns, partial=True, choice="first_keeps")

    row = parted(first, second).rows[1]

    assert json.loads(row.text) == {"external_id": "2", "city": "Ulm"}
    assert row.claims.keys() == {"email", "city"}


def test_a_change_of_nothing_but_the_handle_of_another_contact_is_rejected() -> None:
    first = said(0, {"external_id": "1", "email": FAMILY}, choice="first_keeps")
    second = said(1, {"external_id": "2", "email": FAMILY}, partial=True, choice="first_keeps")

    result = parted(first, second)

    assert [columns["external_id"] for columns in sent(result)] == ["1"]
    (rejected,) = result.outcomes
    assert (rejected.occurrence.number, rejected.outcome, rejected.reason) == (
        1,
        Outcome.REJECTED,
        "row.shared_handle",
    )
    assert (rejected.field, rejected.value, rejected.detail) == (
        "email",
        FAMILY,
        "1 was first with it",
    )


@pytest.mark.parametrize("partial", [False, True])
def test_a_contact_that_loses_a_handle_which_is_required_is_rejected(partial: bool) -> None:
    first = said(0, {"external_id": "1", "email": FAMILY}, choice="first_keeps")
    columns = {"external_id": "2", "email": FAMILY, "city": "Ulm"}
    second = said(1, columns, partial=partial, choice="first_keeps", required=("email",))
    third = said(2, {**columns, "external_id": "3"}, choice="first_keeps", required=("city",))

    result = parted(first, second, third)

    assert [columns["external_id"] for columns in sent(result)] == ["1", "3"]
    (rejected,) = result.outcomes
    assert (rejected.occurrence.number, rejected.reason, rejected.field) == (
        1,
        "row.required",
        "email",
    )


def test_what_a_rejected_row_made_superfluous_ends_with_it() -> None:
    older = said(0, {"external_id": "2", "email": "old@example.com"}, partial=True, version=1)
    newer = said(2, {"external_id": "2", "email": FAMILY}, partial=True, version=2)
    first = said(1, {"external_id": "1", "email": FAMILY}, choice="leave_out")

    result = parted(older, newer, first)

    outcomes = {one.occurrence.number: one.outcome for one in result.outcomes}
    assert outcomes == {0: Outcome.SUPERSEDED, 2: Outcome.REJECTED}


def test_a_merged_row_loses_the_handle_that_an_older_change_said() -> None:
    full = said(0, {"external_id": "2", "email": FAMILY, "city": "Ulm"}, choice="leave_out")
    partial = said(1, {"external_id": "2", "city": "Bonn"}, version=2, partial=True)
    partial = partial._replace(shared_handles="leave_out")
    other = said(2, {"external_id": "1", "email": FAMILY}, choice="leave_out")

    row = parted(full, partial, other).rows[0]

    assert json.loads(row.text) == {"external_id": "2", "city": "Bonn"}
    assert [len(change.notes) for change in row.changes] == [1, 0]
    assert row.item_ids == ("d1/0", "d1/1")


def test_one_person_under_two_keys_loses_nothing_and_the_newer_comes_last() -> None:
    with_id = said(0, {"external_id": "1", "email": FAMILY}, choice="leave_out")
    stranger = said(1, {"external_id": "9", "city": "Ulm"})
    without = said(2, {"email": FAMILY, "city": "Bonn"}, choice="leave_out")

    result = parted(without, stranger, with_id)

    assert sent(result) == [
        {"external_id": "1", "email": FAMILY},
        {"email": FAMILY, "city": "Bonn"},
        {"external_id": "9", "city": "Ulm"},
    ]
    assert [row.joined for row in result.rows] == [False, True, False]
    assert [notes(row) for row in result.rows] == [[], [], []]


def test_a_handle_that_is_the_key_of_a_contact_is_never_left_out() -> None:
    changes = [
        said(0, {"external_id": "1", "email": FAMILY}, choice="leave_out"),
        said(1, {"email": FAMILY}, choice="leave_out"),
        said(2, {"external_id": "2", "email": FAMILY}, choice="leave_out"),
    ]

    assert sent(parted(*changes)) == [
        {"external_id": "1"},
        {"email": FAMILY},
        {"external_id": "2"},
    ]


def test_the_same_person_in_another_import_waits_for_another_batch() -> None:
    older = said(0, {"external_id": "1", "email": FAMILY})
    newer = said(1, {"email": FAMILY}, options=LIST)

    result = parted(newer, older)

    assert sent(result) == [{"external_id": "1", "email": FAMILY}]
    assert [row.item_ids for row in result.waiting] == [("d1/1",)]


def test_only_the_last_has_the_handle_if_it_goes_into_another_import() -> None:
    first = said(0, {"external_id": "1", "email": FAMILY})
    last = said(1, {"external_id": "2", "email": FAMILY}, options=LIST)

    assert with_email(parted(first, last)) == ["2"]


def test_joined_rows_are_not_cut_apart() -> None:
    changes = [said(n, {"external_id": str(n)}) for n in range(3)]
    shared = [said(n, {"external_id": str(n), "email": FAMILY}) for n in (3, 4)]
    rows = parted(*changes, *shared).rows

    imports = batch_rows(rows, rows_per_import=4, entities_left=9).imports

    assert [[row.key[-1] for row in one] for one in imports] == [["0", "1", "2"], ["3", "4"]]


def test_more_joined_rows_than_an_import_may_have_are_cut() -> None:
    shared = [said(n, {"external_id": str(n), "email": FAMILY}) for n in range(5)]

    imports = batch_rows(parted(*shared).rows, rows_per_import=2, entities_left=9).imports

    assert [[row.key[-1] for row in one] for one in imports] == [["0", "1"], ["2", "3"], ["4"]]


def test_every_row_is_kept_once_however_handles_chain() -> None:
    chain = [
        said(n, {"external_id": str(n), "email": f"e{n // 2}", "instagram": f"i{(n + 1) // 2}"})
        for n in range(9)
    ]

    result = parted(*chain)

    assert [row["external_id"] for row in sent(result)] == [str(n) for n in range(9)]
    assert len({row.key for row in result.rows}) == 9


def test_records_with_claims_take_part_as_well() -> None:
    known = Watermark({"*": Claim(1, "old", "d0/0", "ref-0")})
    changes = [said(n, {"external_id": str(n), "email": FAMILY}, version=2) for n in range(2)]
    merged = merge_changes(
        changes,
        {change.key: known for change in changes},
        is_unfinished=lambda _: False,
        was_never_created=lambda _: False,
    )

    assert [len(notes(row)) for row in part_handles(merged.rows).rows] == [1, 0]
