"""`relay status`: one snapshot alone is not called a proof."""

import json
from dataclasses import replace

import pytest

import relay_ops.stack
from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.status import connections, looking
from tests.unit.relay_ops.status.test_reconciliation import snapshot
from tests.unit.relay_ops.status.test_screen import shown


@pytest.mark.parametrize(("is_final", "code"), [(False, ExitCode.DONE), (True, ExitCode.FOUND)])
def test_one_snapshot_that_does_not_balance_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_final: bool,
    code: ExitCode,
) -> None:
    seen = replace(shown(snapshot(10, 1)), is_final=is_final)
    monkeypatch.setattr(relay_ops.stack, "open_stack", lambda *_: None)
    monkeypatch.setattr(looking, "look", lambda *_, **__: seen)
    monkeypatch.setattr(connections, "names_in", lambda _: ())
    monkeypatch.setattr(connections, "of_connections", lambda *_: {})

    assert run(["status"]) == code
    said = capsys.readouterr().out
    assert ("One snapshot proves nothing" in said) != is_final
    assert ("LOST" in said) == is_final
    assert ("NOT BALANCE" in said) == is_final

    run(["status", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["balances"], found["is_final"]) == (False, is_final)
