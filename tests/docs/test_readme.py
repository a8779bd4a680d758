"""README.md: its commands exist, its tables are complete, its figures name their command."""

import re

import pytest

from import_relay.report.findings import FAILURE_COLUMNS
from tests.docs.documents import ROOT, document
from tests.template.expanded import source

PAGE = document("README.md")
NO_COMMANDS_OF_THEIR_OWN = {"check-connections", "help", "quick", "slow"}
"""Parts of others, and the list of all."""
FIGURE = re.compile(r"\d\s?(?:ms|µs|%|USD|MiB)(?!\w)|\$\s?\d|\b\d+(?:\.\d+)? (?:s|x)(?!\w)")


def cells(row: list[str], column: int) -> list[str]:
    return [part.strip().strip("`") for part in row[column].split(",")]


def test_every_make_target_has_its_line() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - NO_COMMANDS_OF_THEIR_OWN
    named = set(re.findall(r"\bmake ([a-z-]+)", PAGE.text))
    assert targets - named == set()


def test_the_table_of_parameters_is_that_of_the_template() -> None:
    documented = {
        name: default
        for row in PAGE.section("Deploy").rows
        for name, default in zip(cells(row, 0), cells(row, 1), strict=True)
    }
    template = {
        name: str(one["Default"]) or "empty" for name, one in source()["Parameters"].items()
    }
    assert documented == template


def test_each_situation_says_what_the_relay_does_and_what_is_seen() -> None:
    rows = PAGE.section("What happens when").rows
    assert len(rows) > 10
    assert all(len(row) == 3 and all(row) for row in rows)


@pytest.mark.parametrize("alarm", re.findall(r"alarm `([a-z-]+)`", PAGE.text))
def test_every_alarm_that_is_named_is_in_the_runbook(alarm: str) -> None:
    assert alarm in document("docs/runbook.md").headings


def test_a_measured_figure_stands_beside_the_command_that_measures_it() -> None:
    paragraphs = re.split(r"\n\s*\n", PAGE.text)
    assert [one for one in paragraphs if FIGURE.search(one) and "make " not in one] == []


def test_the_columns_of_the_failure_report_are_those_of_the_code() -> None:
    assert ",".join(FAILURE_COLUMNS) in PAGE.text


def test_it_can_be_read_in_one_go() -> None:
    assert len(PAGE.text.splitlines()) <= 160
