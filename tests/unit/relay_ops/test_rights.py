"""A person who lacks a permission is told which policy of the stack to ask for."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.errors import StoreUnavailable
from relay_ops import stack
from relay_ops.app import COMMANDS, READ, run
from relay_ops.exits import ExitCode
from relay_ops.rights import NOT_ALLOWED, NOT_SIGNED_IN, OPERATOR, READER, READS, policy_for
from tests.docs.documents import document

TRIED = {
    "status": ["status"],
    "find": ["find", "4711"],
    "find in Mateo": ["find", "4711", "--in-mateo"],
    "failures": ["failures"],
    "open": ["open"],
    "daily": ["daily"],
    "try": ["try", "json", "events/json.batch.json", "--send"],
    "check": ["check", "--account"],
    "import": ["import", "FILE", "--connection", "json"],
    "replay": ["replay", "--connection", "json", "--from", "2026-11-21"],
    "redrive": ["redrive"],
    "erase": ["erase", "4711"],
    "pause": ["pause"],
    "resume": ["resume"],
    "token": ["token"],
    "secret": ["secret", "json"],
}
NEED = {
    name: READER if arguments[0] in READS and name != "find in Mateo" else OPERATOR
    for name, arguments in TRIED.items()
}


def fails(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refused(*_: object) -> None:
        raise error

    monkeypatch.setattr(stack, "open_stack", refused)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "not authorized"}}, "DescribeStacks")


@pytest.mark.parametrize("name", TRIED)
def test_each_command_names_the_policy_that_it_needs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails(monkeypatch, refusal("AccessDenied"))
    file = tmp_path / "rows.csv"
    file.write_text("id\n1\n", encoding="utf-8")

    assert run([one.replace("FILE", str(file)) for one in TRIED[name]]) == ExitCode.UNAVAILABLE

    said = capsys.readouterr().err
    assert f"output {NEED[name]} names" in said
    assert policy_for(TRIED[name]) == NEED[name]


def test_every_command_is_tried() -> None:
    assert {one[0] for one in TRIED.values()} == COMMANDS.keys()
    assert {name for name, one in COMMANDS.items() if one.panel == READ} >= READS


@pytest.mark.parametrize("word", [*NOT_ALLOWED[:-1], "403"])
def test_each_refusal_names_a_policy(
    word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails(monkeypatch, refusal(word))

    run(["redrive"])

    assert OPERATOR in capsys.readouterr().err


@pytest.mark.parametrize("word", NOT_SIGNED_IN)
def test_a_person_who_is_not_signed_in_is_told_to_sign_in(
    word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails(monkeypatch, refusal(word))

    run(["redrive"])

    said = capsys.readouterr().err
    assert "sign in again" in said
    assert "Policy" not in said


def test_a_refusal_that_a_store_reports_names_a_policy_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails(monkeypatch, StoreUnavailable("ClientError: AccessDenied in SendMessageBatch"))

    run(["replay", "--connection", "json", "--from", "2026-11-21"])

    assert OPERATOR in capsys.readouterr().err


def test_the_page_allows_a_reader_the_same_commands() -> None:
    rows = dict(document("docs/desk.md").section("Who may use it").rows)

    named = rows[f"`{READER}`"].partition(".")[0]
    assert {one.strip("`") for one in named.replace(" and ", ", ").split(", ")} == READS
