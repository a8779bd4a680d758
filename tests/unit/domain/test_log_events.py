"""No event has a key that a line of the log has itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import import_relay
from import_relay.domain.log_events import ERRORS, WARNINGS, level_of, reserved_keys
from tests.support.webhooks import ROOT

EVENT = re.compile(r"\b[a-z]+\.[a-z_]+\b")
SAYING = {"emit", "tell", "write", "write_of_connection"}
OF_THE_LOG = {"level", "counted_at"}
"""Parameters of `OutcomeLog.write` itself."""
SOURCES = [
    path
    for folder in (Path(import_relay.__file__).parent, ROOT / "functions")
    for path in sorted(folder.rglob("*.py"))
]


def said_in(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each event that a module says by its name, with its keys."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        first = node.args[0]
        if name.removeprefix("_") in SAYING and isinstance(first, ast.Constant):
            yield str(first.value), [one.arg for one in node.keywords if one.arg]


def test_no_event_has_a_key_of_the_line_itself() -> None:
    said = [one for path in SOURCES for one in said_in(path)]

    assert len({event for event, _ in said}) > 30
    assert not [event for event, keys in said if reserved_keys({*keys} - OF_THE_LOG)]


@pytest.mark.parametrize("key", ["message", "service", "_aws", "level", "timestamp"])
def test_keys_of_a_line_are_known(key: str) -> None:
    assert reserved_keys([key, "connection"]) == [key]


def test_what_an_alarm_names_is_logged_as_a_warning_at_least() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    known = {event for path in SOURCES for event, _ in said_in(path)} | WARNINGS | ERRORS
    named = {
        event
        for line in template.splitlines()
        if line.strip().startswith("AlarmDescription:")
        for event in EVENT.findall(line)
    }

    assert len(named & known) > 4
    assert {level_of(event) for event in named & known} <= {"warning", "error"}


def test_every_event_with_a_level_of_its_own_is_said_somewhere() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SOURCES if path.stem != "log_events"]

    assert not [one for one in WARNINGS | ERRORS if not any(f'"{one}"' in text for text in texts)]
