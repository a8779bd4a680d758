"""`python -m local status` of a deployed stack: its figures and its exit codes."""

import json
from datetime import timedelta

import pytest

from import_relay.storage.refusals import RefusalPause, RefusedConnections, RefusedKind
from local.__main__ import main
from local.environment import REGION
from relay_ops.status.forecast import BLOCKING_METRICS
from tests.support.deployed import DAY, MIDNIGHT, STACK, Deployed, client, clock, deployed

__all__ = ["clock", "deployed"]  # fixtures


def test_everything_is_found_by_the_name_of_the_stack(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    deployed.count("ItemsReceived", noon - timedelta(minutes=3), 30)
    deployed.count("Quarantined", noon, 2)
    deployed.end(noon, imported=5, failed=1)
    deployed.send(10)
    deployed.queue(2)
    deployed.queue(3, "BulkQueue")
    deployed.queue(3, "ChangeEventsDeadLetterQueue")

    code = main(["status", "--stack", STACK, "--region", REGION, "--json"])

    found = json.loads(capsys.readouterr().out)
    assert (code, found["balances"]) == (0, True)
    assert found["time"] == noon.isoformat()
    assert (found["received"], found["imported"], found["failed"]) == (30, 5, 1)
    assert (found["waiting"], found["waiting_in_queues"]) == (24, 14)
    assert (found["waiting_in_open_imports"], found["open_imports"]) == (10, 1)
    assert found["queue"] == {"visible": 2, "in_flight": 0, "delayed": 0}
    assert found["bulk_queue"] == {"visible": 3, "in_flight": 0, "delayed": 0}
    assert (found["quarantined"], found["dead_change_events"]) == (2, 3)
    assert found["entities"] == {"used": 16, "left": 34, "limit": 50}
    assert found["requests"] == {"used": 0, "left": 200, "limit": 200}
    assert found["submission"] == {"running": True, "reason": "", "until": None}
    assert (found["backlog"], found["drained_on"]) == (14, DAY)


@pytest.mark.parametrize(("metric", "words"), BLOCKING_METRICS.items())
def test_no_day_is_promised_while_records_wait_for_a_person(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], metric: str, words: str
) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    deployed.count("ItemsReceived", noon - timedelta(hours=2), 3)
    deployed.queue(1)
    deployed.count(metric, noon - timedelta(hours=1), 1)
    assert main(["status", "--stack", STACK, "--region", REGION, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drained_on"] == DAY

    deployed.count(metric, noon - timedelta(minutes=14), 1)
    assert main(["status", "--stack", STACK, "--region", REGION, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["drained_on"] is None
    assert found["in_the_way"] == [words]


def test_a_connection_of_which_mateo_refuses_everything_is_named_with_the_code(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    noon = (MIDNIGHT + timedelta(hours=12)).timestamp()
    waits = {
        RefusedKind("shop", "deal_details"): wait(since=noon - 7_200, until=noon + 600),
        RefusedKind("erp", "contact_details"): wait(since=noon - 600, until=noon - 60),
        RefusedKind("lone", "contact_details"): wait(since=noon - 60, until=noon - 60),
        RefusedKind("past", "contact_details"): wait(since=noon - 90_000, until=noon - 1_801),
    }
    table = deployed.of("LedgerTable")
    RefusedConnections(client("dynamodb"), table, clock=lambda: noon).write(waits)
    deployed.count("ItemsReceived", MIDNIGHT + timedelta(hours=10), 3)
    deployed.queue(1)

    assert main(["status", "--stack", STACK, "--region", REGION]) == 0

    shown = [" ".join(one.split()) for one in capsys.readouterr().out.splitlines()]
    first = shown.index("Drained on unknown erp: contact_details refused, 400 PGRST204")
    assert shown[first + 1] == "and shop: deal_details refused, 400 PGRST204"
    assert not [one for one in shown if "lone" in one or "past" in one]


def wait(*, since: float, until: float) -> RefusalPause:
    return RefusalPause(since, until, 3, 400, "PGRST204", "Could not find a column")


def test_what_a_replay_put_into_the_bulk_lane_is_not_lost(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    deployed.count("ItemsReceived", noon, 3)
    deployed.end(noon, imported=3)
    client("dynamodb").update_item(
        TableName=deployed.of("LedgerTable"),
        Key={"pk": {"S": f"counts#{DAY}"}},
        UpdateExpression="ADD replayed :three",
        ExpressionAttributeValues={":three": {"N": "3"}},
    )
    assert deployed.snapshot().reconciliation.lost == 3

    deployed.queue(1, "BulkQueue")

    assert main(["status", "--stack", STACK, "--region", REGION]) == 0
    lines = [" ".join(one.split()) for one in capsys.readouterr().out.splitlines()]
    assert "bulk lane 1 message" in lines
    assert "Backlog 3 items queued, at most one entity each" in lines


def test_items_that_are_nowhere_are_exit_code_1(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.status.command.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("local.status.command.LOOK_PATIENCE_S", 0.01)
    deployed.count("ItemsReceived", MIDNIGHT + timedelta(hours=12), 3)

    code = main(["status", "--stack", STACK, "--region", REGION])

    last = capsys.readouterr().out.splitlines()[-1]
    assert (code, last) == (1, "DOES NOT BALANCE: 3 received, but 0 ended + 0 waiting")


def test_without_such_a_stack_it_is_one_line_and_exit_code_2(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["status", "--stack", "nobodys", "--region", REGION])

    errors = capsys.readouterr().err
    assert (code, len(errors.splitlines())) == (2, 1)
    assert "nobodys cannot be read" in errors
