"""Datetimes and versions: what Mateo is sent says its zone, and what orders changes is a number."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.records.datetimes import (
    explicit_datetime,
    microseconds,
    plain_date,
    version_number,
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
        ("2026-11-21T09:30:00.123456+02:00", "2026-11-21T09:30:00.123456+02:00"),
    ],
)
def test_a_zone_that_was_given_is_kept(given_text: str, sent: str) -> None:
    assert explicit_datetime(given_text) == sent


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "21.11.2026", "2026-02-30", "2026-11-21T25:00:00", "1763717400"]
)
def test_what_is_no_iso_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        explicit_datetime(text)


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_making_a_time_explicit_keeps_the_instant(moment: datetime) -> None:
    written = datetime.fromisoformat(explicit_datetime(moment.isoformat()))

    assert written.tzinfo is not None
    assert microseconds(written) == microseconds(moment)


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
