"""Log events: their keys are none of a line's own, and those that alarms name are warnings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import import_relay
from import_relay.domain.log_events import ERRORS, WARNINGS, level_of, reserved_keys
from tests.support.webhooks import ROOT

EVENT = re.compile(r"\b[a-z]+\.[a-z_]+\b")
WRITERS = {"emit", "tell", "write", "write_of_connection"}
OF_THE_LOG = {"level", "counted_at"}
"""Parameters of `OutcomeLog.write` itself."""
SOURCES = [
    path
    for folder in (Path(import_relay.__file__).parent, ROOT / "functions")
    for path in sorted(folder.rglob("*.py"))
]


def events_in(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each log event that a module writes by its name, with its keys."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        first = node.args[0]
        if name.removeprefix("_") in WRITERS and isinstance(first, ast.Constant):
            yield str(first.value), [one.arg for one in node.keywords if one.arg]


def test_no_event_has_a_key_that_a_line_has_itself() -> None:
    found = [one for path in SOURCES for one in events_in(path)]

    assert len({event for event, _ in found}) > 30
    assert not [event for event, keys in found if reserved_keys({*keys} - OF_THE_LOG)]


@pytest.mark.parametrize("key", ["message", "service", "_aws", "level", "timestamp"])
def test_the_keys_that_a_line_has_itself_are_known(key: str) -> None:
    assert reserved_keys([key, "connection"]) == [key]


def test_an_event_that_an_alarm_names_is_a_warning_or_an_error() -> None:
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    known = {event for path in SOURCES for event, _ in events_in(path)} | WARNINGS | ERRORS
    named = {
        event
        for line in template.splitlines()
        if line.strip().startswith("AlarmDescription:")
        for event in EVENT.findall(line)
    }

    assert len(named & known) > 4
    assert {level_of(event) for event in named & known} <= {"warning", "error"}


def test_every_warning_and_error_is_written_somewhere() -> None:
    texts = [path.read_text(encoding="utf-8") for path in SOURCES if path.stem != "log_events"]

    assert not [one for one in WARNINGS | ERRORS if not any(f'"{one}"' in text for text in texts)]
