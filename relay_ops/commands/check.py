"""`relay check`: all mistakes of connections.toml, and the columns of Mateo's account."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from relay_ops.exits import ExitCode
from relay_ops.options import DEFAULT_FILE, AsJson, Region, StackName
from relay_ops.output import Screen


def command(
    file: Annotated[
        Path, typer.Argument(help="The file; by default that of this clone.")
    ] = DEFAULT_FILE,
    account: Annotated[
        bool, typer.Option("--account", help="Compare columns with the custom fields in Mateo.")
    ] = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Find all mistakes of connections.toml, each with its line.

    With --account the custom fields of Mateo's account are read with the stack's token; each
    request takes a permit and counts in the day's quota. Before there is a stack, put the token
    into MATEO_TOKEN. Ends with 1 if there are mistakes.
    """
    from relay_ops.checking import account_of_environment, check_file

    asked = None
    if account and os.environ.get("MATEO_TOKEN"):
        asked = account_of_environment()
    elif account:
        from relay_ops.mateo import account_of
        from relay_ops.stack import open_stack

        asked = account_of(open_stack(stack, region))
    screen = Screen(as_json=as_json)
    with screen.progress("Checking"):
        checked = check_file(file, asked)

    def show() -> None:
        for text in (*checked.mistakes, *checked.warnings):
            screen.line(text)
        if checked.fields is not None:
            screen.line(f"Custom fields in Mateo: {checked.fields}; requests: {checked.requests}")
        if not checked.mistakes:
            screen.line(f"{file}: no mistakes in {', '.join(checked.connections) or 'it'}")

    screen.result(checked.as_json(), show)
    raise typer.Exit(ExitCode.FOUND if checked.mistakes else ExitCode.DONE)
