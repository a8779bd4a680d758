"""No personal data and no secret is in a log, a metric, an attribute or an error text.

One stack; for each LogLevel its functions are replaced by those of a deployment with that level,
under the logging configuration that Lambda would give them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.stack.stack import RunningStack
from tests.end_to_end.canaries import Flight
from tests.end_to_end.canary_stack import (
    CANARIES,
    SECRETS,
    BrokenCrm,
    project,
    take_mails,
    written_down,
)
from tests.support.loopback import serving_with
from tests.support.stack import EVENT_BUS

LEVELS = ["ERROR", "WARNING", "INFO", "DEBUG"]
RANKS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
COUNTED = {
    "ImportsSent",
    "ItemsReceived",
    "ItemsRejected",
    "Quarantined",
    "ConnectionsWithHighRates",
    "FetchersUnavailable",
    "FileRowsQueued",
    "FilesFinished",
    "FilesRefused",
    "RowsFailed",
    "RowsImported",
    "WatchdogRuns",
    "WebhooksRefused",
}


class Nest:
    """The stack, and what its functions wrote since the last flight began."""

    def __init__(self, stack: RunningStack, root: Path, lines: list[tuple[str, str]]) -> None:
        self.stack = stack
        self.root = root
        self.lines = lines


@pytest.fixture(scope="module")
def nest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nest]:
    lines: list[tuple[str, str]] = []
    BrokenCrm.answers.set()
    with serving_with(BrokenCrm) as crm:
        root = project(tmp_path_factory.mktemp("project"), crm)
        stack = RunningStack(
            root=root,
            state_dir=tmp_path_factory.mktemp("state"),
            parameters={
                "AlarmEmail": "operator@example.com",
                "BatchingWindow": "1",
                "SalesforceEventBus": EVENT_BUS,
            },
            secrets=SECRETS,
            on_line=lambda function, line: lines.append((function, line)),
        )
        with stack:
            take_mails(stack)
            yield Nest(stack, root, lines)


def events(lines: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The lines that are JSON."""
    return [json.loads(line) for _, line in lines if line.startswith("{")]


@pytest.mark.parametrize("level", LEVELS)
def test_canaries_pass_every_function_and_leave_no_trace(nest: Nest, level: str) -> None:
    flight = Flight(nest.stack, nest.root, level)
    flight.prepare()
    del nest.lines[:]
    flight.fly()

    shown = [("log of " + function, line) for function, line in nest.lines]
    shown += [("answer", text) for text in flight.answers]
    shown += [("outcome", one.payload.decode()) for one in flight.outcomes]
    shown += written_down(nest.stack)
    for path in (nest.stack.state_dir / "logs").glob("*.log"):
        if path.stem not in ("aws", "mateo"):  # the services themselves are no part of the relay
            shown.append((path.name, path.read_text(encoding="utf-8", errors="replace")))
    assert any(where == "mail" for where, _ in shown)
    leaks = [
        (what, where, text[:300])
        for where, text in shown
        for what, canary in CANARIES.items()
        if canary in text
    ]
    assert not leaks
    the_flight_was_real(nest, flight, level)


def the_flight_was_real(nest: Nest, flight: Flight, level: str) -> None:
    """Each way out was taken, the log has its level, and everything is counted."""
    logged = events(nest.lines)
    counted = {
        metric["Name"]
        for line in logged
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", [])
        for metric in directive["Metrics"]
    }
    assert counted >= COUNTED
    said = [line for line in logged if "." in str(line.get("message", ""))]
    assert all(RANKS[line["level"]] >= RANKS[level] for line in said)
    present = {str(line["level"]) for line in said}
    assert present >= {name for name in RANKS if RANKS[name] >= max(RANKS[level], RANKS["INFO"])}
    assert {line.get("service") for line in said} == {"import-relay"}
    texts = " ".join(line for _, line in nest.lines)
    assert "Task timed out" in texts
    assert "Unexpected" in texts
    assert sum(one.failed for one in flight.outcomes) >= len(flight.functions)
    if level != "ERROR":
        named = {"file.refused", "import.connection_refused", "watchdog.high_rate"}
        assert named <= {str(line["message"]) for line in said}
    assert {function for function, _ in nest.lines} >= set(flight.functions)
    assert not [line for line in logged if "logger" in line]
    assert not [line for _, line in nest.lines if line.startswith(("[DEBUG]", "[INFO]"))]
