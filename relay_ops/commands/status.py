"""`relay status`: where every accepted item is, of each connection too, and why something waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay_ops.exits import ExitCode
from relay_ops.options import DEFAULT_FILE, AsJson, Region, StackName
from relay_ops.output import Cell, Screen, as_sentence

if TYPE_CHECKING:
    from relay_ops.status.explained_alarms import Alarms
    from relay_ops.status.reasons import Reason
    from relay_ops.status.screen import Shown


def command(
    connections: Annotated[
        Path, typer.Option("--file", help="connections.toml, for the names of connections.")
    ] = DEFAULT_FILE,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait/--no-wait",
            help="Look again while numbers may be late, or take one snapshot as it is.",
        ),
    ] = True,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show where every received item is, why something waits, and what helps.

    Ends with 1 if the sums do not balance. It reads a deployed stack for up to three minutes, since
    CloudWatch and SQS count late. With --no-wait it reads once, which proves nothing: it ends with
    0 then.
    """
    from relay_ops.stack import open_stack
    from relay_ops.status.connections import names_in, of_connections
    from relay_ops.status.explained_alarms import read_alarms
    from relay_ops.status.looking import look
    from relay_ops.status.screen import as_json as content_of

    out = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    with out.progress("Counting"):
        shown = look(opened, wait=wait)
        ended = of_connections(opened, names_in(connections))
        alarms = read_alarms(opened)
    content = content_of(shown) | {"connections": ended} | alarms.as_json()
    out.result(content, lambda: _show(out, shown, ended, alarms))
    raise typer.Exit(ExitCode.FOUND if shown.has_fault else ExitCode.DONE)


def _show(out: Screen, shown: Shown, ended: dict[str, dict[str, int]], alarms: Alarms) -> None:
    from relay_ops.status.screen import screen

    for text in screen(shown, colour=False).split("\n"):
        style = "red" if text.startswith(("DOES NOT", "LOST", "COUNTED")) else None
        out.line(text, style)
    zone = shown.forecast.now.tzinfo
    _show_connections(out, ended)
    reasons = [
        (one.who, f"{_why(one)}{_until(one.until, zone)}\n{one.what_to_do}")
        for one in shown.reasons
    ]
    _show_table(out, ("what waits", "why, and what to do"), reasons, "Why something waits")
    files = [(one.key, f"{one.code}: {one.why}\n{one.what_to_do}") for one in alarms.refused]
    _show_table(out, ("refused", "why, and what to do"), files, "Files that were refused")
    raised = [(one.alarm.name, one.when(zone), "\n".join(one.lines(zone))) for one in alarms.raised]
    columns = ("alarm", "when", "what happened, and what to do")
    _show_table(out, columns, raised, "Alarms of the last 24 hours")
    for text in alarms.not_seen:
        out.remark(text)


def _show_connections(out: Screen, ended: dict[str, dict[str, int]]) -> None:
    from import_relay.domain.models import OUTCOME_NAMES
    from relay_ops.status.connections import SHOWN_DAYS

    names = [one for one in OUTCOME_NAMES if any(one in counts for counts in ended.values())]
    rows: list[list[Cell]] = [
        [name, *(counts.get(one, 0) for one in names)] for name, counts in ended.items()
    ]
    title = f"Received in the last {SHOWN_DAYS} days"
    _show_table(out, ("connection", *names), rows, title)


def _show_table(
    out: Screen, columns: Sequence[str], rows: Sequence[Sequence[Cell]], title: str
) -> None:
    """A table under a blank line; nothing if it is empty."""
    if rows:
        out.line()
        out.table(columns, rows, title=title)


def _why(one: Reason) -> str:
    """The reason, with its code unless Mateo's words have it."""
    has_code = not one.code or one.code in one.why
    return as_sentence(one.why if has_code else f"{one.code}: {one.why}")


def _until(at: datetime | None, zone: tzinfo | None) -> str:
    return f" Until {at.astimezone(zone):%Y-%m-%d %H:%M}." if at else ""
