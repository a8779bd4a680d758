"""`relay find`: what happened to a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay_ops.exits import ExitCode
from relay_ops.options import AsJson, Region, StackName
from relay_ops.output import Screen

if TYPE_CHECKING:
    from relay_ops.stack import Stack
    from relay_ops.story import Story, StoryLine


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
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Tell the whole story of a record: received, merged, imported or not and why. Newest first.

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
        story = Finding(opened, looked_for).story(days=days, advance=advance)
    held = _held(opened, story) if in_mateo else None
    content: dict[str, Any] = {
        "story": [line.as_json() for line in story.lines],
        "objects_read": story.objects,
    }
    if held is not None:
        content["in_mateo"] = held
    screen.result(content, lambda: _show(screen, opened, story, held))
    raise typer.Exit(ExitCode.DONE if story.lines else ExitCode.FOUND)


def _held(stack: Stack, story: Story) -> list[dict[str, Any]]:
    from relay_ops.in_mateo import held_in_mateo

    return held_in_mateo(stack, story.records)


def _show(screen: Screen, stack: Stack, story: Story, held: list[dict[str, Any]] | None) -> None:
    if not story.lines:
        screen.line(f"Nothing found in {story.objects:,} stored objects. It may wait in the queue.")
        return
    exact = [line for line in story.lines if not line.is_part]
    parts = [line for line in story.lines if line.is_part]
    if exact:
        _show_lines(screen, stack, exact)
    if exact and parts:
        screen.line()
        screen.line("Other records, in which it is only a part of a value:")
    if parts:
        _show_lines(screen, stack, parts)
    for one in held or ():
        screen.line()
        screen.line(f"In Mateo now: {one['type'].removesuffix('_details')} {one['external_id']}")
        for found in one["rows"]:
            screen.table(("column", "value"), [(k, str(v)) for k, v in found.items() if v])
        if not one["rows"]:
            screen.line("nothing")


def _show_lines(screen: Screen, stack: Stack, lines: list[StoryLine]) -> None:
    rows = [
        (_time(stack, line.at), line.what, line.connection, line.record, _details(line))
        for line in lines
    ]
    screen.table(("when", "what", "connection", "record", "details"), rows)


def _details(line: StoryLine) -> str:
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
    return "\n".join(filter(None, texts))


def _time(stack: Stack, at: float) -> str:
    from datetime import datetime

    return f"{datetime.fromtimestamp(at, stack.time_zone):%Y-%m-%d %H:%M:%S}"
