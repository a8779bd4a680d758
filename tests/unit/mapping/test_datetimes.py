"""Datetimes and versions: a time that is sent says its zone, and a version is a number."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.mapping.datetimes import (
    YEARS,
    explicit_datetime,
    formatted_time,
    microseconds,
    plain_date,
    time_zone,
    version_number,
    windows_zones,
)


@pytest.mark.parametrize(
    ("given_text", "sent"),
    [
        ("2026-11-21T09:30:00", "2026-11-21T09:30:00Z"),
        ("2026-11-21 09:30:00", "2026-11-21T09:30:00Z"),
        ("2026-11-21T09:30", "2026-11-21T09:30:00Z"),
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        ("  2026-11-21T09:30:00\n", "2026-11-21T09:30:00Z"),
    ],
)
def test_a_time_without_a_zone_is_utc(given_text: str, sent: str) -> None:
    assert explicit_datetime(given_text) == sent


@pytest.mark.parametrize(
    ("given_text", "sent"),
    [
        ("2026-11-21T09:30:00+01:00", "2026-11-21T09:30:00+01:00"),
        ("2026-11-21T09:30:00-0330", "2026-11-21T09:30:00-03:30"),
        ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00Z"),
        ("2026-11-21T09:30:00+00:00", "2026-11-21T09:30:00Z"),
        ("2026-11-21t09:30:00z", "2026-11-21T09:30:00Z"),
        ("2026-11-21 09:30:00 UTC", "2026-11-21T09:30:00Z"),
        ("2026-11-21T09:30:00GMT", "2026-11-21T09:30:00Z"),
        ("2026-11-21T09:30:00.123456+02:00", "2026-11-21T09:30:00.123456+02:00"),
    ],
)
def test_a_zone_that_was_given_is_kept(given_text: str, sent: str) -> None:
    assert explicit_datetime(given_text) == sent


@pytest.mark.parametrize(
    "text",
    [
        *("", "tomorrow", "21.11.2026", "2026-02-30", "2026-11-21T25:00:00", "1763717400"),
        *("2026-11-21 09:30:00 CET", "2026-11-21T09:30:00+01:00 UTC", "2026-11-21 UTC", "UTC"),
    ],
)
def test_a_text_that_is_no_iso_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        explicit_datetime(text)


@given(
    st.datetimes(
        datetime(1001, 1, 1),  # noqa: DTZ001  # naive on purpose
        datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.one_of(st.none(), st.timezones()),
    )
)
def test_making_a_time_explicit_keeps_the_instant(timestamp: datetime) -> None:
    written = datetime.fromisoformat(explicit_datetime(timestamp.isoformat()))

    assert written.tzinfo is not None
    assert microseconds(written) == microseconds(timestamp)


@given(st.text())
def test_any_text_is_either_a_time_or_a_value_error(text: str) -> None:
    for read in (explicit_datetime, plain_date, version_number):
        try:
            read(text)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("given_text", "sent"),
    [
        ("1990-05-15", "1990-05-15"),
        ("1990-05-15T00:00:00Z", "1990-05-15"),
        ("1990-05-15T00:30:00+02:00", "1990-05-15"),
        ("1990-05-15T23:30:00-02:00", "1990-05-15"),
        ("19900515", "1990-05-15"),
        (" 1990-05-15 ", "1990-05-15"),
    ],
)
def test_a_date_is_written_without_a_time_and_never_moves_to_another_day(
    given_text: str, sent: str
) -> None:
    assert plain_date(given_text) == sent


def test_a_zone_with_seconds_is_written_as_utc() -> None:
    """Mateo's zones have hours and minutes."""
    berlin = time_zone("Europe/Berlin")
    assert explicit_datetime("1850-10-14T09:00", berlin) == "1850-10-14T08:06:32Z"
    assert explicit_datetime("2026-11-21T09:00:00+01:00:30") == "2026-11-21T07:59:30Z"


def test_microseconds_are_exact_where_a_float_is_not() -> None:
    first = datetime(9999, 12, 31, 23, 59, 59, 999_998, tzinfo=UTC)

    assert microseconds(first.replace(microsecond=999_999)) - microseconds(first) == 1


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7_000_000),
        (-7, -7_000_000),
        ("7", 7_000_000),
        (" -7 ", -7_000_000),
        (7.0, 7_000_000),
        (1_795_262_400, 1_795_262_400_000_000),
        (1_795_262_400.25, 1_795_262_400_250_000),
        ("1795262400.25", 1_795_262_400_250_000),
        ("2026-11-21T12:00:00Z", 1_795_262_400_000_000),
        ("2026-11-21T13:00:00+01:00", 1_795_262_400_000_000),
        ("2026-11-21T12:00:00", 1_795_262_400_000_000),
        ("2026-11-21T12:00:00.000001Z", 1_795_262_400_000_001),
        ("2026-11-21 12:00:00 UTC", 1_795_262_400_000_000),
        ("0000-00-00 00:00:00", 0),
    ],
)
def test_a_version_is_the_microseconds_of_a_time_or_a_number_in_millionths(
    value: object, number: int
) -> None:
    assert version_number(value) == number


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        [],
        {},
        "",
        "newest",
        "--5",
        "٣",
        2**63,
        -(2**63),
        "9" * 5_000,
        float("nan"),
        float("inf"),
    ],
)
def test_anything_else_is_no_version(value: object) -> None:
    with pytest.raises(ValueError, match=r".*"):
        version_number(value)


@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_versions_of_times_are_ordered_as_the_times_are(a: datetime, b: datetime) -> None:
    assert (version_number(a.isoformat()) < version_number(b.isoformat())) == (
        microseconds(a) < microseconds(b)
    )


# zones

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-12-01T09:00:00", "2026-12-01T09:00:00+01:00"),
        ("2026-07-01 09:00", "2026-07-01T09:00:00+02:00"),
        ("2026-07-01T09:00:00Z", "2026-07-01T09:00:00Z"),
        ("2026-07-01", "2026-07-01T00:00:00+02:00"),
    ],
)
def test_a_time_without_a_zone_is_in_the_connections(text: str, written: str) -> None:
    assert explicit_datetime(text, BERLIN) == written


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1990-05-14T22:00:00Z", "1990-05-15"),
        ("1990-05-14T22:00:00.000Z", "1990-05-15"),
        ("1990-12-14T22:00:00Z", "1990-12-14"),
        ("1990-05-15", "1990-05-15"),
        ("1990-05-15T00:00:00", "1990-05-15"),
    ],
)
def test_a_date_is_the_day_in_the_connections_zone(text: str, day: str) -> None:
    assert plain_date(text, BERLIN) == day


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (
            {"dateTime": "2026-12-01T09:00:00.0000000", "timeZone": "W. Europe Standard Time"},
            "2026-12-01T09:00:00+01:00",
        ),
        (
            {"dateTime": "2026-12-01T09:00:00", "timeZone": "America/New_York"},
            "2026-12-01T09:00:00-05:00",
        ),
        ({"dateTime": "2026-12-01T09:00:00", "timeZone": "UTC"}, "2026-12-01T09:00:00Z"),
        ({"dateTime": "2026-12-01T09:00:00+02:00"}, "2026-12-01T09:00:00+02:00"),
        ({"DateTime": "2026-12-01T09:00:00", "TimeZone": ""}, "2026-12-01T09:00:00+01:00"),
    ],
)
def test_a_zone_beside_the_time_is_read(value: object, written: str) -> None:
    assert explicit_datetime(value, BERLIN) == written


@pytest.mark.parametrize(
    "value",
    [
        {"dateTime": "2026-12-01T09:00:00", "timeZone": "Nowhere Standard Time"},
        {"dateTime": "2026-12-01T09:00:00", "timeZone": 7},
        {"dateTime": "2026-12-01T09:00:00", "other": 1},
        {"timeZone": "UTC"},
        {},
        7,
    ],
)
def test_a_value_that_is_no_time_with_its_zone_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        explicit_datetime(value, BERLIN)


@pytest.mark.parametrize("name", ["Nowhere/Land", "../etc/passwd", "Europe", "", "x" * 300])
def test_a_zone_that_does_not_exist_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        time_zone(name)


@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00",
        "0001-01-01",
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31",
        "9999-12-31T23:59:59-12:00",
        "641512800",
        "1711121200000",
        "1795262400",
        "2026-W48-6",
        "31.12.1990",
        "12/31/1990",
        "2026-11-28T",
        "2026-11-28" + "T" * 100,
    ],
)
def test_a_text_that_means_no_date_or_several_is_refused(text: str) -> None:
    for read in (plain_date, explicit_datetime):
        with pytest.raises(ValueError, match=r".+"):
            read(text, BERLIN)


@pytest.mark.parametrize(
    "text", ["1601-01-01", "1753-01-01", "1899-12-30", "1900-01-01", "9998-01-01"]
)
def test_a_documented_column_takes_only_years_of_living_people(text: str) -> None:
    assert plain_date(text) == text
    with pytest.raises(ValueError, match="year"):
        plain_date(text, years=YEARS)


@pytest.mark.parametrize("form", ["DD.MM.YY", "", "YYYY", "DD.DD.MM.YYYY", "yyyy-mm-dd"])
def test_a_form_without_year_month_and_day_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match="a form has"):
        formatted_time("31.12.1990", form)


def test_a_version_without_a_zone_is_in_the_connections() -> None:
    assert version_number("2026-12-01T09:00:00", BERLIN) == version_number("2026-12-01T08:00:00Z")


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("+01:00", "+01:00"),
        ("-0330", "-03:30"),
        ("+1", "+01:00"),
        ("UTC+02:00", "+02:00"),
        ("GMT-5", "-05:00"),
        ("UTC", "Z"),
    ],
)
def test_an_offset_is_a_zone(name: str, offset: str) -> None:
    written = explicit_datetime("2026-11-21T09:30:00", time_zone(name))
    assert written == f"2026-11-21T09:30:00{offset}"


@pytest.mark.parametrize("name", ["+25:00", "+99", "+01:60", "+1:0", "01:00", "+", "UTC+"])
def test_a_text_that_is_no_offset_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        time_zone(name)


def test_a_time_with_an_offset_needs_no_known_zone() -> None:
    given_time = {"dateTime": "2026-11-21T09:30:00+01:00", "timeZone": "tzone://Microsoft/Custom"}
    assert explicit_datetime(given_time) == "2026-11-21T09:30:00+01:00"
    with pytest.raises(ValueError, match="no time zone"):
        explicit_datetime({**given_time, "dateTime": "2026-11-21T09:30:00"})


def test_every_zone_of_windows_is_known() -> None:
    assert all(time_zone(name) is not None for name in windows_zones())
