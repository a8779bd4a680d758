"""`relay erase`: lists every place that holds a person, and erases them there and in Mateo."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from relay_ops.exits import ExitCode, NotConfirmed, UsageMistake
from relay_ops.options import AsJson, Region, StackName, Yes
from relay_ops.output import UNCHANGED, Screen, number_of

if TYPE_CHECKING:
    from relay_ops.erasing.demands import Pending
    from relay_ops.erasing.erasure import Erasure, Listed
    from relay_ops.erasing.person import Known
    from relay_ops.stack import Stack

MAX_OTHERS = 5
"""Of the contacts that share a handle, so many are named."""


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
    delete_refused: Annotated[
        bool,
        typer.Option("--delete-refused", help="Delete refused uploads that hold them as a whole."),
    ] = False,
    yes: Yes = False,
    stack: StackName = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """List every place that holds a person, then erase them there and in Mateo.

    Erase the person in the CRM first: whatever it sends later is imported. Records in queues cannot
    be searched; submission leaves them out. Writes a receipt without personal data. Run it again if
    it is interrupted. Ends with 1 if nobody is found, several persons are, or a part of a name is
    given with --yes and without --only.
    """
    from relay_ops.erasing.erasure import Erasure
    from relay_ops.stack import open_stack

    if bool(text) is pending:
        raise UsageMistake("Say whom to erase, or --pending for what was demanded.")
    screen = Screen(as_json=as_json)
    opened = open_stack(stack, region)
    erasure = Erasure(opened, screen.remark, delete_refused=delete_refused)
    found = (
        _pending(screen, opened) if pending else _named(screen, erasure, (text, yes), only or [])
    )
    if not found:
        screen.result({"erased": []}, lambda: screen.line("Nothing is pending."))
        return
    with screen.progress("Searching") as erasure.advance:
        listed = [(key, erasure.list_places(known)) for key, known in found]
    plan = _plan(opened, [one for _, one in listed], delete_refused=delete_refused)
    screen.confirm(plan, yes=yes)
    receipts = []
    with screen.progress("Erasing") as erasure.advance:
        for key, one in listed:
            receipts.append(erasure.erase(one.known, key))
    screen.result({"erased": receipts}, lambda: _show(screen, receipts))


def _named(
    screen: Screen, erasure: Erasure, said: tuple[str, bool], only: list[str]
) -> list[tuple[str, Known]]:
    """The person whom a text means, as an erasure that is not stored yet.

    `said`: the text, and whether nothing may be asked.
    """
    from relay_ops.erasing.choosing import Choosing
    from relay_ops.matching import needle

    text, yes = said
    choosing = Choosing(erasure.stack, needle(text), memory=erasure.memory)
    with screen.progress("Reading") as advance:
        persons = choosing.persons(advance)
    alone = choosing.by_text_alone()
    is_certain = choosing.is_certain or not persons
    if not persons and alone:
        persons = [alone]
    if only and persons:
        persons = _picked(screen, persons, only)
    elif len(persons) > 1 or not is_certain:
        persons = _choose(screen, persons, yes=yes)
    if not persons:
        screen.result({"persons": []}, lambda: screen.line("Nobody was found."))
        raise typer.Exit(ExitCode.FOUND)
    return [("", one) for one in persons]


def _picked(screen: Screen, persons: list[Known], only: list[str]) -> list[Known]:
    """Those whom `--only` names; each of its ids must be one person's."""
    from relay_ops.erasing.choosing import has_handle

    found: list[Known] = []
    for text in only:
        hits = [one for one in persons if has_handle(one, text)]
        if len(hits) != 1:
            _refuse(screen, persons, f"{len(hits)} of them have an id that --only names.")
        found += [one for one in hits if one not in found]
    return found


def _choose(screen: Screen, persons: list[Known], *, yes: bool) -> list[Known]:
    """Ask which person is meant; where nothing can be asked, list them and do nothing."""
    import sys

    if yes or screen.as_json or not sys.stdin.isatty():
        _refuse(screen, persons, "The text does not say for certain who it is.")
    _show_persons(screen, _shown(persons))
    answer = screen.ask("Which one? Its number, or nothing: ")
    if answer not in map(str, range(1, len(persons) + 1)):
        raise NotConfirmed(f"Nobody was chosen. {UNCHANGED}")
    return [persons[int(answer) - 1]]


def _refuse(screen: Screen, persons: list[Known], why: str) -> NoReturn:
    shown = _shown(persons)
    screen.result({"persons": shown}, lambda: _show_persons(screen, shown))
    screen.remark(f"{why} Nothing was changed. Add --only with an id that one person has.")
    raise typer.Exit(ExitCode.FOUND)


def _shown(persons: list[Known]) -> list[dict[str, list[str]]]:
    return [{"names": list(one.names), "ids": sorted(_labels(one))} for one in persons]


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


def _plan(stack: Stack, listed: list[Listed], *, delete_refused: bool) -> list[str]:
    requests = sum(one.requests for one in listed)
    who = "One person is" if len(listed) == 1 else f"{len(listed)} persons are"
    texts = [f"{who} erased on {stack.name} ({stack.place}):"]
    for one in listed:
        texts.append("  " + ", ".join([*one.known.names, *sorted(_labels(one.known))]))
        texts.append("  " + (", ".join(f"{n} in {p}" for p, n in one.places.items()) or "nowhere"))
        if one.known.shared:
            texts += _shared(one.known)
        end = "it is deleted" if delete_refused else "it stays, unless --delete-refused is added"
        texts += [f"  {key} was refused and holds them: {end}" for key in one.survey.refused]
    uploads = sorted({key for one in listed for key in one.survey.unsearched})
    texts += [f"  {key} cannot be read, only looked through" for key in uploads]
    queued = listed[0].queued
    texts += [
        f"  {number_of(count, 'message')} in {name} cannot be searched"
        for name, count in queued.items()
    ]
    return [
        *texts,
        "Submission leaves out what it received of them until now.",
        f"It costs at most {number_of(requests, 'request')} of the day and no entity.",
    ]


def _shared(known: Known) -> Iterator[str]:
    """Their handles that other contacts have, and who those are: they may be the same person."""
    handles = ", ".join(sorted(one.partition(":")[2] for one in known.shared))
    others = sorted(known.others)
    more = f" and {len(others) - MAX_OTHERS:,} more" if len(others) > MAX_OTHERS else ""
    who = f" ({', '.join(others[:MAX_OTHERS])}{more})" if others else ""
    yield f"  {handles}: others have it as well{who}, and keep it"
    if others:
        yield "  If one of them is the same person, erase that contact by its id too."


def _show(screen: Screen, receipts: list[dict[str, Any]]) -> None:
    for one in receipts:
        places = ", ".join(f"{count} in {name}" for name, count in one["places"].items())
        screen.line(f"Erased: {places or 'nothing was stored'}. Receipt: {one['receipt']}")
        if one["left_in_mateo"]:
            others = number_of(one["left_in_mateo"], "contact")
            screen.line(f"Left in Mateo: {others} with a handle of theirs and another id.")
