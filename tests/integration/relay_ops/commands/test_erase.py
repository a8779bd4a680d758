"""`relay erase` as an operator runs it: whom it means, what it asks, how it ends."""

import json

import pytest

import relay_ops.stack
from relay_ops.app import run
from relay_ops.erasing import erasure
from relay_ops.erasing.demands import RECEIPTS, keep, pending
from relay_ops.erasing.in_mateo import MateoContacts
from relay_ops.erasing.person import Known
from relay_ops.exits import ExitCode
from relay_ops.stack import Stack
from tests.support.builders import message
from tests.support.finishing import finish
from tests.support.following import ADA, BOB
from tests.support.mateo import MateoImports
from tests.support.relay import Relay
from tests.support.terminal import Terminal


@pytest.fixture(autouse=True)
def _opened(
    relay: Relay, mateo: MateoImports, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ada and Bob are imported; Mateo deletes each contact that it is asked to."""
    monkeypatch.setattr(relay_ops.stack, "open_stack", lambda *_: stack)
    monkeypatch.setattr(erasure, "delete_in_mateo", lambda *_: MateoContacts())
    relay.submit(message([ADA, BOB]))
    finish(relay, mateo)


def receipts(relay: Relay) -> int:
    return len(relay.aws.objects(RECEIPTS))


def test_several_persons_are_listed_and_nothing_is_done(
    relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["erase", "Example", "--yes", "--json"]) == ExitCode.FOUND
    shown = json.loads(capsys.readouterr().out)["persons"]
    assert sorted(name for one in shown for name in one["names"]) == ["Ada Example", "Bob Example"]
    assert receipts(relay) == 0


def test_one_of_several_is_named_by_an_id(relay: Relay) -> None:
    assert run(["erase", "Example", "--only", "1", "--yes"]) == ExitCode.DONE
    assert receipts(relay) == 1
    assert run(["find", "Ada"]) == ExitCode.FOUND
    assert run(["find", "Bob"]) == ExitCode.DONE


def test_an_address_that_another_record_mentions_is_not_that_person(
    relay: Relay, mateo: MateoImports, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.submit(message([{**BOB, "v": 9, "referred_by": "zoe@example.com"}], delivery="d2"))
    finish(relay, mateo)
    assert run(["erase", "zoe@example.com", "--yes"]) == ExitCode.DONE
    assert "  zoe@example.com\n" in capsys.readouterr().err
    assert run(["find", "Bob"]) == ExitCode.DONE


def test_a_part_of_a_name_is_never_chosen_silently(
    relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["erase", "Bo", "--yes", "--json"]) == ExitCode.FOUND
    capsys.readouterr()
    assert run(["erase", "Bob", "--yes", "--json"]) == ExitCode.FOUND
    (shown,) = json.loads(capsys.readouterr().out)["persons"]
    assert (shown["names"], receipts(relay)) == (["Bob Example"], 0)
    assert run(["erase", "Bob", "--only", "2", "--yes"]) == ExitCode.DONE
    assert receipts(relay) == 1


def test_a_handle_that_several_share_chooses_none_of_them(
    relay: Relay, mateo: MateoImports, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = {"phone": "+491712345678", "v": 9}
    for number, one in enumerate((ADA, BOB)):
        relay.submit(message([{**one, **shared}], delivery=f"s{number}"))
        finish(relay, mateo)
    arguments = ["erase", "Example", "--only", "+49 171 2345678", "--yes", "--json"]
    assert run(arguments) == ExitCode.FOUND
    assert len(json.loads(capsys.readouterr().out)["persons"]) == 2
    assert receipts(relay) == 0


def two_with_one_address(relay: Relay, mateo: MateoImports) -> None:
    """One batch gives the address to the last one, and leaves it out of the other's row."""
    both = [{"id": n, "v": 9, "name": f"Zoe {n}", "email": "zoe@example.com"} for n in (8, 9)]
    relay.submit(message(both, delivery="z1"))
    finish(relay, mateo)


def test_a_person_who_shares_a_handle_is_named_though_a_row_lacks_it(
    relay: Relay, mateo: MateoImports, capsys: pytest.CaptureFixture[str]
) -> None:
    two_with_one_address(relay, mateo)
    for mine, other in (("8", "9"), ("9", "8")):
        assert run(["erase", mine]) == ExitCode.NOT_CONFIRMED
        said = capsys.readouterr().err
        assert f"  zoe@example.com: others have it as well ({other}), and keep it\n" in said
        assert "erase that contact by its id too" in said


def test_an_address_means_everybody_who_has_it_though_a_row_lacks_it(
    relay: Relay, mateo: MateoImports, capsys: pytest.CaptureFixture[str]
) -> None:
    two_with_one_address(relay, mateo)
    assert run(["erase", "zoe@example.com", "--yes", "--json"]) == ExitCode.FOUND
    persons = json.loads(capsys.readouterr().out)["persons"]
    ids = sorted(one["ids"] for one in persons)
    assert ids == [["8", "zoe@example.com"], ["9", "zoe@example.com"]]
    assert receipts(relay) == 0


def test_nothing_is_changed_without_a_yes(
    relay: Relay, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["erase", "1"]) == ExitCode.NOT_CONFIRMED
    said = capsys.readouterr().err
    assert "1 in imports" in said
    assert "Ada Example, 1" in said
    assert "requests of the day and no entity" in said
    assert (receipts(relay), pending(stack)) == (0, [])
    assert run(["find", "Ada"]) == ExitCode.DONE


def test_a_name_that_no_record_has_erases_nothing(relay: Relay) -> None:
    assert run(["erase", "Nobody Known", "--yes"]) == ExitCode.FOUND
    assert receipts(relay) == 0


def test_an_address_that_is_nowhere_may_wait_in_a_queue(
    relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["erase", "zoe@example.com", "--yes", "--json"]) == ExitCode.DONE
    (receipt,) = json.loads(capsys.readouterr().out)["erased"]
    assert (receipt["places"], len(receipt["hashed_keys"])) == ({}, 1)


def test_a_pending_erasure_is_completed_once(relay: Relay, stack: Stack) -> None:
    keep(stack, Known(ids={"external_id:1"}))
    assert run(["erase", "--pending", "--yes"]) == ExitCode.DONE
    assert (receipts(relay), pending(stack)) == (1, [])
    assert run(["erase", "--pending"]) == ExitCode.DONE
    assert run(["find", "Ada"]) == ExitCode.FOUND


@pytest.mark.parametrize("arguments", [[], ["1", "--pending"]])
def test_either_a_person_or_what_is_pending_is_named(arguments: list[str]) -> None:
    assert run(["erase", *arguments]) == ExitCode.USAGE


@pytest.mark.parametrize("typed", ["\n", "7\n", "x\n", ""])
def test_without_a_choice_of_a_person_nothing_is_changed(
    relay: Relay,
    typed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert run(["erase", "Example"]) == ExitCode.NOT_CONFIRMED
    said = capsys.readouterr()
    assert "Nothing was changed." in said.err
    assert "Nobody was found" not in said.out
    assert receipts(relay) == 0


def test_one_of_several_is_chosen_by_its_number(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("1\ny\n"))
    assert run(["erase", "Example"]) == ExitCode.DONE
    assert receipts(relay) == 1
