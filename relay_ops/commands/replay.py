"""`relay replay`: put received records back into the queue."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from relay_ops.exits import ExitCode, UsageMistake
from relay_ops.options import AsJson, Region, StackName, Yes
from relay_ops.output import Screen

if TYPE_CHECKING:
    from import_relay.bulk.replaying import ReplayCounts
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
    within the share that the bulk lane has of a day; the command waits for their outcomes.
    """
    from relay_ops.replaying import StackReplay
    from relay_ops.stack import open_stack

    if resume_id:
        _refuse_beside_id(connection, begin, end, only is not Only.ALL, force, dry_run)
    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    replay = StackReplay(opened, screen.remark)
    id_ = resume_id
    if not id_:
        selection = replay.selection(connection, begin, end, only.value)
        with screen.progress("Counting"):
            counts = replay.count(selection)
        plan = _plan(opened, counts, replay.cost(counts.total))
        if dry_run or not counts.total:
            screen.result(
                {"records": counts.total, "by_connection": dict(counts.by_connection)},
                lambda: screen.line("\n".join([*plan, "Nothing was changed."])),
            )
            return
        if not reason:
            raise UsageMistake("--reason is missing: say why these records are put back.")
        screen.confirm(plan, yes=yes)
        id_ = replay.begin(selection, reason, force=force)
    with screen.progress("Putting back"):
        done = replay.run(id_)
    content = {"replay": id_, "records": done.total, "by_connection": dict(done.by_connection)}
    if not wait:
        screen.result(content, lambda: screen.line(f"Replay {id_} put back {done.total} records."))
        return
    outcomes = _follow(screen, opened, id_, done.total)
    screen.result(content | {"outcomes": outcomes}, lambda: _show(screen, id_, done, outcomes))


def _refuse_beside_id(*given: str | bool) -> None:
    """A replay continues as it began, so its options cannot be chosen again."""
    names = ("--connection", "--from", "--to", "--only", "--force", "--dry-run")
    for name, value in zip(names, given, strict=True):
        if value:
            raise UsageMistake(
                f"{name} cannot be used with --id: a replay goes on as it was begun. "
                "Leave one of them out."
            )


def _follow(screen: Screen, stack: Stack, id_: str, total: int) -> dict[str, int]:
    """Show how many have an outcome, until all have, or until a person stops it."""
    from relay_ops.replay_following import ReplayFollowing

    following, shown = ReplayFollowing(stack, id_), 0
    screen.remark(f"Replay {id_} put back {total} records. The relay imports them now.")
    with screen.progress("Importing", total=total) as advance:
        try:
            for ended in following.follow(total):
                advance(ended - shown)
                shown = ended
        except KeyboardInterrupt:
            screen.remark(f"It goes on. Follow it again with: relay replay --id {id_}")
            raise typer.Exit(ExitCode.DONE) from None
    return dict(following.outcomes)


def _show(screen: Screen, id_: str, done: ReplayCounts, outcomes: dict[str, int]) -> None:
    screen.line(f"All {done.total} records of replay {id_} have an outcome.")
    screen.table(("outcome", "records"), sorted(outcomes.items()))


def _plan(stack: Stack, counts: ReplayCounts, cost: str) -> list[str]:
    return [
        f"{counts.total} records of {stack.name} ({stack.place}) will be put back:",
        *(f"  {many} of {name}" for name, many in sorted(counts.by_connection.items())),
        cost,
    ]
