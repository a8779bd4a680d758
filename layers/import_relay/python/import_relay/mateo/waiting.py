"""How long to wait for Mateo, and why: the one place that decides it for tracking and reporting.

Waits follow from the age of what is waited for, so that nothing has to be remembered: waiting as
long again as it took so far makes 5 s, 10 s, 20 s, … up to 15 minutes.
"""

from typing import NamedTuple

from import_relay.domain.errors import CredentialsRefused, LimitReached, PermitTooFar
from import_relay.mateo.client import MateoUnavailable
from import_relay.storage.pause import RESET_MARGIN_S
from import_relay.storage.quota import Limits

MIN_WAIT_S = 5.0
MAX_WAIT_S = 900.0
POLLING_SHARE = 0.25
"""Share of a day's requests that polls of imports that take long may use. Lookups have as much, and
reports."""
CREDENTIALS_WAIT_S = 900.0
"""A person has to put another token into the secret."""

_DAY_S = 86_400.0

BLOCKERS = (MateoUnavailable, CredentialsRefused, LimitReached, PermitTooFar)
"""What may keep a read from Mateo from happening; nothing is lost by waiting."""


class Waiting(NamedTuple):
    """Why and for how many seconds to wait; `reason` is a code of `codes.CODES`."""

    reason: str
    wait_s: float


def pace(age_s: float, longest_s: float = MAX_WAIT_S) -> float:
    """Seconds until the next poll of something that has been under way for `age_s`."""
    return min(max(age_s, MIN_WAIT_S), longest_s)


def longest_wait_s(limits: Limits, requests: int = 1) -> float:
    """The longest wait for Mateo: 15 minutes, or more where so many requests, made once within it,
    would use more than `POLLING_SHARE` of a day's.
    """
    return max(MAX_WAIT_S, round_s(limits, requests))


def round_s(limits: Limits, requests: int = 1) -> float:
    """Seconds in which so many requests use just `POLLING_SHARE` of a day's."""
    return _DAY_S * requests / (POLLING_SHARE * limits.requests_per_day)


def at_most_today(wait_s: float, limits: Limits, now: float) -> float:
    """A wait that Mateo asks for, but not longer than until its next day begins.

    No limit of Mateo lasts longer. Its headers are not documented: a time in milliseconds would
    stop the relay for a thousand times as long.
    """
    return min(wait_s, limits.next_day(now) + RESET_MARGIN_S - now)


def waiting_for(
    blocker: Exception,
    *,
    age_s: float,
    now: float,
    limits: Limits,
    longest_s: float = MAX_WAIT_S,
) -> Waiting:
    """What to do about one of `BLOCKERS`; `now` in seconds since the epoch.

    `longest_s`: between two polls.
    """
    match blocker:
        case CredentialsRefused():
            return Waiting(blocker.code, CREDENTIALS_WAIT_S)
        case LimitReached():
            return Waiting(blocker.code, blocker.resets_at + RESET_MARGIN_S - now)
        case PermitTooFar():
            return Waiting(blocker.code, pace(age_s, longest_s))
        case MateoUnavailable(retry_after_s=None):
            return Waiting("mateo.unreachable", pace(age_s, longest_s))
        case MateoUnavailable(retry_after_s=float(seconds)):
            asked_s = at_most_today(seconds, limits, now)
            return Waiting("mateo.rate_limited", max(asked_s, pace(age_s, longest_s)))
    raise blocker
