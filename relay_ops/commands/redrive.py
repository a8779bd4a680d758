"""`relay redrive`: put dead letters back, after their cause was removed."""

from __future__ import annotations

from relay_ops.options import AsJson, Region, StackName, Yes
from relay_ops.output import Screen


def command(
    yes: Yes = False, stack: StackName = "", region: Region = "", as_json: AsJson = False
) -> None:
    """Show what killed the messages of the dead-letter queue, and move all of them back.

    Correct the cause first. Their receive count starts at zero; records that finished in the
    meantime are skipped. Makes no request to Mateo itself; each record that becomes a row costs an
    entity.
    """
    from relay_ops.dead_letters import look, move_back
    from relay_ops.stack import open_stack

    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    found = look(opened)
    causes = [
        {"connection": name, "cause": cause, "items": many}
        for (name, cause), many in found.causes.most_common()
    ]
    moved = 0
    if found.messages:
        plan = [f"  {one['items']} of {one['connection']}: {one['cause']}" for one in causes]
        screen.confirm(
            [
                f"{found.messages} messages of {opened.name} ({opened.place}) will be moved back.",
                f"The {found.looked_at} looked at cost at most {found.items} entities:",
                *plan,
            ],
            yes=yes,
        )
        with screen.progress("Moving messages", total=found.messages) as advance:
            moved = move_back(opened, advance)
    screen.result(
        {"moved": moved, "causes": causes},
        lambda: screen.line(
            f"Moved {moved} messages back." if found.messages else "The queue is empty."
        ),
    )
