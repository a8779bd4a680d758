"""Shows the reconciliation and the forecast: a screen for a person, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TypeVar

from relay_ops.status.forecast import Forecast, SubmissionView, Used
from relay_ops.status.reasons import Reason
from relay_ops.status.reconciliation import Messages, Reconciliation

T = TypeVar("T")
LABEL, NUMBER = 24, 11
"""Widths of the first two columns."""
MAX_DAYS = 5
"""Days that are named when the sums do not balance."""
RED, GREEN = "1;31", "32"
HELP = "What to do: docs/runbook.md, When the sums do not balance."
ONE_SNAPSHOT = (
    "One snapshot proves nothing: CloudWatch and SQS count late. Without --no-wait it",
    "is repeated until the sums balance, or until something is certainly lost.",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that `status` knows about one stack.

    `is_final`: nothing more is waited for, so sums that do not balance are a fault.
    """

    stack: str
    place: str
    since: date
    reconciliation: Reconciliation
    forecast: Forecast
    reasons: Sequence[Reason] = ()
    is_final: bool = True

    @property
    def has_fault(self) -> bool:
        """Whether the sums certainly do not balance."""
        return self.is_final and not self.reconciliation.balances


def as_json(shown: Shown) -> dict[str, object]:
    """The same as the screen, with names that stay."""
    totals, forecast = shown.reconciliation, shown.forecast
    return {
        "stack": shown.stack,
        "time": forecast.now.isoformat(timespec="seconds"),
        "since": shown.since.isoformat(),
        "received": totals.received,
        **totals.outcomes,
        **_waiting_as_json(totals),
        **_forecast_as_json(forecast),
        "backlog": totals.backlog,
        "in_bucket": forecast.in_bucket,
        "drained_on": _date(forecast.drained_on(totals.backlog)),
        "live_drained_on": _date(forecast.drained_on(totals.live_backlog)),
        "in_the_way": list(forecast.in_the_way),
        "reasons": [one.as_json() for one in shown.reasons],
        "balances": totals.balances,
        "is_final": _is_certain(shown),
        "lost": totals.lost,
        "counted_twice": sum(totals.counted_twice.values()),
        "open_twice": totals.open_twice,
        "explained": sum(totals.explained.values()),
        "days_apart": {
            day: {"received": received, "ended": ended}
            for day, (received, ended) in totals.days_apart.items()
        },
    }


def _waiting_as_json(totals: Reconciliation) -> dict[str, object]:
    now = totals.now
    least, most = totals.dead_items
    return {
        "waiting": totals.waiting,
        "waiting_in_queues": totals.in_queues,
        "waiting_in_open_imports": now.open_items,
        "open_imports": now.open_imports,
        "queue": asdict(now.queue),
        "bulk_queue": asdict(now.bulk),
        "dead_letter_queue": asdict(now.dead) | {"items_at_least": least, "items_at_most": most},
        "dead_change_events": now.change_events,
        "quarantined": now.quarantined,
    }


def _forecast_as_json(forecast: Forecast) -> dict[str, object]:
    return {
        "entities": _as_json(forecast.entities),
        "requests": _as_json(forecast.requests),
        "submission": _pause_as_json(forecast.submission),
        "bulk_lane": {
            "entities": _as_json(forecast.bulk.entities),
            "requests": _as_json(forecast.bulk.requests),
            "submission": _pause_as_json(forecast.bulk.submission),
        },
        "connections_with_limits": {
            name: _as_json(used) for name, used in forecast.connections.items()
        },
    }


def _date(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _pause_as_json(submission: SubmissionView) -> dict[str, object]:
    until = submission.until.isoformat(timespec="seconds") if submission.until else None
    return {"running": submission.is_running, "reason": submission.reason, "until": until}


def _as_json(used: Used) -> dict[str, int]:
    return {"used": used.used, "left": used.left, "limit": used.limit}


def screen(shown: Shown, *, colour: bool) -> str:
    """The lines for a person; the last says whether the sums balance."""
    totals, forecast = shown.reconciliation, shown.forecast
    now = forecast.now
    return "\n".join(
        [
            f"{shown.stack}, {shown.place}   {now:%A, %Y-%m-%d %H:%M} {now.tzinfo}",
            f"Items received since {shown.since}",
            "",
            *_items(totals),
            "",
            *_elsewhere(totals),
            *_ahead(totals, forecast),
            "",
            *(_verdict(totals, colour=colour) if _is_certain(shown) else _so_far(totals)),
        ]
    )


def _line(label: str, number: int | str, note: str = "") -> str:
    text = f"{number:,}" if isinstance(number, int) else number
    return f"{label:<{LABEL}}{text:>{NUMBER}}   {note}".rstrip()


def _items(totals: Reconciliation) -> Iterator[str]:
    now = totals.now
    yield _line("Received", totals.received)
    for name, count in totals.outcomes.items():
        yield _line(name.capitalize(), count)
    yield _line("Waiting", totals.waiting)
    yield _line("  in open imports", now.open_items, _many(now.open_imports, "import"))
    yield _line("  in queues", totals.in_queues, _messages(now.queue))
    if now.bulk.total:
        yield _line("    bulk lane", "", _messages(now.bulk))
    if now.dead.total:
        least, most = totals.dead_items
        items = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        yield _line("    dead-letter queue", items, f"{_messages(now.dead)}: wait for you")
    else:
        yield _line("    dead-letter queue", 0)


def _elsewhere(totals: Reconciliation) -> Iterator[str]:
    """What was never counted as received."""
    yield _line("Quarantined", totals.now.quarantined, "deliveries that could not be read")
    if totals.now.change_events is not None:
        yield _line("Dead change events", totals.now.change_events, "could not be stored")
    yield ""


def _ahead(totals: Reconciliation, forecast: Forecast) -> Iterator[str]:
    for name, used in (("Entities", forecast.entities), ("Requests", forecast.requests)):
        yield _line(f"{name} used today", used.used, f"of {used.limit:,}")
        yield _line(f"{name} left today", used.left)
    for name, used in forecast.connections.items():
        spent = "" if used.left else "; the rest waits for tomorrow"
        yield _line(f"  {name}", used.used, f"of its {used.limit:,} entities of today{spent}")
    yield _line("Submission", *_submission(forecast.submission, forecast))
    if totals.now.bulk.total or forecast.bulk.entities.used:
        yield from _bulk_lane(forecast)
    yield _line("Backlog", totals.backlog, "items queued, at most one entity each")
    if forecast.in_bucket:
        yield _line("  in the bucket", forecast.in_bucket, "of files and replays, not queued yet")
    yield _line("Drained on", *_drained(totals.backlog, forecast))
    if totals.now.bulk.total:
        yield _line("  live lane", *_drained(totals.live_backlog, forecast))


def _bulk_lane(forecast: Forecast) -> Iterator[str]:
    bulk = forecast.bulk
    yield _line("Bulk lane", *_submission(bulk.submission, forecast))
    for name, used in (("entities", bulk.entities), ("requests", bulk.requests)):
        yield _line(f"  {name} today", used.used, f"of the {used.limit:,} that it may use now")


def _submission(submission: SubmissionView, forecast: Forecast) -> tuple[str, str]:
    if submission.is_running:
        return "running", f"pauses again: {submission.reason}" if submission.until else ""
    if submission.until is None:
        return "paused", "overdue; resumes within 15 minutes"
    until = submission.until.astimezone(forecast.now.tzinfo)
    return "paused", f"{submission.reason}, until {until:%Y-%m-%d %H:%M}"


def _drained(backlog: int, forecast: Forecast) -> tuple[str, str]:
    if not backlog:
        return "today", "nothing waits in the queue"
    day = forecast.drained_on(backlog)
    if day is None:
        first, *others = forecast.in_the_way
        return "unknown", "\n".join([first, *(_line("", "", f"and {one}") for one in others)])
    if day == forecast.now.date():
        return "today", "if no more comes"
    return day.isoformat(), "at the present limit, if no more comes"


# ---------------------------------------------------------------- the balance


def _is_certain(shown: Shown) -> bool:
    return shown.is_final or shown.reconciliation.balances


def _so_far(totals: Reconciliation) -> Iterator[str]:
    yield from ONE_SNAPSHOT
    waiting = f"{totals.ended:,} ended + {totals.waiting:,} waiting"
    yield f"Not balanced yet: {totals.received:,} received, but {waiting}"


def _verdict(totals: Reconciliation, *, colour: bool) -> Iterator[str]:
    yield from _explanations(totals)
    waiting = f"{totals.ended:,} ended + {totals.waiting:,} waiting"
    if totals.balances:
        explained = totals.ended + totals.waiting - totals.received
        more = f" + {explained:,} uncounted" if explained else ""
        sums = f"Balances: {totals.received:,} received{more} = {waiting}"
        yield _coloured(sums, GREEN, colour=colour)
        return
    yield from _complaints(totals)
    yield HELP
    sums = f"DOES NOT BALANCE: {totals.received:,} received, but {waiting}"
    yield _coloured(sums, RED, colour=colour)


def _complaints(totals: Reconciliation) -> Iterator[str]:
    if totals.lost:
        bound = ", even if every message there is full" if totals.now.messages else ""
        yield f"LOST: at least {_many(totals.lost, 'item')}. Received, but neither ended nor in an"
        yield f"open import nor in a queue{bound}. Where they differ:"
        yield from _days(totals.days_apart)
    for day, many in _newest(totals.counted_twice).items():
        yield f"COUNTED TWICE: at least {many:,} more ended than were received on {day}."
    if totals.open_twice:
        yield (
            f"COUNTED TWICE: at least {_many(totals.open_twice, 'item')} in open imports that "
            "were never\nreceived, or have ended."
        )


def _days(days: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    for day, (received, ended) in _newest(days).items():
        yield f"  {day}: {received:,} received, {ended:,} ended"


def _newest(days: Mapping[str, T]) -> dict[str, T]:
    return dict(sorted(days.items())[-MAX_DAYS:])


def _explanations(totals: Reconciliation) -> Iterator[str]:
    for day, many in _newest(totals.explained).items():
        errors = _many(totals.now.errors[day], "time")
        yield f"{many:,} more ended than were received on {day}. Receivers failed"
        yield f"{errors} that day and may have stored what they did not count."
    if totals.open_excess and not totals.open_twice:
        yield f"{_many(totals.open_excess, 'item')} in open imports were stored by a receiver"
        yield "that failed before it counted them."
    if totals.copies and totals.balances:
        copies = _many(totals.copies, "message")
        yield f"{copies} more than items in queues: in flight, or copies that"
        yield "a redelivery leaves. Their items are counted elsewhere, and not again."


def _messages(messages: Messages) -> str:
    flying = f", {messages.in_flight:,} in flight" if messages.in_flight else ""
    return _many(messages.total, "message") + flying


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _coloured(text: str, code: str, *, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
