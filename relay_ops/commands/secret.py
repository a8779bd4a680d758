"""`relay secret`: add a secret of a connection, or leave only the new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from relay_ops.exits import UsageMistake
from relay_ops.options import DEFAULT_FILE, AsJson, Region, StackName, Yes
from relay_ops.output import NO_COST, Screen, number_of

CRM_TOKEN = ".token"  # noqa: S105 - the end of a name, no token


def command(
    connection: Annotated[
        str, typer.Argument(help="The connection; `<connection>.token` for its CRM's token.")
    ],
    only: Annotated[
        bool, typer.Option("--only", help="Remove the connection's other secrets.")
    ] = False,
    yes: Yes = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Add a secret of a connection beside those that it has, so that nothing is refused.

    The secret is asked for, or read from stdin. A request that fails with the old one is tried with
    the new one within 30 seconds. Once the sender uses it, run the command again with --only.
    Makes no request to Mateo.
    """
    from relay_ops.secret_texts import USED_WITHIN_S, ask, secrets_of, store_secrets
    from relay_ops.stack import open_stack

    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    output = "CrmTokensArn" if connection.endswith(CRM_TOKEN) else "ConnectionSecretsArn"
    known = secrets_of(opened, output)
    before = known.get(connection, [])
    if not isinstance(before, list):
        raise UsageMistake(f"The secrets of {connection} are no list. Correct them by hand first.")
    new = ask(f"Secret of {connection}")
    kept = [] if only else [one for one in before if one != new]
    how_many = number_of(len(before), "secret")
    removed = len(before) - len(kept) - (new in before)
    screen.confirm(
        [
            f"{connection} of {opened.name} ({opened.place}) has {how_many}.",
            _what_happens(max(removed, 0)),
            *_unknown(connection.removesuffix(CRM_TOKEN)),
            NO_COST,
        ],
        yes=yes,
    )
    store_secrets(opened, output, {**known, connection: [*kept, new]})
    screen.result(
        {"connection": connection, "secrets": len(kept) + 1},
        lambda: screen.line(
            f"Stored: {connection} has {number_of(len(kept) + 1, 'secret')} now. "
            f"Senders can use the new one within {USED_WITHIN_S} s."
        ),
    )


def _unknown(name: str) -> Iterator[str]:
    """A name that is misspelled gets a secret which nothing uses."""
    from relay_ops.status.connections import names_in

    known = names_in(DEFAULT_FILE)
    if known and name not in known:
        yield f"{DEFAULT_FILE} has no connection {name}. It has {', '.join(known)}."


def _what_happens(removed: int) -> str:
    if not removed:
        return "The new one will be stored, and none will be removed."
    return f"The new one will be stored, and {number_of(removed, 'other')} will be removed."
