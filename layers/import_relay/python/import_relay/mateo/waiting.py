"""How long to wait for Mateo, and why: the one place that decides it for tracking and reporting.

Waits follow from the age of what is waited for, so that nothing has to be remembered: waiting as
long again as it took so far makes 5 s, 10 s, 20 s, … up to 15 minutes.
"""

from typing import NamedTuple

from import_relay.domain.errors import CredentialsRefused, LimitReached, SlotTooFar
from import_relay.mateo.client import MateoUnavailable
from import_relay.storage.gate import RESET_MARGIN_S

SHORTEST_WAIT_S = 5.0
LONGEST_WAIT_S = 900.0
CREDENTIALS_WAIT_S = 900.0
"""A person has to put another token into the secret."""

HINDRANCES = (MateoUnavailable, CredentialsRefused, LimitReached, SlotTooFar)
"""What may keep a read from Mateo from happening; nothing is lost by waiting."""


class Waiting(NamedTuple):
    """Why and for how many seconds to wait; `reason` is a code of `errors.CODES`."""

    reason: str
    wait_s: float


def pace(age_s: float) -> float:
    """Seconds until the next look at something that has been under way for `age_s`."""
    return min(max(age_s, SHORTEST_WAIT_S), LONGEST_WAIT_S)


def waiting_for(hindrance: Exception, *, age_s: float, now: float) -> Waiting:
    """What to do about one of `HINDRANCES`; `now` in seconds since the epoch."""
    match hindrance:
        case CredentialsRefused():
            return Waiting(hindrance.code, CREDENTIALS_WAIT_S)
        case LimitReached():
            return Waiting(hindrance.code, hindrance.resets_at + RESET_MARGIN_S - now)
        case SlotTooFar():
            return Waiting(hindrance.code, pace(age_s))
        case MateoUnavailable(retry_after_s=None):
            return Waiting("mateo.unreachable", pace(age_s))
        case MateoUnavailable(retry_after_s=float(seconds)):
            return Waiting("mateo.rate_limited", max(seconds, pace(age_s)))
    raise hindrance
