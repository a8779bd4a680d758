"""`relay open`: the execution that tracks an import, in a browser."""

from __future__ import annotations

import webbrowser
from typing import Annotated

import typer

from relay_ops.options import AsJson, Region, StackName
from relay_ops.output import Screen


def command(
    reference: Annotated[str, typer.Argument(help="The reference of the import.")],
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Open the execution that tracks an import, in the AWS console."""
    from relay_ops.opening import execution_page
    from relay_ops.stack import open_stack

    address = execution_page(open_stack(stack, region), reference)
    screen = Screen(as_json=as_json)
    screen.result({"address": address}, lambda: typer.echo(address))
    if not (no_browser or as_json):
        webbrowser.open(address)
