"""`relay status`: one snapshot alone is not called a proof."""

import pytest

import relay_ops.stack
from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.status import connections, looking
from tests.unit.relay_ops.status.test_reconciliation import snapshot
from tests.unit.relay_ops.status.test_screen import shown


@pytest.mark.parametrize(("option", "is_one"), [("--no-wait", True), ("--wait", False)])
def test_one_snapshot_that_does_not_balance_is_said_to_prove_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
    is_one: bool,
) -> None:
    monkeypatch.setattr(relay_ops.stack, "open_stack", lambda *_: None)
    monkeypatch.setattr(looking, "look", lambda *_, **__: shown(snapshot(10, 1)))
    monkeypatch.setattr(connections, "names_in", lambda _: ())
    monkeypatch.setattr(connections, "of_connections", lambda *_: {})

    assert run(["status", option]) == ExitCode.FOUND

    assert ("one snapshot, which proves nothing" in capsys.readouterr().err) == is_one
