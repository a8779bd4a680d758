"""Options that several commands share, called and explained the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_FILE = Path("layers/connections/connections.toml")
"""As a command finds it in a clone."""

StackName = Annotated[
    str,
    typer.Option(
        "--stack",
        envvar="RELAY_STACK",
        metavar="NAME",
        help="A deployed stack, with the credentials of the AWS CLI. Without it, the local one.",
    ),
]
Region = Annotated[
    str, typer.Option("--region", metavar="R", help="Its region. Without it, the AWS CLI's.")
]
AsJson = Annotated[bool, typer.Option("--json", help="The same for programs, on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
