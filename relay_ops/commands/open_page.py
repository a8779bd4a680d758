"""`relay open`: the daily page, or the execution that tracks an import, in a browser."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from relay_ops.commands.daily import checked_day
from relay_ops.options import AsJson, Region, StackName
from relay_ops.output import Screen


def command(
    reference: Annotated[
        str, typer.Argument(help="The reference of an import; the daily page without one.")
    ] = "",
    day: Annotated[
        str, typer.Option("--date", metavar="DATE", help="The page of this day; the newest.")
    ] = "",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Open the newest daily page; with a reference, the execution that tracks that import.

    The address of a page works for an hour, for everybody who has it.
    """
    from relay_ops.daily_pages import page_address, page_key
    from relay_ops.opening import execution_page
    from relay_ops.stack import open_stack

    day = checked_day(day)
    opened = open_stack(stack, region)
    if reference:
        address = execution_page(opened, reference)
    else:
        address = page_address(opened, page_key(opened, day))
    screen = Screen(as_json=as_json)
    screen.result({"address": address}, lambda: typer.echo(address))
    if not (no_browser or as_json):
        webbrowser.open(address)
