"""The console script `relay`: finds the command, runs it, and turns errors into exit codes.

A command is imported when it runs, so that `relay --help` and completion need none of their
packages. To add one: a module in `commands` with a function `command`, and a line in `COMMANDS`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from relay_ops.exits import CommandError, ExitCode
from relay_ops.rights import what_is_missing


class Listing(NamedTuple):
    """A command before it is imported: its module, one line of help, and where help lists it."""

    module: str
    help: str
    panel: str


READ, CHANGE = "Look", "Change"
COMMANDS: Mapping[str, Listing] = MappingProxyType(
    {
        "status": Listing("status", "Where everything is, and why something waits.", READ),
        "find": Listing("find", "What happened to a record, with its whole history.", READ),
        "failures": Listing("failures", "What failed or was rejected and is still open.", READ),
        "open": Listing("open_page", "The daily page, or what tracks an import.", READ),
        "daily": Listing("daily", "Write the page of a day as it is now.", READ),
        "try": Listing("try_file", "What a webhook would become, without any stack.", READ),
        "check": Listing("check", "All mistakes of connections.toml, before it is deployed.", READ),
        "import": Listing("import_file", "Import the rows of a file.", CHANGE),
        "replay": Listing("replay", "Put received records back into the queue.", CHANGE),
        "redrive": Listing("redrive", "Put dead letters back into the queue.", CHANGE),
        "erase": Listing("erase", "Erase a person in every place, and in Mateo.", CHANGE),
        "pause": Listing("pause", "Stop submission for a time.", CHANGE),
        "resume": Listing("resume", "End a pause of submission.", CHANGE),
        "token": Listing("token", "Replace Mateo's token.", CHANGE),
        "secret": Listing("secret", "Add or replace a connection's secret.", CHANGE),
    }
)
"""Name → command, in the order of the help."""


class LazyCommand(TyperCommand):
    """A command in lists, which is imported when it is first used."""

    def __init__(self, name: str, listed: Listing) -> None:
        super().__init__(
            name, help=listed.help, short_help=listed.help, rich_help_panel=listed.panel
        )
        self._module = listed.module

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """The context of the command itself, which continues with it."""
        return self._command().make_context(info_name, args, *more, **extra)

    def _command(self) -> Any:
        module = importlib.import_module(f"relay_ops.commands.{self._module}")
        app = typer.Typer(add_completion=False)
        app.command(self.name)(module.command)
        return typer.main.get_command(app)


class LazyGroup(TyperGroup):
    """The commands of `COMMANDS`."""

    def __init__(self, **options: Any) -> None:
        commands = {name: LazyCommand(name, listed) for name, listed in COMMANDS.items()}
        super().__init__(**{**options, "commands": commands})


def _version(wanted: bool) -> None:  # noqa: FBT001 - the signature of Typer's callbacks
    if wanted:
        from import_relay import __version__

        typer.echo(__version__)
        raise typer.Exit


app = typer.Typer(
    name="relay",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they would show values, which may be personal
    context_settings={"help_option_names": ["-h", "--help"]},
    help="See and repair what the import relay does: on a deployed stack, or on the local one.",
    epilog="docs/desk.md explains the commands and the exit codes.",
)


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; ends the process with an `ExitCode`."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code; an error becomes one text on stderr."""
    try:
        ended = app(args=list(arguments), prog_name="relay", standalone_mode=True)
    except CommandError as error:
        _say(str(error))
        return error.exit_code
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else ExitCode.DONE
        if code == ExitCode.STOPPED:
            _say("Stopped.")
        return code
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            _say(f"{error.filename} cannot be used: {error.strerror}.")
            return ExitCode.USAGE
        text = _in_words(error)
        if text is None:
            raise
        _say("\n".join(one for one in (text, what_is_missing(arguments, str(error))) if one))
        return ExitCode.UNAVAILABLE
    return ended if isinstance(ended, int) else ExitCode.DONE


def _say(text: str) -> None:
    """An error on stderr; it may quote what a terminal would obey, or a name that is no UTF-8."""
    from import_relay.domain.report_text import defused  # only where it is needed

    typer.echo(defused(text).encode(errors="backslashreplace").decode(), err=True)


def _in_words(error: Exception) -> str | None:
    """What AWS or the relay's own parts refused; None: it is a fault of the command."""
    from import_relay.domain.errors import RelayError  # `relay` starts without it

    if isinstance(error, RelayError):
        return str(error)
    is_of_aws = type(error).__module__.partition(".")[0] == "botocore"
    return _aws_said(error) if is_of_aws else None


def _aws_said(error: Exception) -> str:
    """What AWS refused, and what to do about it."""
    text = f"AWS cannot be used: {error}"
    if type(error).__name__ == "NoRegionError":
        return f"{text}\nAdd --region, or set one up (`aws configure`)."
    if type(error).__name__ in ("NoCredentialsError", "ProfileNotFound"):
        return f"{text}\nSet up the AWS CLI (`aws configure`); `relay` uses its credentials."
    return text
