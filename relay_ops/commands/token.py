"""`relay token`: replace Mateo's token."""

from __future__ import annotations

from relay_ops.exits import CommandError
from relay_ops.options import AsJson, Region, StackName, Yes
from relay_ops.output import Screen


def command(
    yes: Yes = False, stack: StackName = "", region: Region = "", as_json: AsJson = False
) -> None:
    """Store a new token for Mateo, try it, and resume submission if the old one paused it.

    The token is asked for, or read from stdin. Trying it is one request to Mateo; it counts.
    """
    from relay_ops.mateo import MateoAccount
    from relay_ops.pausing import SubmissionSwitch
    from relay_ops.secret_texts import ask, store_token
    from relay_ops.stack import open_stack

    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    token = ask("Mateo's token")
    screen.confirm(
        [
            f"Mateo's token of {opened.name} ({opened.place}) will be replaced and tried.",
            "It costs one of the day's requests and no entity.",
        ],
        yes=yes,
    )
    store_token(opened, token)
    try:
        with screen.progress("Trying it"):
            MateoAccount(opened).get("import", {"select": "id", "limit": "1"})
    except CommandError as error:
        raise CommandError(f"The token is stored, but it does not work. {error}") from error
    submission = SubmissionSwitch(opened)
    was_paused = submission.state().reason == "mateo.credentials"
    if was_paused:
        submission.resume()
    screen.result(
        {"stored": True, "accepted": True, "resumed": was_paused},
        lambda: screen.line(
            "Mateo accepts the token." + (" Submission runs again." if was_paused else "")
        ),
    )
