"""Why something waits: all of it, a lane or a connection, and which command helps. Pure.

`noted` reads what the relay wrote down of it, `forecast` has limits and pauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from import_relay.domain.codes import CODES
from import_relay.submit.holding import MAX_HOLD_S
from relay_ops.pausing import REASON as BY_HAND
from relay_ops.status.forecast import (
    BLOCKING_METRICS,
    HOPELESS,
    REFUSED,
    Forecast,
    SubmissionView,
    Used,
)
from relay_ops.status.noted import HeldMessages, Noted

EVERYTHING, LIVE_LANE, BULK_LANE = "everything", "live lane", "bulk lane"
A_CONNECTION = "a connection"
"""Somebody waits, and it is not noted who."""
_WHAT_TO_DO: Mapping[str, str] = {
    BY_HAND: "End the pause: relay resume",
    "connection.disabled": "Show its mistakes: relay check. Correct them, then: make deploy",
    "connection.missing": "Deploy a connections.toml that has it, unless you removed it.",
    "fetcher.refused": "Store a valid token of the CRM: relay secret {name}.token --only",
    "mateo.credentials": "Store a valid token: relay token",
}
"""Code → the command that helps. What other codes call for is in docs/errors.md."""
_UNNOTED: Mapping[str, tuple[str, str]] = {
    BLOCKING_METRICS["FetchersUnavailable"]: (
        "Records cannot be read at a CRM.",
        "If it refuses the token, store a valid one: relay secret NAME.token --only",
    ),
    BLOCKING_METRICS["ConnectionsUnusable"]: (
        "Its files or records wait, since it is disabled or missing.",
        _WHAT_TO_DO["connection.disabled"],
    ),
}
"""What is in the way → why, and what helps, where no connection is noted."""
_REFUSED = "Compare its columns with those of Mateo: relay check --account"
_HELD = "Nothing: the next import takes them."
_STOPPED = "Nothing: it resumes within 15 minutes. At once: relay resume"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something waits. `who`: a connection, one that is not known, a lane, or `EVERYTHING`.

    `code`: of docs/errors.md, or Mateo's; empty if there is none. `until`: when it goes on by
    itself, as far as is known.
    """

    who: str
    code: str
    why: str
    what_to_do: str
    until: datetime | None = None

    def as_json(self) -> dict[str, str | None]:
        """The same for programs."""
        until = self.until.isoformat(timespec="seconds") if self.until else None
        return {
            "who": self.who,
            "code": self.code,
            "why": self.why,
            "what_to_do": self.what_to_do,
            "until": until,
        }


def reasons_of(forecast: Forecast, noted: Noted) -> Sequence[Reason]:
    """All that is in the way of anything: of everything first, then by connection."""
    of_connections = sorted(
        [*_spent(forecast), *_waiting(noted), *_refused(forecast, noted)], key=lambda one: one.who
    )
    return [
        *_of_everything(forecast),
        *_of_bulk(forecast),
        *_held(forecast, noted),
        *_unnoted(forecast),
        *of_connections,
    ]


def _of_everything(forecast: Forecast) -> Iterator[Reason]:
    if _is_paused(forecast.submission):
        yield _paused(EVERYTHING, forecast.submission)
    elif not forecast.entities.left:
        yield _coded(EVERYTHING, "limit.entities")
    elif forecast.requests.used >= forecast.requests_for_imports:
        yield _coded(EVERYTHING, "limit.requests")


def _of_bulk(forecast: Forecast) -> Iterator[Reason]:
    bulk, both = forecast.bulk.submission, forecast.submission
    is_own = bulk.until != both.until or bulk.is_running != both.is_running
    if is_own and (bulk.until or not bulk.is_running):
        yield _paused(BULK_LANE, bulk)
    elif not forecast.bulk.entities.left or not forecast.bulk.requests.left:
        yield _coded(BULK_LANE, "limit.bulk_share")


def _unnoted(forecast: Forecast) -> Iterator[Reason]:
    """What metrics say is in the way, and nobody noted of whom."""
    for one in forecast.blockers:
        if one in _UNNOTED:
            yield Reason(A_CONNECTION, "", *_UNNOTED[one])
        elif one == REFUSED and forecast.submission.reason != HOPELESS:
            yield _coded(EVERYTHING, HOPELESS)


def _is_paused(view: SubmissionView) -> bool:
    return not view.is_running or view.until is not None


def _paused(who: str, view: SubmissionView) -> Reason:
    if view.until is None:
        return Reason(who, "", "The queue is not read, and no end is noted.", _STOPPED)
    if view.reason == BY_HAND:
        return Reason(who, BY_HAND, "Paused by hand.", _WHAT_TO_DO[BY_HAND], view.until)
    return _coded(who, view.reason, view.until)


def _coded(who: str, code: str, until: datetime | None = None, where: str = "") -> Reason:
    explained = CODES.get(code)
    why = explained.what if explained else code
    given = explained.what_to_do if explained else ""
    what_to_do = _WHAT_TO_DO.get(code, given).format(name=who)
    return Reason(who, code, f"{where}: {why}" if where else why, what_to_do, until)


def _held(forecast: Forecast, noted: Noted) -> Iterator[Reason]:
    """Records above the curve of the day's requests wait for a fuller import, if none is paused."""
    for lane, held in noted.held.items():
        is_bulk = lane == "bulk"
        views = [forecast.submission, *([forecast.bulk.submission] if is_bulk else [])]
        if held.messages and not any(map(_is_paused, views)):
            who = BULK_LANE if is_bulk else LIVE_LANE
            yield Reason(who, "", _of_held(held), _HELD, _sent_by(forecast, held))


def _of_held(held: HeldMessages) -> str:
    noun = "message is" if held.messages == 1 else "messages are"
    return f"{held.messages:,} {noun} held for a fuller import, so that the day's requests last."


def _sent_by(forecast: Forecast, held: HeldMessages) -> datetime | None:
    if not held.since:
        return None
    return _ahead(forecast, held.since + MAX_HOLD_S)


def _ahead(forecast: Forecast, at: float) -> datetime | None:
    """A time (s since the epoch) that is not over yet."""
    found = datetime.fromtimestamp(at, forecast.now.tzinfo)
    return found if found > forecast.now else None


def _spent(forecast: Forecast) -> Iterator[Reason]:
    tomorrow = (forecast.now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    for name, used in forecast.connections.items():
        where = f"{used.used:,} of {used.limit:,} entities"
        if not used.left:
            yield _coded(name, "limit.connection", tomorrow, where)
        elif _spares_its_rest(forecast, used):
            yield _coded(name, "limit.bulk_share", where=where)


def _spares_its_rest(forecast: Forecast, used: Used) -> bool:
    """Whether the bulk lane, which has something, leaves the rest of a connection's own limit."""
    bulk = forecast.bulk.entities
    share = used.limit * bulk.limit // forecast.entities.limit
    return bool(forecast.in_bucket or bulk.used) and used.used >= max(1, share)


def _waiting(noted: Noted) -> Iterator[Reason]:
    for name, wait in noted.waits.items():
        yield _coded(name, wait.code, where=wait.where)


def _refused(forecast: Forecast, noted: Noted) -> Iterator[Reason]:
    for kind, wait in noted.refused.items():
        told = f"{wait.status} {wait.code}".rstrip()
        said = f": {wait.message}" if wait.message else "."
        until = _ahead(forecast, wait.until)
        why = f"Mateo refuses its {kind.type} ({told}){said}"
        yield Reason(kind.connection, wait.code, why, _REFUSED, until)
