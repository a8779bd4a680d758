"""`relay try`: what a webhook or record would become."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay_ops.exits import ExitCode
from relay_ops.options import AsJson
from relay_ops.output import Screen

if TYPE_CHECKING:
    from relay_ops.trying import Tried

DEFAULT_FILE = Path("layers/connections/connections.toml")


def command(
    connection: Annotated[str, typer.Argument(help="Its name in connections.toml.")],
    file: Annotated[Path, typer.Argument(help="The body of a webhook, or a record as JSON.")],
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="NAME:VALUE", help="Of the request; repeatable."),
    ] = None,
    connections: Annotated[
        Path, typer.Option("--file", help="connections.toml; by default that of this clone.")
    ] = DEFAULT_FILE,
    as_json: AsJson = False,
) -> None:
    """Show what a webhook would become: rows, notes, rejections, version and key.

    It needs no stack and no secret, and sends nothing. Ends with 1 if anything would be rejected.
    """
    from relay_ops.trying import try_file

    found = try_file(connections, connection, file, header or ())
    screen = Screen(as_json=as_json)
    screen.result([one.as_json() for one in found], lambda: _show(screen, found))
    is_rejected = any(one.outcome == "rejected" for one in found)
    raise typer.Exit(ExitCode.FOUND if is_rejected else ExitCode.DONE)


def _show(screen: Screen, found: list[Tried]) -> None:
    if not found:
        screen.line("The delivery holds no record.")
    for number, one in enumerate(found):
        if number:
            screen.line()
        if one.columns is None:
            screen.line(f"Item {number}, {one.event}: {one.outcome} {one.reason}".rstrip())
            for text in (one.field and f"field {one.field}", one.what, one.what_to_do):
                if text:
                    screen.line(f"  {text}")
        else:
            kind = "partial row" if one.is_partial else "row"
            screen.line(f"Item {number}, {one.event}: {kind} of a {one.record_type}")
            screen.line(f"  key {one.key}, version {one.version}")
            screen.table(
                ("  column", "value"),
                [(f"  {name}", _value(value)) for name, value in one.columns.items()],
            )
        for note in one.notes:
            screen.line(f"  note {note['field']}: {note['code']}. {note['what']}")


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
