"""How long to wait for Mateo, by what blocks the next step and how long the import has taken."""

from zoneinfo import ZoneInfo

import pytest

from import_relay.domain.codes import CODES
from import_relay.domain.errors import CredentialsRefused, LimitReached, PermitTooFar
from import_relay.mateo.client import MateoUnavailable
from import_relay.mateo.waiting import (
    BLOCKERS,
    CREDENTIALS_WAIT_S,
    MAX_WAIT_S,
    MIN_WAIT_S,
    pace,
    waiting_for,
)
from import_relay.storage.pause import RESET_MARGIN_S
from import_relay.storage.quota import Limits

NOW = 1_000.0
LIMITS = Limits(2.0, 10_000, 25_000, ZoneInfo("UTC"))
TO_TOMORROW_S = 86_400 - NOW + RESET_MARGIN_S


@pytest.mark.parametrize(
    ("age_s", "wait_s"), [(0, MIN_WAIT_S), (5, 5), (40, 40), (900, 900), (1e6, MAX_WAIT_S)]
)
def test_a_wait_is_as_long_as_the_import_has_taken_within_bounds(
    age_s: float, wait_s: float
) -> None:
    assert pace(age_s) == wait_s


def test_polls_double_their_distance() -> None:
    age, waits = 0.0, []
    while age < MAX_WAIT_S:
        waits.append(pace(age))
        age += waits[-1]

    assert waits == [5, 5, 10, 20, 40, 80, 160, 320, 640]


@pytest.mark.parametrize(
    ("blocker", "reason", "wait_s"),
    [
        (CredentialsRefused(), "mateo.credentials", CREDENTIALS_WAIT_S),
        (
            LimitReached("limit.requests", resets_at=NOW + 60),
            "limit.requests",
            60 + RESET_MARGIN_S,
        ),
        (MateoUnavailable("503"), "mateo.unreachable", 30),
        (MateoUnavailable("429", retry_after_s=7.0), "mateo.rate_limited", 30),
        (MateoUnavailable("429", retry_after_s=70.0), "mateo.rate_limited", 70),
        (MateoUnavailable("429", retry_after_s=600_000.0), "mateo.rate_limited", TO_TOMORROW_S),
    ],
)
def test_each_blocker_has_its_reason_and_its_wait(
    blocker: Exception, reason: str, wait_s: float
) -> None:
    assert isinstance(blocker, BLOCKERS)
    assert waiting_for(blocker, age_s=30, now=NOW, limits=LIMITS) == (reason, wait_s)
    assert reason in CODES


def test_a_permit_that_is_too_far_is_waited_for_like_a_poll() -> None:
    assert PermitTooFar in BLOCKERS
    found = waiting_for(PermitTooFar(), age_s=30, now=NOW, limits=LIMITS)

    assert (found.reason in CODES, found.wait_s) == (True, 30)


def test_any_other_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        waiting_for(ZeroDivisionError(), age_s=0, now=0, limits=LIMITS)
