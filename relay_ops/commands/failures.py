"""`relay failures`: what is open, counted, and as a workbook to correct."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay_ops.exits import ExitCode, UsageMistake
from relay_ops.new_file import new_file
from relay_ops.options import AsJson, Region, StackName
from relay_ops.output import Screen, as_sentence, number_of

if TYPE_CHECKING:
    from import_relay.report.problems import ProblemGroup
    from relay_ops.stack import Stack

_UNITS = {"h": 1 / 24, "d": 1.0, "w": 7.0}


def command(
    since: Annotated[str, typer.Option("--since", help="How far back: 12h, 7d or 2w.")] = "7d",
    connection: Annotated[str, typer.Option("--connection", help="Of this one only.")] = "",
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", metavar="FILE", help="A new workbook to correct.")
    ] = None,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show failed rows, rejected records and left-out values that are still open.

    A later success closes them. Ends with 1 if any is open.
    """
    from import_relay.report.open_problems import open_problems
    from import_relay.report.problems import grouped
    from relay_ops.stack import open_stack

    screen, days = Screen(as_json=as_json), _days(since)
    opened = open_stack(stack, region)
    target = new_file(xlsx, "--xlsx") if xlsx is not None else nullcontext()
    with target as file, screen.progress("Reading") as advance:
        problems = open_problems(
            opened.objects,
            opened.now(),
            days=days,
            connection=connection,
            with_rows=xlsx is not None,
            advance=advance,
        )
        if file is not None:
            from import_relay.report.failure_file import workbook

            file.write(workbook(problems, at=opened.clock()))
    if xlsx is not None:
        screen.remark(f"{xlsx}: {number_of(len(problems), 'row')}")
    groups = grouped(problems)
    screen.result(
        [
            asdict(one) | {"first": _time(opened, one.first), "last": _time(opened, one.last)}
            for one in groups
        ],
        lambda: _show(screen, opened, groups),
    )
    raise typer.Exit(ExitCode.FOUND if problems else ExitCode.DONE)


def _show(screen: Screen, stack: Stack, groups: list[ProblemGroup]) -> None:
    if not groups:
        screen.line("Nothing is open.")
        return
    screen.table(
        ("count", "what", "connection", "code", "column", "first, last"),
        [
            (
                one.count,
                one.kind,
                one.connection,
                one.code,
                one.field,
                "\n".join(dict.fromkeys(_time(stack, at) for at in (one.first, one.last))),
            )
            for one in groups
        ],
        whole=("what", "code", "first, last"),
    )
    screen.line()
    told = {
        one.code: f"{one.code}: {as_sentence(one.reason)} {one.what_to_do}"
        for one in reversed(groups)
    }
    for text in reversed(told.values()):
        screen.line(text)


def _days(text: str) -> float:
    found = re.fullmatch(r"(\d{1,4})([hdw])", text)
    if not found:
        raise UsageMistake(f"--since {text}: write 12h, 7d or 2w.")
    days = int(found[1]) * _UNITS[found[2]]
    if not 0 < days <= 35:
        raise UsageMistake(f"--since {text}: records are kept for 35 days.")
    return days


def _time(stack: Stack, at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1_000_000, stack.time_zone):%Y-%m-%d %H:%M}"
