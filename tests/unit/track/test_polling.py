"""How long an import has been followed, and how long a poll has the next one wait."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from import_relay.mateo.waiting import MAX_WAIT_S
from import_relay.storage.entries import Entry, State
from import_relay.storage.quota import Limits
from import_relay.track.polling import (
    WAITS_PER_GAP,
    Poll,
    Tracked,
    TrackingStatus,
    TrackOptions,
    after_answer,
    wait,
)

ENTRY = Entry("r1", State.SENT, "contact_details", 10, "2026-11-21", 1_000.0, 1_120.0)


@pytest.mark.parametrize(("seconds", "wait_s"), [(-5, 1), (0, 1), (0.2, 1), (1.1, 2), (900, 900)])
def test_a_wait_is_a_whole_number_of_seconds_and_at_least_one(seconds: float, wait_s: int) -> None:
    assert wait(seconds, "mateo.unreachable") == Tracked(
        TrackingStatus.WAIT, wait_s, "mateo.unreachable"
    )


@pytest.mark.parametrize(
    ("answered_at", "now", "counted_s"),
    [
        (0.0, 1_060.0, 60.0),
        (1_060.0, 1_090.0, 30.0),
        (1_060.0, 1_060.0 + 20 * MAX_WAIT_S, WAITS_PER_GAP * MAX_WAIT_S),
        (1_060.0, 1_050.0, 0.0),
    ],
)
def test_only_time_in_which_mateo_answers_is_tracking_time(
    answered_at: float, now: float, counted_s: float
) -> None:
    entry = ENTRY._replace(answered_at=answered_at, answered_s=7.0)

    assert after_answer(entry, now) == {"answered_at": now, "answered_s": 7.0 + counted_s}


def test_where_polls_are_further_apart_more_of_the_time_between_them_is_tracking_time() -> None:
    after = after_answer(ENTRY._replace(answered_at=1_000.0), 8_000.0, longest_wait_s=3_500.0)

    assert after["answered_s"] == 7_000.0


def poll(
    entry: Entry,
    now: float = 1_000.0,
    emit: Callable[..., None] = lambda *_, **__: None,
    requests_per_day: int = 10_000,
) -> Poll:
    limits = Limits(2, requests_per_day, 25_000, ZoneInfo("UTC"))
    parts = cast("Any", SimpleNamespace(permits=SimpleNamespace(limits=limits)))
    return Poll(parts, TrackOptions(1.0, send_reference_id=False), lambda: now, emit, entry, 0)


def test_each_log_event_says_which_import_it_is_about() -> None:
    events: list[object] = []

    poll(ENTRY, emit=lambda event, **keys: events.append((event, keys))).say(
        "import.polled", status="wait"
    )

    assert events == [
        (
            "import.polled",
            {"reference": "r1", "type": "contact_details", "rows": 10, "status": "wait"},
        )
    ]


@pytest.mark.parametrize(("answered_s", "over"), [(3_599.0, False), (3_600.0, True)])
def test_an_import_is_followed_for_as_long_as_the_options_say(
    answered_s: float, *, over: bool
) -> None:
    assert poll(ENTRY._replace(answered_s=answered_s)).is_over() is over


@pytest.mark.parametrize(("posted_at", "age"), [(0.0, 500.0), (1_400.0, 100.0)])
def test_an_import_is_as_old_as_its_last_post(posted_at: float, age: float) -> None:
    assert poll(ENTRY._replace(posted_at=posted_at), now=1_500.0).age() == age


@pytest.mark.parametrize(
    ("requests_per_day", "round_s", "longest_s"),
    [(10_000, 34.56, 900.0), (384, 900.0, 900.0), (100, 3_456.0, 3_456.0)],
)
def test_where_requests_are_few_polls_are_further_apart(
    requests_per_day: int, round_s: float, longest_s: float
) -> None:
    """A quarter of the day's requests is for imports that take long."""
    one = poll(ENTRY, now=90_000.0, requests_per_day=requests_per_day)

    assert one.round_s == pytest.approx(round_s)
    assert one.longest_wait_s == pytest.approx(longest_s)
    assert one.pace() == one.longest_wait_s


def test_a_young_import_is_polled_soon_however_few_the_requests_are() -> None:
    assert poll(ENTRY, now=1_040.0, requests_per_day=100).pace() == 40.0
