"""What a reschedule does to the old booking and the new one."""

import json

import pytest

from import_relay.connectors.complete_connections import with_defaults
from import_relay.domain.connections import Connection, RecordType
from tests.support.webhooks import sample
from tests.unit.connectors.calcom.bookings import NEW, OLD, changes, event, row, rows


def test_a_reschedule_makes_the_new_appointment_and_cancels_the_old_one() -> None:
    _, new, old = rows("calcom.booking-rescheduled")
    assert (new["external_id"], new["start_time"]) == (NEW, "2026-11-25T10:30:00Z")
    assert "cancelled_at" not in new
    assert old == {
        "external_id": OLD,
        "start_time": "2026-11-24T10:30:00Z",
        "end_time": "2026-11-24T11:00:00Z",
        "cancelled_at": "2026-11-21T09:40:00.120000Z",
        "contact_external_id": "ada@example.com",
    }


def test_a_reschedule_is_a_partial_change_of_the_old_booking() -> None:
    assert [change.partial for change in changes(sample("calcom.booking-rescheduled"))] == [
        False,
        False,
        True,
    ]


def test_a_request_to_reschedule_cancels_the_old_booking_before_it_is_confirmed() -> None:
    (old,) = rows("calcom.booking-requested")
    assert (old["external_id"], old["cancelled_at"]) == (OLD, "2026-11-21T09:40:00.120000Z")


def test_a_condition_sees_the_new_bookings_type_for_the_old_one() -> None:
    given = with_defaults(
        Connection(
            "calcom",
            "calcom",
            {},
            {"appointment": RecordType("appointment", {}, when="payload.type == 'consultation'")},
        )
    )
    *_, old = changes(sample("calcom.booking-rescheduled"), given)
    assert row(old, given)["external_id"] == OLD


@pytest.mark.parametrize("old", [None, "", 7, NEW])
def test_a_reschedule_that_names_no_other_booking_cancels_none(old: object) -> None:
    found = changes(json.dumps(event("BOOKING_RESCHEDULED", rescheduleUid=old)))
    assert [change.record_type for change in found] == ["contact", "appointment"]


def test_an_old_booking_without_times_is_cancelled_too() -> None:
    *_, old = changes(json.dumps(event("BOOKING_RESCHEDULED", rescheduleUid=OLD)))
    assert row(old) == {
        "external_id": OLD,
        "cancelled_at": "2026-11-21T09:30:00Z",
        "contact_external_id": "ada@example.com",
    }
