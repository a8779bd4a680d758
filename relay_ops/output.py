"""What a person sees of a command, and what a program reads instead with `--json`.

Results go to stdout; progress, questions and remarks go to stderr, so that a pipe holds results
alone.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text

from import_relay.domain.report_text import defused
from relay_ops.exits import NotConfirmed

T = TypeVar("T")
Cell = str | int | None
INDENT = "    "
UNCHANGED = "Nothing was changed."
ADD_YES = f"{UNCHANGED} Add --yes to do it without being asked."
NO_COST = "It costs no entity and no request of the day."


class Screen:
    r"""The terminal of one command.

    Texts that come from records or files are only shown: markup in them means nothing, and what a
    terminal obeys, such as an escape or a mark that turns the direction round, stands there as
    `\u001b`.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        """`as_json`: results are JSON documents for programs, and nothing else is on stdout."""
        self.as_json = as_json
        self.out = Console(highlight=False, soft_wrap=False)
        self.err = Console(highlight=False, stderr=True)

    def result(self, content: object, show: Callable[[], None]) -> None:
        """Write the result once: as JSON, or as `show` shows it to a person."""
        if self.as_json:
            text = json.dumps(content, indent=2, ensure_ascii=False, default=str)
            sys.stdout.write(defused(text) + "\n")
        else:
            show()

    def line(self, text: str = "", style: str | None = None) -> None:
        """A line of the result for a person."""
        self.out.print(defused(text), style=style, markup=False)

    def details(self, texts: Iterable[str]) -> None:
        """Lines that say more of the one before: indented, wrapped, ids in one piece."""
        for text in texts:
            wrapped = textwrap.wrap(
                defused(text),
                self.out.width,
                initial_indent=INDENT,
                subsequent_indent=INDENT,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for one in wrapped:
                self.out.print(one, markup=False, soft_wrap=True)

    def remark(self, text: str, style: str | None = None) -> None:
        """A line beside the result."""
        self.err.print(defused(text), style=style, markup=False)

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        *,
        title: str = "",
        whole: Collection[str] = (),
    ) -> None:
        """A table; whole numbers stand to the right, with separators.

        Long texts wrap, but for the columns `whole`, whose texts a person copies.
        """
        listed = [list(row) for row in rows]
        if title:
            self.line(title, "italic")
        table = Table(
            box=None,
            pad_edge=False,
            padding=(0, 2, 0, 0),
        )
        for number, name in enumerate(columns):
            are_numbers = bool(listed) and all(isinstance(row[number], int) for row in listed)
            table.add_column(
                escape(defused(name)),
                justify="right" if are_numbers else "left",
                overflow="fold",
                no_wrap=are_numbers or name in whole,
            )
        for row in listed:
            table.add_row(*(escape(defused(_cell(one))) for one in row))
        self.out.print(table)

    @contextmanager
    def progress(self, what: str, total: float | None = None) -> Iterator[Callable[..., None]]:
        """Show how far something is while the block runs.

        Gives a function: called with a number it moves on by that many (1), with `total=` it says
        how many there are, with `what=` what goes on now. Nothing is shown where nobody looks.
        """
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), CountColumn())
        with Progress(
            *columns, console=self.err, transient=True, disable=not self.err.is_terminal
        ) as bar:
            task = bar.add_task(escape(defused(what)), total=total)

            def advance(by: float = 1, *, total: float | None = None, what: str = what) -> None:
                bar.update(task, advance=by, total=total, description=escape(defused(what)))

            yield advance

    def confirm(self, plan: Iterable[str], *, yes: bool) -> None:
        """Say what will be done, and ask. With `yes` nobody is asked.

        Raises:
            NotConfirmed: the answer is no, or there is no terminal to ask at.
        """
        for text in plan:
            self.remark(text)
        if yes:
            return
        if not sys.stdin.isatty():
            raise NotConfirmed(ADD_YES)
        if self.ask("Do it? [y/N] ").casefold() not in ("y", "yes"):
            raise NotConfirmed(UNCHANGED)

    def ask(self, question: str) -> str:
        """What a person types after a question, without spaces around it.

        Raises:
            NotConfirmed: there is nobody any more who could.
        """
        try:
            return self.err.input(question, markup=False).strip()
        except EOFError as error:
            raise NotConfirmed(UNCHANGED) from error


class CountColumn(ProgressColumn):
    """How far it is: `10,000 of 50,000`, without the end `10,000`, nothing before it began."""

    def render(self, task: Task) -> Text:
        """The text of a task."""
        if task.total is None:
            return Text(f"{task.completed:,.0f}" if task.completed else "")
        return Text(f"{task.completed:,.0f} of {task.total:,.0f}")


def number_of(count: int, noun: str) -> str:
    """`1 message`, `1,200 messages`, `2 deliveries`."""
    if count == 1:
        return f"{count:,} {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def as_sentence(text: str) -> str:
    """A text that ends as a sentence does."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def help_with(code: str) -> str:
    """What a person does about a code of docs/errors.md; empty if it is none."""
    from import_relay.domain.codes import CODES

    explained = CODES.get(code)
    return explained.what_to_do if explained else ""


def _cell(value: Cell) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return value or ""
