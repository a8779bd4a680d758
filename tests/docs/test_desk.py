"""docs/desk.md lists every command of `relay`, and no other."""

import re
import shlex
from importlib import import_module

import pytest
import typer

from relay_ops.app import COMMANDS
from tests.docs.documents import document

PAGE = document("docs/desk.md")


def test_every_command_stands_in_the_table() -> None:
    cells = " ".join(row[0] for row in PAGE.section("Commands").rows)
    assert set(re.findall(r"`relay ([a-z]+)", cells)) == set(COMMANDS)


def questions() -> list[tuple[str, str]]:
    """Question and command of each row."""
    return [(row[0], row[1].strip("`")) for row in PAGE.section("Questions").rows]


def test_eleven_questions_have_one_command_each() -> None:
    assert len({question for question, _ in questions()}) == 11
    assert all(command.startswith("relay ") for _, command in questions())


@pytest.mark.parametrize("command", [command for _, command in questions()])
def test_the_command_of_each_question_is_one_that_relay_understands(command: str) -> None:
    """Its name, its arguments and its options, without carrying it out."""
    name, *arguments = shlex.split(command)[1:]
    module = import_module(f"relay_ops.commands.{COMMANDS[name].module}")
    app = typer.Typer(add_completion=False)
    app.command(name)(module.command)

    typer.main.get_command(app).make_context(name, arguments)
