"""`relay status`: when its sums are called wrong, and how it shows alarms."""

import json
from dataclasses import replace

import pytest

import relay_ops.stack
from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.status import connections, explained_alarms, looking
from relay_ops.status.alarm_lines import Cause
from relay_ops.status.alarms import RaisedAlarm
from relay_ops.status.explained_alarms import Alarms, Raised
from relay_ops.status.refused_files import RefusedFile
from relay_ops.status.screen import Shown
from tests.unit.relay_ops.status.test_reconciliation import snapshot
from tests.unit.relay_ops.status.test_screen import shown

CAUSE = Cause("webhook.refused", {"connection": "shop"}, 3, 0.0)
ALARMS = Alarms(
    [Raised(RaisedAlarm("webhooks-refused", "Several were.", "relay status", 0.0, 300.0), [CAUSE])],
    [RefusedFile("inbox/erp/a.csv", "file.empty", "It has no rows.", "Look at the export.")],
    ["You may not see what the logs say of alarms."],
)


def see(monkeypatch: pytest.MonkeyPatch, what: Shown, alarms: Alarms) -> None:
    monkeypatch.setattr(relay_ops.stack, "open_stack", lambda *_: None)
    monkeypatch.setattr(looking, "look", lambda *_, **__: what)
    monkeypatch.setattr(connections, "names_in", lambda _: ())
    monkeypatch.setattr(connections, "of_connections", lambda *_: {})
    monkeypatch.setattr(explained_alarms, "read_alarms", lambda _: alarms)


@pytest.mark.parametrize(("is_final", "code"), [(False, ExitCode.DONE), (True, ExitCode.FOUND)])
def test_sums_that_do_not_balance_are_a_fault_only_once_they_are_final(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_final: bool,
    code: ExitCode,
) -> None:
    seen = replace(shown(snapshot(10, 1)), is_final=is_final)
    see(monkeypatch, seen, Alarms())

    assert run(["status"]) == code
    said = capsys.readouterr().out
    assert ("One snapshot proves nothing" in said) != is_final
    assert ("LOST" in said) == is_final
    assert ("NOT BALANCE" in said) == is_final

    run(["status", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["balances"], found["is_final"]) == (False, is_final)


def test_alarms_and_refused_files_are_shown_and_what_cannot_be_seen_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    see(monkeypatch, shown(snapshot(0)), ALARMS)

    assert run(["status"]) == ExitCode.DONE

    said = capsys.readouterr()
    assert "webhooks-refused" in said.out
    assert "3 x webhook.refused: connection=shop" in said.out
    assert "docs/runbook.md#webhooks-refused" in said.out
    assert "inbox/erp/a.csv" in said.out
    assert "Look at the export." in said.out
    assert said.err == "You may not see what the logs say of alarms.\n"

    run(["status", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["alarms"][0]["causes"][0]["said"] == {"connection": "shop"}
    assert found["refused_files"][0]["key"] == "inbox/erp/a.csv"
    assert len(found["not_seen"]) == 1
