"""`relay open`: the daily page, or an import's execution, in a browser."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from relay_ops.options import AsJson, Region, StackName
from relay_ops.output import Screen


def command(
    what: Annotated[
        str, typer.Argument(help="A day (YYYY-MM-DD) or the reference of an import; else today's.")
    ] = "",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Open the newest daily page, that of a day, or the execution that tracks an import.

    The address of a daily page works for an hour, for whoever has it.
    """
    from relay_ops.opening import daily_page, execution_page
    from relay_ops.stack import open_stack

    opened = open_stack(stack, region)
    is_import = "T" in what
    address = execution_page(opened, what) if is_import else daily_page(opened, what)
    screen = Screen(as_json=as_json)
    screen.result({"address": address}, lambda: typer.echo(address))
    if not (no_browser or as_json):
        webbrowser.open(address)
