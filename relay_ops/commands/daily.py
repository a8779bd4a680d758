"""`relay daily`: writes the page of a day as it is now."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from relay_ops.exits import UsageMistake
from relay_ops.options import AsJson, Region, StackName
from relay_ops.output import Screen


def command(
    day: Annotated[
        str, typer.Option("--date", metavar="DATE", help="The day, e.g. 2026-11-21; today.")
    ] = "",
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Write the page and the files of a day as it is now, and say where they are.

    A schedule does this after each day; nobody is mailed by this command.
    """
    from relay_ops.daily_pages import write_daily
    from relay_ops.stack import open_stack

    screen = Screen(as_json=as_json)
    day = checked_day(day)
    opened = open_stack(stack, region)
    with screen.progress("Writing"):
        key = write_daily(opened, day)
    place = f"s3://{opened.bucket}/{key}"
    screen.result({"page": place}, lambda: typer.echo(place))
    screen.remark("`relay open` shows it.")


def checked_day(day: str) -> str:
    """The day, if it is one or empty."""
    try:
        return day and date.fromisoformat(day).isoformat()
    except ValueError as error:
        raise UsageMistake(f"--date {day}: write a day as 2026-11-21.") from error
