"""An appointment of a whole day has no time of day, whichever kind sends it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.kinds import connector_for, kinds
from import_relay.connectors.shared.all_day import timed, with_flag
from import_relay.mapping.expressions import compile_expression
from import_relay.mapping.record_mapping import RecordMapping
from tests.support.authentic import connection_of, mapped, own_tests, requests_of

TIMES = {"start_time", "end_time"}
Item = dict[str, Any]


def items(kind: str, name: str) -> list[Item]:
    connector, given = connector_for(kind), requests_of(kind)[name]
    return [json.loads(one.text) for one in connector.split(given, connection_of(kind).options)]


WHOLE_DAYS: dict[str, Callable[[Item], None]] = {
    name: make
    for kind in kinds()
    for name, make in getattr(own_tests(kind), "WHOLE_DAYS", {}).items()
}
"""Example webhook of a timed appointment → what makes it one of the whole day."""


def test_every_kind_with_appointments_says_how_it_sends_whole_days() -> None:
    with_appointments = {kind for kind in kinds() if "appointment" in connector_for(kind).DEFAULTS}
    known = {name.split(".")[0] for name in WHOLE_DAYS}
    always_timed = {kind for kind in kinds() if hasattr(own_tests(kind), "ALWAYS_TIMED")}
    assert with_appointments - known <= always_timed
    assert not known & always_timed


@pytest.mark.parametrize("name", sorted(WHOLE_DAYS))
def test_an_appointment_of_a_whole_day_has_no_time_of_day(name: str) -> None:
    kind = name.split(".", maxsplit=1)[0]
    (item,) = items(kind, name)
    (before,) = mapped(kind, [item]).changes
    assert before.columns.keys() >= TIMES
    WHOLE_DAYS[name](item)
    (after,) = mapped(kind, [item]).changes
    assert after.columns == {**before.columns, **dict.fromkeys(TIMES)}
    assert {(note.code, note.field) for note in after.notes} == {
        ("note.whole_day", time) for time in TIMES
    }


@pytest.mark.parametrize("flag", [True, "true"])
def test_a_fetched_record_is_mapped_alike(flag: object) -> None:
    day = {"Start_DateTime": "2026-11-24T00:00:00+01:00", "Who_Id": {"id": "7"}, "id": "8"}
    mapping = RecordMapping(with_defaults(connection_of("zoho")).record_types["appointment"])
    assert mapping.columns({**day, "All_day": flag}).values["start_time"] is None
    assert mapping.columns({**day, "All_day": False}).values["start_time"]
    assert ("All_day",) in mapping.paths  # so that it is asked for


# ---------------------------------------------------------------- without the flag

LOCAL, UTC_ONLY = True, False
HALF_PAST = ("2026-11-24T10:30:00+01:00", "2026-11-24T11:00:00+01:00")
MIDNIGHTS = ("2026-11-24T00:00:00+01:00", "2026-11-25T00:00:00+01:00")
TO_THE_MINUTE = ("2026-11-24T00:00:00+01:00", "2026-11-24T23:59:00+01:00")
TO_THE_SECOND = ("2026-11-24T00:00:00+01:00", "2026-11-24T23:59:59+01:00")
AN_HOUR_UTC = ("2026-11-24T23:00:00Z", "2026-11-25T00:00:00Z")
A_DAY_UTC = ("2026-11-23T23:00:00Z", "2026-11-24T23:00:00Z")
TWO_DAYS_UTC = ("2026-11-23T18:30:00Z", "2026-11-25T18:30:00Z")
SHORT_DAY_UTC = ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
LONG_DAY_UTC = ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")
A_DAY_AND_TWO_HOURS_UTC = ("2026-11-23T23:00:00Z", "2026-11-25T01:00:00Z")
ODD_UTC = ("2026-11-23T23:10:00Z", None)
QUARTER_UTC = ("2026-11-23T10:30:00Z", None)
NOTHING_UTC = ("2026-11-23T10:30:00Z", "2026-11-23T10:30:00Z")


@pytest.mark.parametrize(
    ("times", "local", "expected"),
    [
        (HALF_PAST, LOCAL, False),
        ((HALF_PAST[0], None), LOCAL, False),
        ((None, HALF_PAST[1]), LOCAL, False),
        (MIDNIGHTS, LOCAL, None),
        (TO_THE_MINUTE, LOCAL, None),
        (TO_THE_SECOND, LOCAL, None),
        ((MIDNIGHTS[0], None), LOCAL, None),
        ((MIDNIGHTS[0], MIDNIGHTS[0]), LOCAL, None),
        ((MIDNIGHTS[0], HALF_PAST[1]), LOCAL, False),
        (AN_HOUR_UTC, UTC_ONLY, False),
        (A_DAY_UTC, UTC_ONLY, None),
        (TWO_DAYS_UTC, UTC_ONLY, None),
        (SHORT_DAY_UTC, UTC_ONLY, None),
        (LONG_DAY_UTC, UTC_ONLY, None),
        (A_DAY_AND_TWO_HOURS_UTC, UTC_ONLY, False),
        (ODD_UTC, UTC_ONLY, False),
        (QUARTER_UTC, UTC_ONLY, None),
        (NOTHING_UTC, UTC_ONLY, False),
        (("soon", 7), UTC_ONLY, None),
        (("2026-11-24T10:30:00", None), LOCAL, None),
        (("2026-11-24", None), LOCAL, None),
    ],
)
def test_the_times_tell_whether_a_partial_change_is_of_whole_days(
    times: tuple[object, object], local: bool, expected: bool | None
) -> None:
    given = {name: time for name, time in zip(("s", "e"), times, strict=True) if time is not None}
    found = with_flag(dict(given), "f", ("s", "e"), partial=True, local=local)
    assert found == (given if expected is None else {**given, "f": expected})


def test_whole_days_of_a_whole_record_are_whole_days() -> None:
    day: dict[str, object] = {"s": A_DAY_UTC[0], "e": A_DAY_UTC[1]}
    assert with_flag(day, "f", ("s", "e"), partial=False, local=False)["f"] is True
    hour: dict[str, object] = {"s": AN_HOUR_UTC[0], "e": AN_HOUR_UTC[1]}
    assert with_flag(hour, "f", ("s", "e"), partial=False, local=False)["f"] is False
    assert with_flag({"s": A_DAY_UTC[0]}, "f", ("s", "e"), partial=False, local=False) == {
        "s": A_DAY_UTC[0]
    }


def test_a_flag_that_is_null_says_nothing() -> None:
    """Else a meeting of a whole day would begin at midnight."""
    day: dict[str, object] = {"s": A_DAY_UTC[0], "e": A_DAY_UTC[1]}
    given = {"f": None, **day}
    assert with_flag(given, "f", ("s", "e"), partial=True, local=False) == day
    assert with_flag(given, "f", ("s", "e"), partial=False, local=False) == {**day, "f": True}


@pytest.mark.parametrize("flag", [True, False, "x"])
def test_a_flag_that_is_there_stays(flag: object) -> None:
    given: dict[str, object] = {"f": flag, "s": A_DAY_UTC[0], "e": A_DAY_UTC[1]}
    assert with_flag(given, "f", ("s", "e"), partial=True, local=False) == given


def test_a_midnight_of_any_zone_is_never_taken_for_a_time_of_day() -> None:
    """On days of 23 to 25 hours, too."""
    for quarters in range(-48, 57):
        start = datetime.fromisoformat("2026-03-28T00:00:00Z") + timedelta(minutes=15 * quarters)
        for hours in (23, 24, 25, 48):
            end = start + timedelta(hours=hours)
            times: dict[str, object] = {"s": start.isoformat(), "e": end.isoformat()}
            found = with_flag(times, "f", ("s", "e"), partial=True, local=False)
            assert found.get("f") is not False


@pytest.mark.parametrize(
    ("flag", "is_day"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, False), ("", False)],
)
def test_the_expression_reads_the_flag_as_a_boolean_or_a_text(flag: object, is_day: bool) -> None:
    evaluate = compile_expression(timed("flag", "a || b"))
    assert evaluate({"flag": flag, "b": "t"}) == ({"date": "t"} if is_day else "t")
    assert evaluate({"flag": flag}) == ({"date": None} if is_day else None)
