"""README.md: short, complete, and its figures name their command; its details are in docs/."""

import re

import pytest

from import_relay.report.documents import FAILURE_COLUMNS
from tests.docs.documents import ROOT, Document, document
from tests.template.expanded import source

PAGE = document("README.md")
CONTRIBUTING = document("CONTRIBUTING.md")
DEPLOYMENT = document("docs/deploy.md")
PARAMETERS = document("docs/parameters.md")
SITUATIONS = document("docs/situations.md")
LOCAL = document("docs/local.md")
DETAILS = (PAGE, CONTRIBUTING, DEPLOYMENT, SITUATIONS, LOCAL)
NO_COMMANDS_OF_THEIR_OWN = {"check-connections", "help", "quick", "slow"}
"""Parts of others, and the list of all."""
FIGURE = re.compile(r"\d\s?(?:ms|µs|%|USD|MiB)(?!\w)|\$\s?\d|\b\d+(?:\.\d+)? (?:s|x)(?!\w)")
MAX_WORDS = 840


def cells(row: list[str], column: int) -> list[str]:
    return [part.strip().strip("`") for part in row[column].split(",")]


def situations_of(page: Document) -> list[list[str]]:
    """Rows of its table of situations."""
    title = {PAGE: "When things go wrong", SITUATIONS: "What happens when"}[page]
    return page.section(title).rows


def test_every_make_target_is_explained_to_contributors() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - NO_COMMANDS_OF_THEIR_OWN
    named = set(re.findall(r"\bmake ([a-z-]+)", CONTRIBUTING.text))
    assert targets - named == set()


def test_every_folder_of_the_repository_is_explained_to_contributors() -> None:
    named = " ".join(CONTRIBUTING.section("Layout").first_cells())
    visible = [path for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"]
    code = [path.name for path in visible if any(path.rglob("*.py"))]
    assert {"functions", "layers", "local"} <= set(code)
    assert [folder for folder in [*code, "docs", "events"] if f"{folder}/" not in named] == []


def test_the_table_of_parameters_is_that_of_the_template() -> None:
    documented = {
        name: default
        for row in PARAMETERS.section("Parameters").rows
        for name, default in zip(cells(row, 0), cells(row, 1), strict=True)
    }
    template = {
        name: str(one["Default"]) or "empty" for name, one in source()["Parameters"].items()
    }
    assert documented == template


@pytest.mark.parametrize("page", [PAGE, SITUATIONS], ids=lambda page: page.name)
def test_each_situation_says_what_the_relay_does_and_what_is_seen(page: Document) -> None:
    rows = situations_of(page)
    assert len(rows) > 5
    assert all(len(row) == 3 and all(row) for row in rows)


def test_the_readme_shows_nothing_that_the_list_of_situations_does_not() -> None:
    shown = {span for row in situations_of(PAGE) for span in re.findall(r"`([^`]+)`", row[2])}
    assert shown
    assert {one for one in shown if f"`{one}`" not in SITUATIONS.text} == set()


@pytest.mark.parametrize("page", [PAGE, SITUATIONS], ids=lambda page: page.name)
def test_what_becomes_of_a_shared_handle_is_said(page: Document) -> None:
    """Its first contact loses it, which nobody expects."""
    rows = [row for row in situations_of(page) if "shared_handles" in row[1]]
    assert [row for row in rows if "taken_handles" in row[2]]


@pytest.mark.parametrize(
    "alarm",
    [name for page in DETAILS for name in re.findall(r"alarms? `([a-z-]+)`", page.text)],
)
def test_every_alarm_that_is_named_is_in_the_runbook(alarm: str) -> None:
    assert alarm in document("docs/runbook.md").headings


@pytest.mark.parametrize("page", DETAILS, ids=lambda page: page.name)
def test_a_measured_figure_stands_beside_the_command_that_measures_it(page: Document) -> None:
    paragraphs = re.split(r"\n\s*\n", page.text)
    assert [one for one in paragraphs if FIGURE.search(one) and "make " not in one] == []


def test_the_columns_of_the_failure_report_are_those_of_the_code() -> None:
    assert ",".join(FAILURE_COLUMNS) in PAGE.text


def test_it_can_be_read_in_one_go() -> None:
    assert len(PAGE.text.split()) <= MAX_WORDS
