"""`relay redrive`: put dead letters back, after their cause was removed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay_ops.exits import ExitCode, UsageMistake
from relay_ops.options import DEFAULT_FILE, AsJson, Region, StackName, Yes
from relay_ops.output import Screen, help_with, number_of

if TYPE_CHECKING:
    from relay_ops.dead_letters import DeadLetters
    from relay_ops.stack import Stack

IN_THE_LOG = "The log of submit-imports says why; relay status shows what is in it."
NOT_OURS = "Another program wrote it, or another version of the relay: deploy the right one."


def command(
    deliveries: Annotated[
        list[str] | None, typer.Argument(help="With --quarantined: only these deliveries.")
    ] = None,
    quarantined: Annotated[
        bool, typer.Option("--quarantined", help="Deliveries that could not be read.")
    ] = False,
    connections: Annotated[
        Path, typer.Option("--file", help="With --quarantined: connections.toml.")
    ] = DEFAULT_FILE,
    change_events: Annotated[
        bool,
        typer.Option("--change-events", help="Salesforce's events that could not be stored."),
    ] = False,
    yes: Yes = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show why the messages in the dead-letter queue failed, and move all of them back.

    Correct the cause first. Their receive count starts at zero; records that finished in the
    meantime are skipped. Makes no request to Mateo itself; each record that becomes a row costs an
    entity. With --change-events: pass Salesforce's events to the receiver again. --quarantined:
    sign deliveries with the secrets of their connections, and post them again. Both end with 1 if
    some could not be stored.
    """
    from relay_ops.stack import open_stack

    if (deliveries and not quarantined) or (quarantined and change_events):
        raise UsageMistake("Deliveries belong to --quarantined, and --change-events has none.")
    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    if quarantined:
        from relay_ops.reposting import redrive_quarantined

        found = redrive_quarantined(screen, opened, connections, deliveries or [], yes=yes)
        raise typer.Exit(found)
    if change_events:
        raise typer.Exit(_change_events(screen, opened, yes=yes))
    _dead_letters(screen, opened, yes=yes)


def _change_events(screen: Screen, opened: Stack, *, yes: bool) -> ExitCode:
    from relay_ops.change_events import Redriven, redrive, waiting

    many, done = waiting(opened), Redriven()
    if many:
        events = number_of(many, "change event")
        plan = f"{events} of {opened.name} ({opened.place}) will be received again."
        screen.confirm([plan, "Each record in them that becomes a row costs an entity."], yes=yes)
        with screen.progress("Receiving events", total=many) as advance:
            done = redrive(opened, advance)
    screen.result(
        {"stored": done.stored, "failed": done.failed},
        lambda: screen.line(
            f"{number_of(done.stored, 'event')} stored, {done.failed} failed again."
            if many
            else "The queue is empty."
        ),
    )
    return ExitCode.FOUND if done.failed else ExitCode.DONE


def _dead_letters(screen: Screen, opened: Stack, *, yes: bool) -> None:
    from relay_ops.dead_letters import move_back, read_dead_letters

    with screen.progress("Reading"):
        found = read_dead_letters(opened)
    causes = [
        {
            "connection": name,
            "cause": cause,
            "items": many,
            "delivery": found.examples.get((name, cause), ""),
        }
        for (name, cause), many in found.causes.most_common()
    ]
    moved = 0
    if found.messages:
        messages = number_of(found.messages, "message")
        plan = [line for one in causes for line in _what_killed(one)]
        screen.confirm(
            [
                f"{messages} of {opened.name} ({opened.place}) will be moved back.",
                _cost(found, int(opened.settings["ROWS_PER_IMPORT"])),
                *plan,
            ],
            yes=yes,
        )
        with screen.progress("Moving messages", total=found.messages) as advance:
            moved = move_back(opened, advance)
    screen.result(
        {"moved": moved, "causes": causes},
        lambda: screen.line(
            f"Moved {number_of(moved, 'message')} back."
            if found.messages
            else "The queue is empty."
        ),
    )


def _what_killed(cause: Mapping[str, Any]) -> Iterator[str]:
    """A cause, what helps, and a delivery with a record that it killed."""
    from relay_ops.dead_letters import FAILED_OFTEN, UNREADABLE

    yield f"  {cause['items']} of {cause['connection']}: {cause['cause']}"
    own = {FAILED_OFTEN: IN_THE_LOG, UNREADABLE: NOT_OURS}
    helps = own.get(cause["cause"]) or help_with(cause["cause"])
    if helps:
        yield f"    {helps}"
    if cause["delivery"]:
        yield f"    delivery {cause['delivery']}"


def _cost(found: DeadLetters, rows_per_import: int) -> str:
    """What the messages that were read cost; the records of further messages are unknown."""
    entities = number_of(found.items, "entity")
    requests = number_of(math.ceil(found.items / rows_per_import), "request")
    most = f"cost at most {entities} and at least {requests} of the day:"
    if found.looked_at < found.messages:
        return f"Of them {found.looked_at:,} were looked at. These {most}"
    return f"They {most}"
