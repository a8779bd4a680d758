"""What imports do to contacts, deals and appointments."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import pytest

from tests.integration.mateo_emulator.emulator import Emulator, Json, contact

KINDS = ["deal", "appointment"]


def codes(done: Json) -> list[str]:
    return [failed["code"] for failed in done["failed"]]


def test_an_external_id_that_exists_is_updated(emulator: Emulator) -> None:
    emulator.imported([contact(1, city="Berlin", country="DE")])
    emulator.imported([{"external_id": "C-1", "city": "Bonn", "country": None}])
    (stored,) = emulator.items("contacts")
    assert stored["fields"] == {"full_name": "Person 1", "city": "Bonn"}
    assert stored["handles"] == {"email": "person.1@example.com"}
    assert stored["rows_applied"] == 2


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("email", "anna@example.com", "ANNA@example.com"),
        ("whatsapp", "+4915112345678", "+49 151 1234 5678"),
        ("sms", "+12015550123", "+1 201 555 0123"),
        ("instagram", "anna.example", "anna.example"),
        ("facebook", "anna.example", "anna.example"),
        ("google_business_messaging", "anna.example", "anna.example"),
        ("secondary_external_id", "S-1", "S-1"),
    ],
)
def test_every_handle_that_exists_updates_its_contact(
    emulator: Emulator, kind: str, first: str, second: str
) -> None:
    emulator.imported([{kind: first, "full_name": "Anna"}])
    emulator.imported([{kind: second, "external_id": "C-1", "full_name": "Anna Beispiel"}])
    (stored,) = emulator.items("contacts")
    assert (stored["external_id"], stored["fields"]["full_name"]) == ("C-1", "Anna Beispiel")


def test_ids_of_contacts_are_random_but_those_of_one_time_begin_alike(emulator: Emulator) -> None:
    emulator.imported([contact(1), contact(2)])
    ids = [UUID(one["id"]) for one in emulator.items("contacts")]
    assert [one.version for one in ids] == [4, 4]
    assert len({str(one)[:8] for one in ids}) == 1
    assert len({str(one)[-12:] for one in ids}) == 2


def test_an_import_draws_nothing_from_the_random_numbers_of_its_process(emulator: Emulator) -> None:
    """Tests that draw their inputs run beside an emulator, and hypothesis guards these numbers."""
    before = random.getstate()
    emulator.imported([contact(1), contact(2)])
    assert random.getstate() == before


def test_a_contact_can_be_named_by_its_id(emulator: Emulator) -> None:
    emulator.imported([contact(1)])
    known = emulator.contact("C-1")["id"]
    done = emulator.imported([{"id": known, "city": "Bonn"}, {"id": "unknown", "city": "Bonn"}])
    assert emulator.contact("C-1")["fields"]["city"] == "Bonn"
    assert codes(done) == ["23503"]


def test_a_handle_of_someone_else_moves_and_leaves_a_hint(emulator: Emulator) -> None:
    emulator.imported([contact(1), contact(2)])
    done = emulator.imported([contact(3, email="person.1@example.com")])
    assert emulator.contact("C-1")["handles"] == {}
    assert emulator.contact("C-3")["handles"] == {"email": "person.1@example.com"}
    (hint,) = done["hints"]
    assert (hint["row"], hint["field"]) == (0, "email")


def test_a_handle_of_someone_else_can_fail_the_row_as_documented(emulator: Emulator) -> None:
    emulator.change("behaviour", handle_conflict="fail")
    done = emulator.imported([contact(1), contact(2, email="person.1@example.com"), contact(3)])
    (failed,) = done["failed"]
    assert (failed["code"], failed["message"]) == (
        "23514",
        'duplicate key value violates unique constraint "unique_email"',
    )
    assert [one["external_id"] for one in emulator.items("contacts")] == ["C-1", "C-3"]


def test_at_most_twenty_hints_are_kept(emulator: Emulator) -> None:
    emulator.imported([contact(number) for number in range(25)])
    thieves = [{"external_id": f"T-{n}", "email": f"person.{n}@example.com"} for n in range(25)]
    assert len(emulator.imported(thieves)["hints"]) == 20


def test_without_a_stolen_handle_there_are_no_hints(emulator: Emulator) -> None:
    assert emulator.imported([contact(1)])["hints"] is None


def test_a_secondary_id_of_someone_else_fails_the_row_and_changes_nothing(
    emulator: Emulator,
) -> None:
    emulator.imported([contact(1, secondary_external_id="S-1"), contact(2)])
    done = emulator.imported([contact(2, secondary_external_id="S-1", city="Bonn")])
    assert codes(done) == ["23505"]
    assert "city" not in emulator.contact("C-2")["fields"]


def test_bad_rows_do_not_fail_their_neighbours(emulator: Emulator) -> None:
    done = emulator.imported([contact(1), "text", {"full_name": "Nobody"}, None, contact(2)])
    assert (done["total_count"], done["success_count"], done["failed_count"]) == (5, 2, 3)
    assert codes(done) == ["22023", "23514", "22023"]


def test_the_first_valid_number_of_a_list_is_stored(emulator: Emulator) -> None:
    row = contact(1, whatsapp=["12", "0151 12345678"], sms="+493023125001", country_codes=["DE"])
    emulator.imported([row])
    handles = emulator.contact("C-1")["handles"]
    assert (handles["whatsapp"], handles["sms"]) == ("+4915112345678", "+493023125001")


@pytest.mark.parametrize("kind", KINDS)
def test_a_deal_or_appointment_finds_its_contact_by_either_id(
    emulator: Emulator, kind: str
) -> None:
    emulator.imported([contact(1)])
    own = emulator.contact("C-1")["id"]
    rows = [
        {"external_id": "D-1", "contact_external_id": "C-1", "name": "One"},
        {"external_id": "D-2", "contact_id": own},
    ]
    assert emulator.imported(rows, f"{kind}_details")["success_count"] == 2
    assert [one["contact_id"] for one in emulator.items(f"{kind}s")] == [own, own]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"external_id": "D-1"}, "23502"),
        ({"external_id": "D-1", "contact_external_id": "nobody"}, "23503"),
        ({"external_id": "D-1", "contact_id": "nobody"}, "23503"),
        ({"id": "unknown", "contact_external_id": "C-1"}, "23503"),
        ({"external_id": "D-1", "contact_external_id": "C-1", "name": {}}, "22P02"),
    ],
)
def test_each_mistake_in_a_deal_or_appointment_has_its_code(
    emulator: Emulator, kind: str, row: dict[str, Any], code: str
) -> None:
    emulator.imported([contact(1)])
    good = {"external_id": "D-9", "contact_external_id": "C-1"}
    done = emulator.imported([row, good], f"{kind}_details")
    assert (codes(done), done["success_count"]) == ([code], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_an_existing_deal_or_appointment_may_leave_its_contact_out(
    emulator: Emulator, kind: str
) -> None:
    emulator.imported([contact(1)])
    emulator.imported([{"external_id": "D-1", "contact_external_id": "C-1"}], f"{kind}_details")
    done = emulator.imported([{"external_id": "D-1", "name": "Named"}], f"{kind}_details")
    (stored,) = emulator.items(f"{kind}s")
    assert (done["success_count"], stored["fields"]) == (1, {"name": "Named"})


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_flag_moves_a_deal_or_appointment_to_another_contact(
    emulator: Emulator, kind: str
) -> None:
    emulator.imported([contact(1), contact(2)])
    emulator.imported([{"external_id": "D-1", "contact_external_id": "C-1"}], f"{kind}_details")
    move = [{"external_id": "D-1", "contact_external_id": "C-2"}]
    refused = emulator.imported(move, f"{kind}_details")
    moved = emulator.imported(move, f"{kind}_details", **{f"allow_{kind}_reassignment": True})
    assert (codes(refused), codes(moved)) == (["23514"], [])
    assert emulator.items(f"{kind}s")[0]["contact_id"] == emulator.contact("C-2")["id"]


def test_appointment_times_without_a_zone_are_utc(emulator: Emulator) -> None:
    emulator.imported([contact(1)])
    row = {"external_id": "A-1", "contact_external_id": "C-1"}
    done = emulator.imported(
        [{**row, "start_time": "2026-11-21T09:00:00"}, {**row, "start_time": "tomorrow"}],
        "appointment_details",
    )
    (stored,) = emulator.items("appointments")
    assert stored["fields"]["start_time"] == "2026-11-21T09:00:00+00:00"
    assert codes(done) == ["22007"]
