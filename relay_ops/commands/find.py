"""`relay find`: what happened to a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay_ops.exits import ExitCode
from relay_ops.options import AsJson, Region, StackName
from relay_ops.output import Screen, number_of

if TYPE_CHECKING:
    from relay_ops.history import History, HistoryLine
    from relay_ops.stack import Stack

MAX_NAMES = 10
"""Records that are named if the text is only a part of their values."""


def command(
    text: Annotated[
        str, typer.Argument(help="External id, e-mail, phone, part of a name, or delivery.")
    ],
    days: Annotated[
        int, typer.Option("--days", min=1, max=35, help="How far back; records are kept 35 days.")
    ] = 35,
    in_mateo: Annotated[
        bool, typer.Option("--in-mateo", help="Ask Mateo what it holds now; a request per record.")
    ] = False,
    with_parts: Annotated[
        bool, typer.Option("--parts", help="The history of those that merely contain it, too.")
    ] = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Tell the whole history of a record: received, merged, imported or not and why. Newest first.

    Records in the queue cannot be searched: what is not found may still wait there; `relay status`
    says how many do. Ends with 1 if nothing was found.
    """
    from relay_ops.finding import Finding
    from relay_ops.matching import needle
    from relay_ops.stack import open_stack

    screen = Screen(as_json=as_json)
    looked_for = needle(text)
    opened = open_stack(stack, region)
    with screen.progress("Reading") as advance:
        found = Finding(opened, looked_for).history(days=days, advance=advance)
    stored = None
    if in_mateo:
        with screen.progress("Asking Mateo"):
            stored = _stored(opened, found)
    content: dict[str, Any] = {
        "history": [line.as_json() for line in found.lines],
        "objects_read": found.objects,
    }
    if stored is not None:
        content["in_mateo"] = stored
    screen.result(content, lambda: _show(screen, opened, found, stored, with_parts=with_parts))
    raise typer.Exit(ExitCode.DONE if found.lines else ExitCode.FOUND)


def _stored(stack: Stack, found: History) -> list[dict[str, Any]]:
    from relay_ops.in_mateo import asked_for, stored_in_mateo

    return stored_in_mateo(stack, asked_for(found.records))


def _show(
    screen: Screen,
    stack: Stack,
    found: History,
    stored: list[dict[str, Any]] | None,
    *,
    with_parts: bool,
) -> None:
    if not found.lines:
        screen.line(f"Nothing found in {found.objects:,} stored objects. It may wait in the queue.")
        return
    exact = [line for line in found.lines if not line.is_part]
    others = [line for line in found.lines if line.is_part]
    are_many = not with_parts and len(_names(others)) > MAX_NAMES
    _show_lines(screen, stack, exact if exact or are_many else others)
    if others and (exact or are_many):
        if exact:
            screen.line()
        _show_others(screen, stack, others, with_parts=with_parts)
    if stored is not None:
        _show_stored(screen, stored, len(found.records) - len(stored))


def _show_stored(screen: Screen, stored: list[dict[str, Any]], unasked: int) -> None:
    """What Mateo holds; `unasked`: the records that it was not asked for."""
    for one in stored:
        name = " ".join(one[key] for key in one if key not in ("type", "rows"))
        screen.line()
        screen.line(f"In Mateo now: {one['type'].removesuffix('_details')} {name}")
        for row in one["rows"]:
            screen.table(("column", "value"), [(k, str(v)) for k, v in row.items() if v])
        if not one["rows"]:
            screen.line("nothing")
    if unasked or not stored:
        screen.line()
        screen.line(
            f"Mateo was not asked for {number_of(unasked, 'other record')}: look for an id, an "
            "e-mail address or a phone number."
            if stored
            else "Mateo was not asked: nothing that was found names a record there."
        )


def _show_others(
    screen: Screen, stack: Stack, lines: list[HistoryLine], *, with_parts: bool
) -> None:
    """Records in which the text is only a part of a value; their names alone if nobody asks."""
    names = _names(lines)
    what = "Records that have the text only as a part of a value:"
    if with_parts:
        screen.line(what)
        _show_lines(screen, stack, lines)
        return
    rest = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    screen.line(f"{what} {', '.join(names[:MAX_NAMES])}{rest}. Their history: --parts")


def _names(lines: list[HistoryLine]) -> list[str]:
    return list(dict.fromkeys(line.record or line.item_ids[0] for line in lines))


def _show_lines(screen: Screen, stack: Stack, lines: list[HistoryLine]) -> None:
    """Each line, with its details below it."""
    width = max((len(line.what) for line in lines), default=0)
    for line in lines:
        at = _time(stack, line.at)
        screen.line(f"{at}  {line.what:<{width}}  {line.connection}  {line.record}".rstrip())
        screen.details(_details(line))


def _details(line: HistoryLine) -> list[str]:
    """What else there is to say, a line each."""
    is_receipt = line.what.startswith(("received", "retried", "replayed"))
    texts = (
        f"import {line.reference}" if line.reference else "",
        f"merged from {len(line.item_ids)} items" if len(line.item_ids) > 1 else "",
        f"item {line.item_ids[0]}, event {line.event}" if is_receipt else "",
        f"{line.code} {line.why}".strip(),
        line.what_to_do,
        ", ".join(line.notes),
        f"replay {line.replay}" if line.replay else "",
    )
    return [text for text in texts if text]


def _time(stack: Stack, at: float) -> str:
    from datetime import datetime

    return f"{datetime.fromtimestamp(at, stack.time_zone):%Y-%m-%d %H:%M:%S}"
