"""`relay find` as a person reads it, in a terminal of 80 columns, whatever they type."""

import json
import unicodedata

import pytest

import relay_ops.stack
from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.output import Screen
from relay_ops.stack import Stack
from tests.support.builders import message
from tests.support.following import ADA, BOB
from tests.support.relay import Relay

JOERG = {"id": "K-4711", "v": 1, "name": "Jörg Müller", "phone": "+49 171 2345678"}
LONGER = {"id": "K-47110", "v": 1, "name": "Grace"}
PHONES = (
    "0049 171 2345678",
    "00491712345678",
    " 0171 / 23 45-678 ",
    "+49(171)2345678",
    "1712345678",
)
NAMES = ("müller", unicodedata.normalize("NFD", "Jörg Mü"), "JÖRG", "  Müller ")


@pytest.fixture(autouse=True)
def _opened(relay: Relay, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_ops.stack, "open_stack", lambda *_: stack)
    monkeypatch.setenv("COLUMNS", "80")
    relay.submit(message([{**ADA, "email": "Ada@Example.com"}, BOB, JOERG, LONGER]))


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> set[str]:
    run(["find", *arguments, "--json"])
    return {one["record"] for one in json.loads(capsys.readouterr().out)["history"]}


@pytest.mark.parametrize("text", [*PHONES, *NAMES, "k-4711"])
def test_a_record_is_found_however_its_text_is_typed(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "contact K-4711" in found(capsys, text)


@pytest.mark.parametrize("text", ["ADA@EXAMPLE.COM", "ada@example.com", " Ada@example.com"])
def test_the_case_of_an_address_does_not_matter(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert found(capsys, text) == {"contact 1"}


def test_others_that_contain_the_text_are_only_named_unless_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["find", "K-4711"]) == ExitCode.DONE
    brief = capsys.readouterr().out.splitlines()
    assert run(["find", "K-4711", "--parts"]) == ExitCode.DONE
    long = capsys.readouterr().out.splitlines()

    assert "value: contact K-47110. Their history: --parts" in " ".join(" ".join(brief).split())
    assert [one.endswith("contact K-47110") for one in brief].count(True) == 0
    assert [one.endswith("contact K-47110") for one in long].count(True) == 2


def test_another_without_an_id_is_named_by_its_item(
    relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.submit(message([{"v": 1, "name": "Mr K-4711"}], delivery="d9"), invocation="second")

    assert run(["find", "K-4711"]) == ExitCode.DONE

    said = " ".join(capsys.readouterr().out.split())
    assert "of a value: d9/0, contact K-47110." in said


def test_no_id_is_broken_over_lines_of_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["find", "Ada"]) == ExitCode.DONE

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("item d1/0," in one for one in lines)


def test_a_text_that_is_not_found_ends_with_1_and_says_where_a_record_may_wait(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["find", "nobody@example.com"]) == ExitCode.FOUND
    assert "may wait in the queue" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_text_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["find", text]) == ExitCode.USAGE
    assert "Say what to look for" in capsys.readouterr().err


def test_of_many_that_contain_the_text_only_names_are_told(
    relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    many = [{"id": f"M-{number}", "v": 1, "name": f"Zacharias {number}"} for number in range(14)]
    relay.submit(message(many, delivery="d8"), invocation="many")

    assert run(["find", "Zacharias"]) == ExitCode.DONE
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("Records that have the text only as a part of a value: contact M-")
    assert said.endswith("and 4 more. Their history: --parts")

    assert run(["find", "Zacharias", "--parts"]) == ExitCode.DONE
    assert "item d8/13," in capsys.readouterr().out


def test_a_record_without_an_id_is_asked_for_by_its_address_as_it_was_sent(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.submit(message([{"v": 1, "email": "Zoe@Example.com"}], delivery="d7"), invocation="x")
    asked: list[object] = []

    def stored(_: Stack, records: list[object]) -> list[object]:
        asked.extend(records)
        return []

    shown: list[str] = []
    progress = Screen.progress

    def noted(screen: Screen, what: str, total: float | None = None) -> object:
        shown.append(what)
        return progress(screen, what, total)

    monkeypatch.setattr("relay_ops.in_mateo.stored_in_mateo", stored)
    monkeypatch.setattr(Screen, "progress", noted)

    assert run(["find", "zoe@example.com", "--in-mateo"]) == ExitCode.DONE

    assert asked == [("contact_details", "email", "Zoe@Example.com")]
    assert shown == ["Reading", "Asking Mateo"]  # both take time


def test_a_record_without_an_identifier_is_not_asked_for_in_mateo(
    relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.submit(message([{"v": 1, "name": "Mr Nobody"}], delivery="d6"), invocation="x")

    assert run(["find", "Mr Nobody", "--in-mateo"]) == ExitCode.DONE

    assert "Mateo was not asked" in capsys.readouterr().out
