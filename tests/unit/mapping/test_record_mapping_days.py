"""A date where a time belongs: an appointment of a whole day, or no time at all."""

from dataclasses import replace

import pytest

from import_relay.domain.connections import RecordType
from import_relay.domain.errors import RejectedRow
from import_relay.mapping.record_mapping import RecordMapping

APPOINTMENT = RecordType(
    "appointment",
    {"external_id": "id", "start_time": "starts", "end_time": "ends", "cancelled_at": "off"},
)


@pytest.mark.parametrize(
    "day",
    [
        "2026-12-01",
        "20261201",
        " 2026-12-01\u200b",
        ["2026-12-01"],
        {"dateTime": "2026-12-01", "timeZone": "Europe/Berlin"},
        {"date": "2026-12-01"},
        {"date": "2026-12-01", "timeZone": "Europe/Berlin"},
        {"date": "2026-12-01", "dateTime": None, "timeZone": ""},
    ],
)
def test_a_date_is_no_time_and_clears_the_time_that_the_appointment_had(day: object) -> None:
    columns = RecordMapping(APPOINTMENT).columns({"id": 1, "starts": day, "ends": day})
    assert columns.values == {"external_id": "1", "start_time": None, "end_time": None}
    assert {(note.code, note.field) for note in columns.notes} == {
        ("note.whole_day", "start_time"),
        ("note.whole_day", "end_time"),
    }


@pytest.mark.parametrize(
    ("start", "given"),
    [
        ("to_datetime(starts, 'DD.MM.YYYY')", "01.12.2026"),
        ("in_zone(starts, zone)", "2026-12-01"),
        ("in_zone(to_datetime(starts, 'DD.MM.YYYY'), zone)", "01.12.2026"),
    ],
)
def test_a_date_stays_a_date_whichever_function_reads_it(start: str, given: str) -> None:
    mapping = RecordMapping(replace(APPOINTMENT, fields={"external_id": "id", "start_time": start}))
    columns = mapping.columns({"id": 1, "starts": given, "zone": "Europe/Berlin"})
    assert columns.values == {"external_id": "1", "start_time": None}
    assert columns.notes[0].code == "note.whole_day"


NO_TIMES = ({"dateTime": None, "timeZone": "UTC"}, {"date": None}, {"date": "", "dateTime": " "})


@pytest.mark.parametrize("nothing", NO_TIMES)
def test_an_object_without_a_time_says_nothing(nothing: object) -> None:
    columns = RecordMapping(APPOINTMENT).columns({"id": 1, "starts": nothing, "off": nothing})
    assert columns == ({"external_id": "1"}, ())


def test_a_date_that_does_not_exist_rejects_the_appointment() -> None:
    with pytest.raises(RejectedRow) as caught:
        RecordMapping(APPOINTMENT).columns({"id": 1, "starts": "0001-01-01"})
    assert (caught.value.code, caught.value.field) == ("row.bad_datetime", "start_time")


def test_an_appointment_that_requires_its_time_is_rejected_if_it_has_a_date() -> None:
    mapping = RecordMapping(replace(APPOINTMENT, required=("start_time",)))
    with pytest.raises(RejectedRow) as caught:
        mapping.columns({"id": 1, "starts": "2026-12-01"})
    assert caught.value.code == "row.required"


def test_a_date_of_cancellation_is_sent_as_midnight() -> None:
    columns = RecordMapping(APPOINTMENT).columns({"id": 1, "off": "2026-12-01"})
    assert (columns.values["cancelled_at"], columns.notes) == ("2026-12-01T00:00:00Z", ())
