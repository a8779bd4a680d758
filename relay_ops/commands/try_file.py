"""`relay try`: what a webhook or record would become; with `--send` as a test on a stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relay_ops.exits import CommandError, ExitCode
from relay_ops.options import DEFAULT_FILE, AsJson, Region, StackName, Yes
from relay_ops.output import Screen, number_of

if TYPE_CHECKING:
    from relay_ops.sending import ReceiverAnswer
    from relay_ops.stack import Stack
    from relay_ops.trying import TriedItem, Webhook


def command(
    connection: Annotated[str, typer.Argument(help="Its name in connections.toml.")],
    file: Annotated[Path, typer.Argument(help="The body of a webhook, or a record as JSON.")],
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="NAME:VALUE", help="Of the request; repeatable."),
    ] = None,
    connections: Annotated[
        Path, typer.Option("--file", help="connections.toml; by default that of this clone.")
    ] = DEFAULT_FILE,
    send: Annotated[
        bool, typer.Option("--send", help="Send it to the stack, marked as a test.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="After --send: until the test has ended.")
    ] = True,
    yes: Yes = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show what a webhook would become: rows, notes, rejections, version and key.

    It needs no stack and no secret, and sends nothing. Ends with 1 if anything would be rejected.
    With --send it goes through the receiver, the queue and the mapping of a stack, with a secret of
    the connection, as a test: it is never posted to Mateo.
    """
    from relay_ops.trying import read_webhook, tried

    webhook = read_webhook(connections, connection, file, header or ())
    screen = Screen(as_json=as_json)
    if send:
        _send(screen, webhook, (stack, region), wait=wait, yes=yes)
        return
    found = tried(webhook)
    screen.result([one.as_json() for one in found], lambda: _show(screen, found))
    is_rejected = any(one.outcome == "rejected" for one in found)
    raise typer.Exit(ExitCode.FOUND if is_rejected else ExitCode.DONE)


def _send(
    screen: Screen, webhook: Webhook, where: tuple[str, str], *, wait: bool, yes: bool
) -> None:
    """Send a test and show its outcome.

    Raises:
        CommandError: the receiver did not store it.
    """
    from relay_ops.sending import send, wait_for_outcomes
    from relay_ops.stack import open_stack

    opened = open_stack(*where)
    plan = [
        f"The webhook will be sent to {webhook.name} of {opened.name} ({opened.place}) as a test.",
        "It is never posted to Mateo, and costs no entities and no requests of the day.",
    ]
    screen.confirm(plan, yes=yes)
    connection = webhook.connections[webhook.name]
    sent = send(opened, connection, webhook.request, is_test=True)
    if not sent.delivery:
        raise CommandError(_refused(webhook.name, sent))
    has_ended = False
    if wait:
        with screen.progress("Waiting for submission") as advance:
            has_ended = wait_for_outcomes(opened, sent.delivery, range(sent.items), advance)
    _show_sent(screen, opened, sent, has_ended=has_ended)
    raise typer.Exit(ExitCode.DONE if has_ended or not wait else ExitCode.FOUND)


def _show_sent(screen: Screen, stack: Stack, sent: ReceiverAnswer, *, has_ended: bool) -> None:
    from relay_ops.finding import Finding
    from relay_ops.matching import needle

    lines = Finding(stack, needle(sent.delivery)).history(days=1).lines if has_ended else ()
    ends = [line for line in lines if line.what != "received"]

    def show() -> None:
        records = number_of(sent.items, "record")
        screen.line(f"The receiver stored {records} as delivery {sent.delivery}.")
        for one in ends:
            texts = (one.what, one.record, one.code, one.why, one.what_to_do, *one.notes)
            screen.details([", ".join(filter(None, texts))])
        if not has_ended:
            screen.line("They wait in the queue; `relay status` says why. Look later with:")
            screen.line(f"relay find {sent.delivery}")

    content = {"delivery": sent.delivery, "records": sent.items, "has_ended": has_ended}
    screen.result({**content, "outcomes": [one.as_json() for one in ends]}, show)


def _refused(connection: str, sent: ReceiverAnswer) -> str:
    """What the receiver said, and what to do about it."""
    if sent.status == 401:
        hint = f"It knows another secret: run `relay secret {connection}`, and try again."
    elif sent.status == 404:
        hint = "It does not know the connection: run `make deploy`."
    elif sent.status == 503:
        hint = "Nothing was stored. Wait a minute, then look for webhook.unavailable in its log."
    else:
        hint = "It holds no record, or cannot be read: see `relay try` without --send."
    return f"The receiver answered {sent.status}: {sent.said}\n{hint}"


def _show(screen: Screen, found: list[TriedItem]) -> None:
    if not found:
        screen.line("The delivery holds no record.")
    for number, one in enumerate(found):
        if number:
            screen.line()
        if one.columns is None:
            screen.line(f"Item {number}, {one.event}: {one.outcome} {one.reason}".rstrip())
            told = (one.field and f"field {one.field}", one.what, one.what_to_do)
            screen.details(text for text in told if text)
        else:
            kind = "partial row" if one.is_partial else "row"
            screen.line(f"Item {number}, {one.event}: {kind} of a {one.record_type}")
            screen.line(f"  key {one.key}, version {one.version}")
            screen.table(
                ("  column", "value"),
                [(f"  {name}", _value(value)) for name, value in one.columns.items()],
            )
        for note in one.notes:
            screen.details([f"{note['field']}: {note['code']}. {note['what']}"])


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
