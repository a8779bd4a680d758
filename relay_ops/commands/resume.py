"""`relay resume`: end a pause of submission, whatever began it."""

from __future__ import annotations

from relay_ops.options import AsJson, Region, StackName, Yes
from relay_ops.output import NO_COST, Screen


def command(
    yes: Yes = False, stack: StackName = "", region: Region = "", as_json: AsJson = False
) -> None:
    """Resume submission now, and end when the queue is polled again.

    It lifts no limit: if today's entities are spent, submission pauses again without a request to
    Mateo.
    """
    from relay_ops.pausing import SubmissionSwitch
    from relay_ops.stack import open_stack

    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    submission = SubmissionSwitch(opened)
    state = submission.state()
    why = f"It is paused: {state.reason}." if state.is_active(opened.clock()) else "It runs."
    screen.confirm(
        [f"Submission of {opened.name} ({opened.place}) will resume. {why}", NO_COST], yes=yes
    )
    with screen.progress("Waiting until the queue is polled"):
        submission.resume()
    screen.result({"resumed": True}, lambda: screen.line("Submission runs again."))
