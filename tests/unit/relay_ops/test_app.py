"""The console script: it starts fast, knows its commands, and ends with documented codes."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from import_relay.domain.errors import StoreUnavailable
from relay_ops import stack
from relay_ops.app import COMMANDS, READ, run
from relay_ops.exits import CommandError, ExitCode
from tests.docs.documents import document

ROOT = Path(__file__).parents[3]
LONG = "x" * 300
HELP = """
import sys
from relay_ops.app import run

run(["--help"])
slow = ("boto3", "botocore", "pydantic", "httpx", "phonenumbers", "import_relay.connectors")
print([one for one in slow if one in sys.modules])
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_each_listed_command_can_be_imported(name: str) -> None:
    assert callable(import_module(f"relay_ops.commands.{COMMANDS[name].module}").command)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == ExitCode.DONE
    assert f"relay {name}" in capsys.readouterr().out


def options(name: str) -> set[str]:
    """The options of a command."""
    app = typer.Typer(add_completion=False)
    app.command(name)(import_module(f"relay_ops.commands.{COMMANDS[name].module}").command)
    return {one for each in typer.main.get_command(app).params for one in each.opts}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_json_and_takes_a_stack_and_what_changes_takes_a_yes(name: str) -> None:
    found = options(name)

    assert {"--json", "--stack", "--region"} <= found
    assert "--yes" in found or COMMANDS[name].panel == READ


def test_each_exit_code_stands_on_the_page() -> None:
    rows = document("docs/desk.md").section("Exit codes").rows

    assert [int(row[0]) for row in rows] == [code.value for code in ExitCode]


def test_help_lists_the_commands_without_what_they_need() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HELP], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ended.stdout.splitlines()[-1] == "[]"
    assert all(f" {name} " in ended.stdout for name in COMMANDS)


def test_completion_knows_the_options_of_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_RELAY_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "relay check --acc")
    monkeypatch.setenv("COMP_CWORD", "2")

    run([])

    assert capsys.readouterr().out.split() == ["--account"]


@pytest.mark.parametrize("arguments", [["nonsense"], ["check", "--nonsense"]])
def test_a_wrong_word_is_a_usage_mistake(arguments: list[str]) -> None:
    assert run(arguments) == ExitCode.USAGE


def test_check_ends_with_1_if_there_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "connections.toml"
    file.write_text('[shop]\nkind = "shopfy"\n', encoding="utf-8")

    assert run(["check", str(file), "--json"]) == ExitCode.FOUND
    assert "shopfy" in capsys.readouterr().out


def test_check_of_a_missing_file_is_a_usage_mistake(tmp_path: Path) -> None:
    assert run(["check", str(tmp_path / "connections.toml")]) == ExitCode.USAGE


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", LONG),
        ("try", "json", LONG),
        ("try", "json", __file__, "--file", LONG),
        ("import", LONG, "--connection", "json", "--dry-run"),
        ("import", __file__, "--connection", "json", "--connections", LONG),
    ],
)
def test_a_local_file_that_the_system_refuses_is_a_usage_mistake(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """Like one without permission, of which root knows nothing."""
    assert run(arguments) == ExitCode.USAGE
    assert "File name too long" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [StoreUnavailable("3 of 10 were stored"), CommandError("It is \x1b[2J\u202ethere.")],
    ids=["the relay's own", "a command's"],
)
def test_an_error_is_one_text_that_a_terminal_only_shows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(stack, "open_stack", fails)

    assert run(["status"]) == ExitCode.UNAVAILABLE
    said = capsys.readouterr().err
    assert said == str(error).replace("\x1b", r"\u001b").replace("\u202e", r"\u202e") + "\n"


def test_a_fault_of_a_command_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(stack, "open_stack", fails)

    with pytest.raises(ZeroDivisionError):
        run(["status"])
