"""docs/where-is.md: each answer is there, and each room of the relay is named."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, Document

PAGE = Document(ROOT / "docs/where-is.md")
PACKAGE = ROOT / "layers/import_relay/python/import_relay"
ASKED = (
    "phone number",
    "429",
    "duplicate",
    "HubSpot's signature",
    "daily limit",
    "file of failures",
    "failed deal",
    "answer was lost",
    "backoff while Mateo is down",
    "submission paused",
    "format of a queue message",
    "Salesforce lead",
)
"""What a newcomer looks for."""
_ANSWER = re.compile(r"^\| (Where [^|]+\?) \| `([^`]+)` \| `([^`]+)` \|$", re.MULTILINE)
ANSWERS = {question: (path, name) for question, path, name in _ANSWER.findall(PAGE.text)}


def names_of(body: list[ast.stmt], prefix: str = "") -> set[str]:
    """What a module or a class defines: functions, classes, their methods, and constants."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                found |= names_of(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {prefix + one.id for one in targets if isinstance(one, ast.Name)}
    return found


@pytest.mark.parametrize("words", ASKED)
def test_what_a_newcomer_looks_for_is_answered(words: str) -> None:
    assert [question for question in ANSWERS if words in question]


@pytest.mark.parametrize("question", ANSWERS)
def test_an_answer_names_a_module_and_what_is_in_it(question: str) -> None:
    path, name = ANSWERS[question]
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))

    assert name in names_of(tree.body)


def test_every_room_is_named() -> None:
    rooms = {one.name for one in Path(PACKAGE).iterdir() if (one / "__init__.py").is_file()}

    table = PAGE.text.partition("## Rooms")[2]
    assert set(re.findall(r"`(\w+)`", table)) - {"make"} == rooms
    assert len(rooms) <= 14
