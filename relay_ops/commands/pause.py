"""`relay pause`: stop submission by hand, for a time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from relay_ops.options import AsJson, Region, StackName, Yes
from relay_ops.output import NO_COST, Screen

MIN_HOURS, MAX_HOURS = 0.1, 13 * 24
"""Records that waited for 13 days become dead letters."""


def command(
    hours: Annotated[
        float, typer.Option("--hours", min=MIN_HOURS, max=MAX_HOURS, help="For how long.")
    ] = 4,
    yes: Yes = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Pause submission, e.g. before data in Mateo is changed. It resumes by itself.

    Webhooks are still received and stored. Imports that were sent are still tracked. Ends when
    the queue is not polled any more. Makes no request to Mateo.
    """
    from relay_ops.pausing import SubmissionSwitch
    from relay_ops.stack import open_stack

    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    submission = SubmissionSwitch(opened)
    until = opened.clock() + hours * 3_600
    shown = f"{datetime.fromtimestamp(until, opened.time_zone):%Y-%m-%d %H:%M %Z}"
    screen.confirm(
        [f"Submission of {opened.name} ({opened.place}) will be paused until {shown}.", NO_COST],
        yes=yes,
    )
    with screen.progress("Waiting until the queue is not polled"):
        ends = submission.pause(until)
    text = f"{datetime.fromtimestamp(ends, opened.time_zone):%Y-%m-%d %H:%M %Z}"
    screen.result(
        {"paused_until": int(ends)},
        lambda: screen.line(f"Submission is paused until {text}. End it with: relay resume"),
    )
