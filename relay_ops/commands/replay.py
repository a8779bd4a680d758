"""`relay replay`: put received records back into the queue."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from relay_ops.exits import ExitCode, UsageMistake
from relay_ops.options import AsJson, Region, StackName, Yes
from relay_ops.output import Screen, number_of

if TYPE_CHECKING:
    from import_relay.bulk.replaying import ReplayCounts
    from import_relay.storage.replays import ReplayProgress
    from relay_ops.replaying import StackReplay
    from relay_ops.stack import Stack


class Only(StrEnum):
    """Which records, by how they ended."""

    FAILED = "failed"
    REJECTED = "rejected"
    ALL = "all"


def command(
    connection: Annotated[
        str, typer.Option("--connection", help="Of this connection. Without it: of all.")
    ] = "",
    begin: Annotated[
        str, typer.Option("--from", help="Received from this time on, e.g. 2026-11-21T10:00.")
    ] = "",
    end: Annotated[
        str, typer.Option("--to", help="Received before this time. Without it: until now.")
    ] = "",
    only: Annotated[Only, typer.Option("--only", help="Which, by how they ended.")] = Only.ALL,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, for the reports. No personal data.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite newer data in Mateo as well.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    resume_id: Annotated[
        str, typer.Option("--id", help="Continue this replay, which did not finish.")
    ] = "",
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Follow it until all have an outcome.")
    ] = True,
    yes: Yes = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Put records that have an outcome back into the queue, under the rules of a replay.

    Each keeps its connection and time of receipt and counts as received again. Nothing newer in
    Mateo is overwritten without --force. Times are in the zone of the stack's limits unless they
    have an offset. Records of the last 35 days can be put back. They are imported after webhooks,
    within the share that the bulk lane has of a day; the command waits for their outcomes. The
    queue has two days' entities at most: the relay puts back further records as it empties.
    """
    from relay_ops.replaying import StackReplay
    from relay_ops.stack import open_stack

    if resume_id:
        _refuse_beside_id(connection, begin, end, only is not Only.ALL, force, dry_run)
    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    replay = StackReplay(opened)
    id_ = resume_id
    if not id_:
        selection = replay.selection(connection, begin, end, only.value)
        with screen.progress("Counting"):
            counts = replay.count(selection)
        costs = [replay.cost(counts.total), replay.warning(counts, selection)]
        plan = _plan(opened, counts, costs)
        if dry_run or not counts.total:
            screen.result(
                {"records": counts.total, "by_connection": dict(counts.by_connection)},
                lambda: screen.line("\n".join([*plan, "Nothing was changed."])),
            )
            return
        if not reason:
            raise UsageMistake("--reason is missing: say why these records are put back.")
        screen.confirm(plan, yes=yes)
        id_ = replay.begin(selection, reason, force=force, planned=counts.total)
    _carry_out(screen, replay, id_, wait=wait)


def _carry_out(screen: Screen, replay: StackReplay, id_: str, *, wait: bool) -> None:
    """Put back the first records, and follow all if that is wanted."""
    with screen.progress("Putting back"):
        begun = replay.run(id_)
    content = {
        "replay": id_,
        "records": begun.total,
        "by_connection": dict(begun.by_connection),
        "all_put_back": begun.is_finished,
    }
    said = _said(id_, begun)
    if not wait:
        screen.result(content, lambda: screen.line(said))
        return
    screen.remark(said)
    ended = _follow(screen, replay, id_)
    found = {"records": ended.total, "all_put_back": ended.is_finished}
    outcomes = {"outcomes": dict(ended.ended), "not_put_back": _missing(ended)}
    screen.result(content | found | outcomes, lambda: _show(screen, ended))


def _refuse_beside_id(*given: str | bool) -> None:
    """A replay continues as it began, so its options cannot be chosen again."""
    names = ("--connection", "--from", "--to", "--only", "--force", "--dry-run")
    for name, value in zip(names, given, strict=True):
        if value:
            raise UsageMistake(
                f"{name} cannot be used with --id: a replay continues as it was begun. "
                "Leave one of them out."
            )


def _said(id_: str, begun: ReplayCounts) -> str:
    if begun.is_finished:
        return f"Replay {id_} put back {number_of(begun.total, 'record')}."
    return (
        f"Replay {id_} put back {number_of(begun.total, 'record')}. "
        "The relay puts back the others as its queue has room."
    )


def _follow(screen: Screen, replay: StackReplay, id_: str) -> ReplayProgress:
    """Show how many have an outcome, until all have, or until a person stops it."""
    progress, shown = replay.progress(id_), 0
    total = max(progress.total, progress.planned)
    with screen.progress("Importing", total=total) as advance:
        try:
            for progress in replay.follow(id_):
                advance(progress.ended_in_all - shown)
                shown = progress.ended_in_all
        except KeyboardInterrupt:
            screen.remark(f"The replay continues. Follow it with: relay replay --id {id_}")
            raise typer.Exit(ExitCode.DONE) from None
    return progress


def _show(screen: Screen, ended: ReplayProgress) -> None:
    records = number_of(ended.total, "record")
    screen.line(f"Replay {ended.replay.id}: {records} put back, and each has an outcome.")
    screen.table(("outcome", "records"), sorted(ended.ended.items()))
    if missing := _missing(ended):
        screen.remark(
            f"{number_of(missing, 'record')} of the {ended.planned:,} that were counted could not "
            "be put back: records are deleted 35 days after their outcome, here before their turn."
        )


def _missing(ended: ReplayProgress) -> int:
    """Records that were counted when the replay was begun, and were not there in their turn."""
    return max(0, ended.planned - ended.total)


def _plan(stack: Stack, counts: ReplayCounts, costs: Sequence[str]) -> list[str]:
    return [
        f"{number_of(counts.total, 'record')} of {stack.name} ({stack.place}) will be put back:",
        *(f"  {many} of {name}" for name, many in sorted(counts.by_connection.items())),
        *filter(None, costs),
    ]
