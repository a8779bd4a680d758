"""`relay erase`: lists every place that holds a person, and erases them there and in Mateo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay_ops.exits import ExitCode, UsageMistake
from relay_ops.options import AsJson, Region, StackName, Yes
from relay_ops.output import Screen

if TYPE_CHECKING:
    from relay_ops.erasing.demands import Pending
    from relay_ops.erasing.erasure import Listed
    from relay_ops.erasing.person import Known
    from relay_ops.stack import Stack


def command(
    text: Annotated[
        str, typer.Argument(help="External id, e-mail, phone number, or part of a name.")
    ] = "",
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Of several persons this one, by an id that is listed."),
    ] = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="What webhooks demanded, and what broke off.")
    ] = False,
    yes: Yes = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """List every place that holds a person, then erase them there and in Mateo.

    Erase the person in the CRM first: what it sends from now on is imported. Records in queues
    cannot be searched; submission leaves them out. Writes a receipt without personal data. Run it
    again if it breaks off. Ends with 1 if nobody is found, or several persons are.
    """
    from relay_ops.erasing.erasure import Erasure
    from relay_ops.stack import open_stack

    if bool(text) is pending:
        raise UsageMistake("Say whom to erase, or --pending for what was demanded.")
    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    found = _pending(screen, opened) if pending else _named(screen, opened, text, only or [])
    if not found:
        screen.result({"erased": []}, lambda: screen.line("Nothing is pending."))
        return
    erasure = Erasure(opened, screen.remark)
    with screen.progress("Searching") as erasure.advance:
        listed = [(key, erasure.list_places(known)) for key, known in found]
    screen.confirm(_plan(opened, [one for _, one in listed]), yes=yes)
    receipts = []
    with screen.progress("Erasing") as erasure.advance:
        for key, one in listed:
            receipts.append(erasure.erase(one.known, key))
    screen.result({"erased": receipts}, lambda: _show(screen, receipts))


def _named(screen: Screen, stack: Stack, text: str, only: list[str]) -> list[tuple[str, Known]]:
    """The person whom a text means, as a thing to be done that is not kept yet."""
    from relay_ops.erasing.choosing import Choosing
    from relay_ops.matching import needle

    choosing = Choosing(stack, needle(text))
    with screen.progress("Reading") as advance:
        persons = choosing.persons(advance)
    alone = choosing.by_text_alone()
    if not persons and alone:
        persons = [alone]
    if only:
        persons = [one for one in persons if _labels(one) & set(only)]
    if len(persons) > 1 and not only:
        persons = _choose(screen, persons)
    if not persons:
        screen.result({"persons": []}, lambda: screen.line("Nobody was found."))
        raise typer.Exit(ExitCode.FOUND)
    return [("", one) for one in persons]


def _choose(screen: Screen, persons: list[Known]) -> list[Known]:
    """Which of several persons; without a terminal they are listed, and nothing is done."""
    import sys

    shown = [{"names": list(one.names), "ids": sorted(_labels(one))} for one in persons]
    if screen.as_json or not sys.stdin.isatty():
        screen.result({"persons": shown}, lambda: _show_persons(screen, shown))
        screen.remark("Several persons match. Nothing was changed. Add --only with an id of one.")
        raise typer.Exit(ExitCode.FOUND)
    _show_persons(screen, shown)
    answer = screen.err.input("Which one? Its number, or nothing: ").strip()
    return [persons[int(answer) - 1]] if answer in map(str, range(1, len(persons) + 1)) else []


def _show_persons(screen: Screen, shown: list[dict[str, list[str]]]) -> None:
    rows = [
        (str(number), ", ".join(one["names"]), ", ".join(one["ids"]))
        for number, one in enumerate(shown, 1)
    ]
    screen.table(("", "name", "ids, e-mail addresses, phone numbers"), rows)


def _labels(known: Known) -> set[str]:
    return {one.partition(":")[2] for one in known.ids | known.handles}


def _pending(screen: Screen, stack: Stack) -> list[tuple[str, Known]]:
    """Everything that waits, with whom each is about."""
    from relay_ops.erasing.demands import pending

    with screen.progress("Reading"):
        return [(one.key, _demanded(stack, one)) for one in pending(stack)]


def _demanded(stack: Stack, one: Pending) -> Known:
    from relay_ops.erasing.choosing import demanded
    from relay_ops.erasing.person import Known

    if one.demand is None:
        return one.known or Known()
    return demanded(stack, one.connection, one.demand)


def _plan(stack: Stack, listed: list[Listed]) -> list[str]:
    requests = sum(one.requests for one in listed)
    texts = [f"{len(listed)} persons are erased on {stack.name} ({stack.place}):"]
    for one in listed:
        texts.append("  " + (", ".join(f"{n} in {p}" for p, n in one.places.items()) or "nowhere"))
        if one.known.shared:
            texts.append(f"  {len(one.known.shared)} handles that others have as well stay theirs")
    queued = listed[0].queued
    texts += [f"  {count} messages in {name} cannot be searched" for name, count in queued.items()]
    return [
        *texts,
        "Submission leaves out what it received of them until now.",
        f"Mateo is asked with at most {requests} requests of the day. No entity is used.",
    ]


def _show(screen: Screen, receipts: list[dict[str, Any]]) -> None:
    for one in receipts:
        places = ", ".join(f"{count} in {name}" for name, count in one["places"].items())
        screen.line(f"Erased: {places or 'nothing was stored'}. Receipt: {one['receipt']}")
        if one["left_in_mateo"]:
            screen.line(
                f"{one['left_in_mateo']} contacts of Mateo have a handle of theirs and another id. "
                "They stay."
            )
