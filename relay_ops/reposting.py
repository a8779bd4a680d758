"""Posts deliveries of the quarantine again, signed anew: `relay redrive --quarantined`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from import_relay.domain.connections import Connection
from relay_ops.exits import CommandError, ExitCode
from relay_ops.output import Screen, help_with, number_of
from relay_ops.quarantine import (
    QuarantinedDelivery,
    came_back,
    forget,
    keys_in,
    quarantined,
    why_unreadable,
)
from relay_ops.sending import send
from relay_ops.stack import Stack
from relay_ops.usable_connection import usable_connection


def redrive_quarantined(
    screen: Screen, stack: Stack, file: Path, deliveries: Sequence[str], *, yes: bool
) -> ExitCode:
    """Show what is in quarantine and why, ask, and post it again; what was stored leaves it.

    `file`: connections.toml as it is deployed. `deliveries`: ids; none: all that are kept.

    Raises:
        UsageMistake: a delivery is not there; a connection has a mistake or no secret.
        CommandError: the receiver refuses one.
    """
    found = quarantined(stack, deliveries)
    known = {one.connection: _connection(file, one.connection) for one in found}
    if found:
        screen.confirm(_plan(stack, found), yes=yes)
    ended: dict[str, str] = {}
    with screen.progress("Posting deliveries", total=len(found)) as advance:
        for one in found:
            ended[one.delivery] = _post(stack, one, known[one.connection])
            advance()
    unread = {delivery: code for delivery, code in ended.items() if code}
    stored = len(ended) - len(unread)
    screen.result(
        {"stored": stored, "unreadable": unread},
        lambda: _show(screen, stored, unread, any_at_all=bool(found)),
    )
    return ExitCode.FOUND if unread else ExitCode.DONE


def _connection(file: Path, name: str) -> Connection:
    return usable_connection(file, name, "--file")[name]


def _plan(stack: Stack, found: Sequence[QuarantinedDelivery]) -> list[str]:
    causes = Counter((one.connection, one.code) for one in found)
    many = number_of(len(found), "delivery")
    return [
        f"{many} of {stack.name} ({stack.place}) will be posted again:",
        *(
            line
            for (name, code), count in causes.most_common()
            for line in (f"  {count:,} of {name}: {code}", f"    {help_with(code)}")
        ),
        "Each counts as received now. Each record that becomes a row costs an entity.",
    ]


def _post(stack: Stack, one: QuarantinedDelivery, connection: Connection) -> str:
    """Post one delivery; why it cannot be read even now, or empty if it was stored."""
    if code := why_unreadable(one, connection):
        return code
    before, mark = keys_in(stack), f"relay-redrive/{token_hex(8)}"
    given = one.request()
    marked = replace(given, headers={**given.headers, "user-agent": mark})
    sent = send(stack, connection, marked)
    if copy := came_back(stack, before, sent.said, mark):
        forget(stack, copy)  # else the next redrive would post both
        return copy.code
    if sent.status != 200:
        raise CommandError(
            f"The receiver answered {sent.status} to a delivery of {one.connection}. "
            "It stays in quarantine, and so do those that were to follow."
        )
    forget(stack, one)
    return ""


def _show(screen: Screen, stored: int, unread: Mapping[str, str], *, any_at_all: bool) -> None:
    if not any_at_all:
        screen.line("Nothing is in quarantine.")
        return
    screen.line(f"{number_of(stored, 'delivery')} stored.")
    for delivery, code in unread.items():
        screen.line(f"{delivery} still cannot be read: {code}")
    if unread:
        screen.line("Correct the connection's kind or the sender; they stay for 90 days.")
