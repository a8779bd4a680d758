"""Shows the account and the outlook: a screen for a person, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import TypeVar

from local.status.account import Account, Messages
from local.status.outlook import GateView, Outlook, Used

T = TypeVar("T")
LABEL, NUMBER = 24, 11
"""Widths of the first two columns."""
MOST_DAYS = 5
"""Days that are named when the sums do not balance."""
RED, GREEN = "1;31", "32"
HELP = "What to do: docs/runbook.md, When the sums do not balance."


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that `status` knows about one stack."""

    stack: str
    place: str
    since: date
    account: Account
    outlook: Outlook


def as_json(shown: Shown) -> dict[str, object]:
    """The same as the screen, with names that stay."""
    account, outlook = shown.account, shown.outlook
    now, gate = account.now, outlook.gate
    drained = outlook.drained_on(account.backlog)
    least, most = account.dead_items
    return {
        "stack": shown.stack,
        "time": outlook.now.isoformat(timespec="seconds"),
        "since": shown.since.isoformat(),
        "received": account.received,
        **account.ends,
        "waiting": account.waiting,
        "waiting_in_queues": account.in_queues,
        "waiting_in_open_imports": now.open_items,
        "open_imports": now.open_imports,
        "queue": asdict(now.queue),
        "dead_letter_queue": asdict(now.dead) | {"items_at_least": least, "items_at_most": most},
        "change_events_set_aside": now.change_events,
        "quarantined": now.quarantined,
        "entities": _as_json(outlook.entities),
        "requests": _as_json(outlook.requests),
        "gate": _gate_as_json(gate),
        "backlog": account.backlog,
        "drained_on": drained.isoformat() if drained else None,
        "in_the_way": list(outlook.in_the_way),
        "balances": account.balances,
        "lost": account.lost,
        "counted_twice": sum(account.counted_twice.values()),
        "open_twice": account.open_twice,
        "explained": sum(account.explained.values()),
        "days_apart": {
            day: {"received": received, "ended": ended}
            for day, (received, ended) in account.days_apart.items()
        },
    }


def _gate_as_json(gate: GateView) -> dict[str, object]:
    until = gate.until.isoformat(timespec="seconds") if gate.until else None
    return {"open": gate.is_open, "reason": gate.reason, "until": until}


def _as_json(used: Used) -> dict[str, int]:
    return {"used": used.used, "left": used.left, "limit": used.limit}


def screen(shown: Shown, *, colour: bool) -> str:
    """The lines for a person; the last says whether the sums balance."""
    account, outlook = shown.account, shown.outlook
    now = outlook.now
    return "\n".join(
        [
            f"{shown.stack}, {shown.place}   {now:%A, %Y-%m-%d %H:%M} {now.tzinfo}",
            f"Items received since {shown.since}",
            "",
            *_items(account),
            "",
            *_elsewhere(account),
            *_ahead(account, outlook),
            "",
            *_verdict(account, colour=colour),
        ]
    )


def _line(label: str, number: int | str, note: str = "") -> str:
    text = f"{number:,}" if isinstance(number, int) else number
    return f"{label:<{LABEL}}{text:>{NUMBER}}   {note}".rstrip()


def _items(account: Account) -> Iterator[str]:
    now = account.now
    yield _line("Received", account.received)
    for name, count in account.ends.items():
        yield _line(name.capitalize(), count)
    yield _line("Waiting", account.waiting)
    yield _line("  in open imports", now.open_items, _many(now.open_imports, "import"))
    yield _line("  in queues", account.in_queues, _messages(now.queue))
    if now.dead.total:
        least, most = account.dead_items
        items = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        yield _line("    dead-letter queue", items, f"{_messages(now.dead)}: wait for you")
    else:
        yield _line("    dead-letter queue", 0)


def _elsewhere(account: Account) -> Iterator[str]:
    """What was never counted as received."""
    yield _line("Quarantined", account.now.quarantined, "deliveries that could not be read")
    if account.now.change_events is not None:
        yield _line("Change events set aside", account.now.change_events, "could not be stored")
    yield ""


def _ahead(account: Account, outlook: Outlook) -> Iterator[str]:
    for name, used in (("Entities", outlook.entities), ("Requests", outlook.requests)):
        yield _line(f"{name} used today", used.used, f"of {used.limit:,}")
        yield _line(f"{name} left today", used.left)
    yield _line("Gate", *_gate(outlook))
    yield _line("Backlog", account.backlog, "items queued, at most one entity each")
    yield _line("Drained on", *_drained(account, outlook))


def _gate(outlook: Outlook) -> tuple[str, str]:
    gate = outlook.gate
    if gate.is_open:
        return "open", f"closes again: {gate.reason}" if gate.until else ""
    if gate.until is None:
        return "closed", "overdue; opens within 15 minutes"
    until = gate.until.astimezone(outlook.now.tzinfo)
    return "closed", f"{gate.reason}, until {until:%Y-%m-%d %H:%M}"


def _drained(account: Account, outlook: Outlook) -> tuple[str, str]:
    if not account.backlog:
        return "today", "nothing waits in the queue"
    day = outlook.drained_on(account.backlog)
    if day is None:
        first, *others = outlook.in_the_way
        return "unknown", "\n".join([first, *(_line("", "", f"and {one}") for one in others)])
    if day == outlook.now.date():
        return "today", "if no more comes"
    return day.isoformat(), "at the present limit, if no more comes"


# ---------------------------------------------------------------- the balance


def _verdict(account: Account, *, colour: bool) -> Iterator[str]:
    yield from _explanations(account)
    waiting = f"{account.ended:,} ended + {account.waiting:,} waiting"
    if account.balances:
        explained = account.ended + account.waiting - account.received
        more = f" + {explained:,} uncounted" if explained else ""
        sums = f"Balances: {account.received:,} received{more} = {waiting}"
        yield _coloured(sums, GREEN, colour=colour)
        return
    yield from _complaints(account)
    yield HELP
    sums = f"DOES NOT BALANCE: {account.received:,} received, but {waiting}"
    yield _coloured(sums, RED, colour=colour)


def _complaints(account: Account) -> Iterator[str]:
    if account.lost:
        full = account.now.queue.total + account.now.dead.total
        bound = ", even if every message there is full" if full else ""
        yield f"LOST: at least {_many(account.lost, 'item')}. Received, but neither ended nor in an"
        yield f"open import nor in a queue{bound}. Where they differ:"
        yield from _days(account.days_apart)
    for day, many in _newest(account.counted_twice).items():
        yield f"COUNTED TWICE: at least {many:,} more ended than were received on {day}."
    if account.open_twice:
        yield (
            f"COUNTED TWICE: at least {_many(account.open_twice, 'item')} in open imports that "
            "were never\nreceived, or have ended."
        )


def _days(days: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    for day, (received, ended) in _newest(days).items():
        yield f"  {day}: {received:,} received, {ended:,} ended"


def _newest(days: Mapping[str, T]) -> dict[str, T]:
    return dict(sorted(days.items())[-MOST_DAYS:])


def _explanations(account: Account) -> Iterator[str]:
    for day, many in _newest(account.explained).items():
        errors = _many(account.now.errors[day], "time")
        yield f"{many:,} more ended than were received on {day}. Receivers failed"
        yield f"{errors} that day and may have stored what they did not count."
    if account.open_excess and not account.open_twice:
        yield f"{_many(account.open_excess, 'item')} in open imports were stored by a receiver"
        yield "that failed before it counted them."
    if account.copies and account.balances:
        copies = _many(account.copies, "message")
        yield f"{copies} more than items in queues: in flight, or copies that"
        yield "a redelivery leaves. What they hold is counted elsewhere, and not again."


def _messages(messages: Messages) -> str:
    flying = f", {messages.in_flight:,} in flight" if messages.in_flight else ""
    return _many(messages.total, "message") + flying


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _coloured(text: str, code: str, *, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
