"""When the next request may leave, computed from the last permit and the clock alone."""

from zoneinfo import ZoneInfo

import pytest

from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.pacing import DAY_MARGIN_S, SPACING, LastPermit, Pacer, Seen
from import_relay.storage.quota import Limits
from tests.support.builders import MIDNIGHT, NOON

PACER = Pacer(Limits(2.0, 10_000, 25_000, ZoneInfo("UTC")))
INTERVAL = SPACING / 2.0


@pytest.mark.parametrize(
    ("last", "seen", "known"),
    [
        pytest.param(LastPermit(0, -1e9), Seen(), Seen(), id="nobody took one"),
        pytest.param(LastPermit(7, NOON - 60), Seen(), Seen(7, NOON - 55), id="an old one"),
        pytest.param(LastPermit(7, NOON - 1), Seen(), Seen(7, NOON), id="a fresh one"),
        pytest.param(LastPermit(7, NOON + 9), Seen(), Seen(7, NOON), id="a clock ahead"),
        pytest.param(
            LastPermit(7, NOON), Seen(7, NOON - 3), Seen(7, NOON - 3), id="seen before, or our own"
        ),
        pytest.param(LastPermit(8, NOON - 1), Seen(7, NOON - 3), Seen(8, NOON), id="a newer one"),
    ],
)
def test_a_permit_counts_from_its_time_plus_the_skew_or_from_when_it_was_first_seen(
    last: LastPermit, seen: Seen, known: Seen
) -> None:
    assert CLOCK_SKEW_S == 5.0
    assert PACER.see(last, seen, NOON) == known


@pytest.mark.parametrize(
    ("taken_by", "now", "leaves_at"),
    [
        pytest.param(-1e18, NOON, NOON, id="first of all"),
        pytest.param(NOON, NOON, NOON + INTERVAL, id="right behind"),
        pytest.param(NOON, NOON + 0.5, NOON + INTERVAL, id="a little later"),
        pytest.param(NOON, NOON + 3_600, NOON + 3_600, id="an idle time is not saved up"),
        pytest.param(
            0.0, MIDNIGHT - DAY_MARGIN_S, MIDNIGHT + DAY_MARGIN_S, id="before a day's end"
        ),
        pytest.param(0.0, MIDNIGHT + 1, MIDNIGHT + DAY_MARGIN_S, id="after a day's beginning"),
        pytest.param(
            MIDNIGHT - DAY_MARGIN_S - 0.1,
            MIDNIGHT - DAY_MARGIN_S - 0.1,
            MIDNIGHT + DAY_MARGIN_S,
            id="an interval too close to it",
        ),
    ],
)
def test_a_request_leaves_an_interval_behind_the_last_and_away_from_midnight(
    taken_by: float, now: float, leaves_at: float
) -> None:
    assert PACER.next_at(Seen(1, taken_by), now) == pytest.approx(leaves_at)
