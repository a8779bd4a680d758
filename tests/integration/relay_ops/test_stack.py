"""Where there is no stack, a command says so, and what to do."""

import pytest

from relay_ops.app import run
from relay_ops.exits import ExitCode


def test_no_stack_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RELAY_WEBHOOKS_PORT", "9")
    monkeypatch.delenv("MATEO_TOKEN", raising=False)

    assert run(["check", "--account"]) == ExitCode.UNAVAILABLE
    assert capsys.readouterr().err.startswith("No stack answers at http://127.0.0.1:9.")
