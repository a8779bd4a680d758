"""`relay import`: rows of a file become records, or with `--dry-run` what they would become."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay_ops.exits import ExitCode, UsageMistake
from relay_ops.options import DEFAULT_FILE, AsJson, Region, StackName, Yes
from relay_ops.output import Screen, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from import_relay.storage.files import RowFile
    from relay_ops.files.stack_files import StackFiles, Uploaded


def command(
    file: Annotated[Path, typer.Argument(help="CSV, .xlsx, NDJSON or JSON, gzipped or not.")],
    connection: Annotated[str, typer.Option("--connection", help="Whose mapping maps its rows.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent and rejected.")
    ] = False,
    rejected: Annotated[
        Path | None,
        typer.Option(
            "--rejected", metavar="CSV", help="With --dry-run: a new file for rejected rows."
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="Its name in the inbox; by default that of the file.")
    ] = "",
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Follow it until its report is there.")
    ] = True,
    connections: Annotated[
        Path, typer.Option("--connections", help="connections.toml; by default of this clone.")
    ] = DEFAULT_FILE,
    yes: Yes = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Import the rows of a file as records of a connection.

    The same content under the same name is imported once: run again, the command follows it.
    Ends with 1 if rows were, or would be, rejected. A dry run needs no stack and sends nothing.
    """
    screen = Screen(as_json=as_json)
    if dry_run:
        from relay_ops.files.dry_run_screen import DryRunFiles, run_dry

        raise typer.Exit(run_dry(screen, DryRunFiles(file, connections, rejected), connection))
    if rejected is not None:
        raise UsageMistake("--rejected belongs to --dry-run. The report lists rejected rows.")

    from relay_ops.files.local_file import accepted, count_rows
    from relay_ops.files.stack_files import StackFiles, key_of
    from relay_ops.stack import open_stack

    own = _own_limits(connections, connection)
    key = key_of(connection, name or file.name)
    with screen.progress("Reading the file") as advance:
        found = count_rows(file, advance)
    files = StackFiles(open_stack(stack, region))
    before = files.known(key, file)
    if before is None or before.code:
        lines = accepted(file, files.plan(found.rows, connection, own)).lines()
        screen.confirm([f"{file} becomes {key}.", *lines, *found.remarks()], yes=yes)
    uploaded = files.upload(file, key)
    screen.remark(
        f"Uploaded {key}." if uploaded.is_new else f"{key} was uploaded before, with this content."
    )
    if _was_imported(before):
        screen.remark("It was imported before. --name imports it again, as another file.")
    if not wait:
        screen.result({"file": key, "id": uploaded.file}, lambda: None)
        return
    ended = _follow(screen, files, uploaded, before)
    raise typer.Exit(_report(screen, files, ended))


def _own_limits(connections: Path, connection: str) -> Mapping[str, int]:
    """Connection → its own entities per day, if there is a connections.toml on this machine."""
    if not connections.is_file() and connections == DEFAULT_FILE:
        return {}
    from import_relay.bulk.bulk_day import own_limits
    from relay_ops.usable_connection import usable_connection

    return own_limits(usable_connection(connections, connection, "--connections"))


def _was_imported(file: RowFile | None) -> bool:
    return file is not None and 0 < file.rows <= file.rows_ended


def _follow(
    screen: Screen, files: StackFiles, uploaded: Uploaded, before: RowFile | None
) -> RowFile:
    """Show how far the relay is, until the end."""
    shown = 0
    if screen.err.is_terminal:
        screen.remark("Ctrl-C ends this view, not the import. `relay status` says why rows wait.")
    with screen.progress("Waiting until the relay notices it") as advance:
        try:
            for file in files.follow(uploaded, before):
                what, total = what_goes_on(file)
                advance(file.rows_ended - shown, total=total, what=what)
                shown, last = file.rows_ended, file
        except KeyboardInterrupt:
            screen.remark("The import continues. Run the same command to follow it again.")
            raise typer.Exit(ExitCode.DONE) from None
    return last


def what_goes_on(file: RowFile) -> tuple[str, int | None]:
    """What the relay does with it, and how many rows it has, once that is known."""
    from import_relay.storage.files import FileState

    if file.state is FileState.READING:
        return f"The relay reads the file, {number_of(file.rows, 'row')} so far", None
    is_over = file.rows_ended >= file.rows
    return "Waiting for the report" if is_over else "Importing rows", file.rows


def _report(screen: Screen, files: StackFiles, file: RowFile) -> ExitCode:
    if file.code:
        refusal = files.refusal(file)
        screen.result(refusal, lambda: show_refusal(screen, refusal))
        return ExitCode.FOUND
    summary = files.summary(file)
    screen.result(summary, lambda: _show_summary(screen, summary))
    return ExitCode.FOUND if summary["failures"] else ExitCode.DONE


def show_refusal(screen: Screen, refusal: Mapping[str, Any]) -> None:
    """Say why the relay refused a file, as it wrote it beside the file."""
    from relay_ops.files.local_file import more_text

    more = more_text(refusal["detail"], refusal.get("line"))
    screen.line(f"The relay refused the file, {refusal['code']}: {refusal['what']}{more}")
    screen.line(refusal["what_to_do"])


def _show_summary(screen: Screen, summary: Mapping[str, Any]) -> None:
    counts = [(name, many) for name, many in summary["rows"].items() if many]
    screen.table(("outcome", "rows"), counts)
    if summary["failures"]:
        missing = number_of(summary["failures"], "row")
        screen.line(f"Not in Mateo: {missing}. See {summary['folder']}")
