"""HubSpot's records as expressions see them: ids, times and statuses of related objects."""

import pytest

from tests.unit.connectors.hubspot.app_events import (
    connection,
    event,
    interpret,
    of_object,
    rejection,
    row,
)


@pytest.mark.parametrize(
    ("given", "iso"),
    [
        ("1795516200000", "2026-11-24T10:30:00Z"),
        (1_795_516_200_001, "2026-11-24T10:30:00.001000Z"),
        ("-1000", "1969-12-31T23:59:59Z"),
        ("2026-11-24T10:30:00Z", "2026-11-24T10:30:00Z"),
        ("", ""),
        (True, True),
    ],
)
def test_times_in_milliseconds_become_iso_8601(given: object, iso: object) -> None:
    item = of_object("0-421", propertyName="hs_appointment_start", propertyValue=given)
    record = interpret(item).record
    assert isinstance(record, dict)
    assert record["properties"]["hs_appointment_start"] == iso


@pytest.mark.parametrize("given", ["9" * 15, "9" * 30, "9" * 5_000])
def test_milliseconds_beyond_the_calendar_are_rejected(given: str) -> None:
    error = rejection(event(propertyName="createdate", propertyValue=given))
    assert (error.code, error.field) == ("row.bad_datetime", "properties.createdate")


def test_own_date_properties_are_named_by_the_connection() -> None:
    given = connection(datetime_properties="first_visit last_visit")
    item = event(propertyName="last_visit", propertyValue="1795516200000")
    record = interpret(item, given).record
    assert isinstance(record, dict)
    assert record["properties"] == {"last_visit": "2026-11-24T10:30:00Z"}


@pytest.mark.parametrize(
    ("object_type", "name"), [("0-421", "hs_appointment_start"), ("0-47", "hs_meeting_start_time")]
)
def test_the_start_alone_moves_an_appointment_or_a_meeting(object_type: str, name: str) -> None:
    item = of_object(object_type, propertyName=name, propertyValue="1795516200000")
    assert row(interpret(item)) == {
        "external_id": f"{object_type}-7",
        "start_time": "2026-11-24T10:30:00Z",
    }


@pytest.mark.parametrize(
    ("object_type", "name", "status"),
    [("0-421", "hs_appointment_status", "CANCELLED"), ("0-47", "hs_meeting_outcome", "CANCELED")],
)
def test_a_cancellation_has_the_time_of_the_event(object_type: str, name: str, status: str) -> None:
    item = of_object(object_type, propertyName=name, propertyValue=status)
    assert row(interpret(item))["cancelled_at"] == "2026-11-21T09:30:00.482000Z"


def test_another_status_cancels_nothing() -> None:
    item = of_object("0-47", propertyName="hs_meeting_outcome", propertyValue="COMPLETED")
    assert row(interpret(item)) == {"external_id": "0-47-7"}


def test_a_part_of_a_name_is_left_out() -> None:
    assert row(interpret(event(propertyName="firstname"))) == {"external_id": "7"}
