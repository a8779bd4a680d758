"""Lines of a log are read from CloudWatch, or from the files of the local stack."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relay_ops.log_lines import MAX_SEARCH_S, LogSearch
from relay_ops.stack import Stack
from tests.support import aws as resources

GROUP = "/aws/lambda/relay-submit-imports"


def test_lines_of_cloudwatch(stack: Stack) -> None:
    logs, now = resources.client("logs"), int(stack.clock())
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    texts = [(now - 900, "old"), (now - 60, "new"), (now - 50, "another")]
    events = [
        {"timestamp": at * 1_000, "message": f'{{"message": "import.{text}", "code": "c"}}'}
        for at, text in texts
    ]
    plain = {"timestamp": (now - 40) * 1_000, "message": "import.new in words\n"}
    logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=[*events, plain])

    found = LogSearch(stack).lines("submit-imports", "import.new", now - 600)

    assert [(one["message"], one["at"]) for one in found] == [
        ("import.new", now - 60),
        ("import.new in words", now - 40),
    ]


def test_a_function_that_never_ran_has_no_lines(stack: Stack) -> None:
    assert LogSearch(stack).lines("submit-imports", "import.new", 0) == []


def test_lines_of_files(stack: Stack, tmp_path: Path) -> None:
    lines = [
        '{"message": "import.new", "timestamp": "2026-11-21T10:00:00.000+00:00"}',
        '{"message": "import.new", "timestamp": "2026-11-21T12:00:00.000+00:00"}',
        "import.new in words",
        '{"message": "import.sent", "timestamp": "2026-11-21T12:00:00.000+00:00"}',
    ]
    (tmp_path / "submit_imports.log").write_text("\n".join(lines), encoding="utf-8")
    local = replace(stack, logs=tmp_path)

    found = LogSearch(local).lines("submit-imports", "import.new", 1_795_258_800)  # 11 o'clock

    assert [one["message"] for one in found] == ["import.new", "import.new in words"]
    assert LogSearch(local).lines("track-import", "import.new", 0) == []


def test_all_searches_of_a_command_share_their_time(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs, now = resources.client("logs"), int(stack.clock())
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
    event = {"timestamp": now * 1_000, "message": '{"message": "import.new"}'}
    logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=[event])
    passed = [0.0]
    monkeypatch.setattr("relay_ops.log_lines.time.monotonic", lambda: passed[0])
    asked: list[str] = []
    real = Stack.client

    def noted(self: Stack, service: str) -> Any:
        asked.append(service)
        return real(self, service)

    monkeypatch.setattr(Stack, "client", noted)
    search = LogSearch(stack)

    assert len(search.lines("submit-imports", "import.new", 0)) == 1
    was_partial = search.is_partial
    passed[0] = MAX_SEARCH_S + 1
    assert search.lines("submit-imports", "import.new", 0) == []
    assert (was_partial, search.is_partial) == (False, True)
    assert asked == ["logs"]
