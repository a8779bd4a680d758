"""A terminal shows what records hold, and obeys nothing of it."""

import json
import sys
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.progress import Task

from relay_ops.exits import NotConfirmed
from relay_ops.output import CountColumn, Screen, number_of
from tests.support.terminal import Terminal

OBEYED = "\x1b]0;title\x07\x1b[2J\x9b31m\u202egpj\u2066\x00"
SHOWN = r"\u001b]0;title\u0007\u001b[2J\u009b31m\u202egpj\u2066\u0000"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal on which nothing wraps."""
    monkeypatch.setenv("COLUMNS", "200")


def test_what_a_terminal_obeys_is_an_escape_that_can_be_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen()
    screen.line(f"line {OBEYED}")
    screen.details([f"detail {OBEYED}"])
    screen.remark(f"remark {OBEYED}")
    screen.table(("column",), [(f"cell {OBEYED}",)], title=f"title {OBEYED}")

    said = capsys.readouterr()
    assert f"line {SHOWN}" in said.out
    assert f"    detail {SHOWN}" in said.out
    assert f"cell {SHOWN}" in said.out
    assert f"remark {SHOWN}" in said.err
    assert not {"\x1b", "\x07", "\x9b", "\x00", "\u202e", "\u2066"} & {*(said.out + said.err)}


def test_json_says_the_same_texts_without_anything_that_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen(as_json=True).result({"name": OBEYED, "lines": "a\nb"}, lambda: None)

    text = capsys.readouterr().out
    assert json.loads(text) == {"name": OBEYED, "lines": "a\nb"}
    assert not {"\x1b", "\x9b", "\u202e", "\u2066"} & {*text}


def test_lines_and_tabs_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().line("first\n  second")

    assert capsys.readouterr().out == "first\n  second\n"


@pytest.mark.parametrize(
    ("typed", "is_confirmed"),
    [("y\n", True), (" YES \n", True), ("\n", False), ("n\n", False), ("", False)],
)
def test_a_question_shows_its_answers_and_only_a_yes_is_one(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    is_confirmed: bool,
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    outcome: Any = (
        nullcontext() if is_confirmed else pytest.raises(NotConfirmed, match="was changed")
    )
    with outcome:
        Screen().confirm(["A plan."], yes=False)
    said = capsys.readouterr()
    assert "Do it? [y/N] " in said.out + said.err
    assert "A plan.\n" in said.err


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 messages"), (1, "1 message"), (1_200, "1,200 messages")]
)
def test_a_count_of_one_has_the_singular(count: int, text: str) -> None:
    assert number_of(count, "message") == text
    assert number_of(count, "delivery") == text.replace("messages", "deliveries").replace(
        "message", "delivery"
    )


@pytest.mark.parametrize(
    ("completed", "total", "text"),
    [
        pytest.param(0, None, "", id="not begun"),
        pytest.param(10_000, None, "10,000", id="without an end"),
        pytest.param(10_000, 50_000, "10,000 of 50,000", id="with one"),
    ],
)
def test_the_count_of_a_progress_bar(completed: int, total: int | None, text: str) -> None:
    task = SimpleNamespace(completed=completed, total=total)

    assert str(CountColumn().render(cast("Task", task))) == text
