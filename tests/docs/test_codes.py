"""docs/errors.md: the codes, reasons and answers are those of the code, in both directions."""

import ast

import pytest

from import_relay.connectors.kinds import connector_for, kinds
from import_relay.domain.codes import CODES
from import_relay.domain.models import Outcome
from import_relay.receive.responses import REFUSALS
from tests.docs.documents import deployed_modules, document

PAGE = document("docs/errors.md")
CODE_SECTIONS = [title for title in PAGE.headings[1:] if not title.startswith(("Why", "Answers"))]
ROWS = {
    row[0].strip("`"): row
    for title in CODE_SECTIONS
    for row in PAGE.section(title).rows
    if len(row) == 4
}


def ignored_reasons() -> set[str]:
    """`Change(..., ignored="x")` and `ItemOutcome(..., Outcome.IGNORED, "x")` of the code."""
    found = set()
    for module in deployed_modules():
        for call in (node for node in ast.walk(module) if isinstance(node, ast.Call)):
            given = [keyword.value for keyword in call.keywords if keyword.arg == "ignored"]
            if any(isinstance(one, ast.Attribute) and one.attr == "IGNORED" for one in call.args):
                given += call.args
            found |= {
                one.value
                for one in given
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
    return found


def test_every_code_is_on_the_page_and_no_other() -> None:
    assert sorted(ROWS) == sorted(CODES)


@pytest.mark.parametrize("code", CODES)
def test_the_page_says_what_the_code_says(code: str) -> None:
    assert ROWS[code][1:3] == [CODES[code].what, CODES[code].what_to_do]


@pytest.mark.parametrize("code", CODES)
def test_the_page_says_where_a_code_shows_up(code: str) -> None:
    assert ROWS[code][3]


def test_every_reason_to_ignore_a_record_is_on_the_page_and_no_other() -> None:
    assert PAGE.section("Why a record is ignored").first_cells() == ignored_reasons()


def test_every_outcome_of_a_record_is_on_the_page() -> None:
    spans = set(PAGE.code_spans)
    assert {outcome.value for outcome in Outcome} - {"rejected", "ignored"} <= spans


def test_every_status_that_a_sender_can_get_is_on_the_page() -> None:
    statuses = {int(row[0]) for row in PAGE.section("Answers to a sender").rows}
    unreadable = {connector_for(kind).REPLIES.unreadable for kind in kinds()}
    assert statuses == {200, 503, *REFUSALS.values(), *unreadable}
