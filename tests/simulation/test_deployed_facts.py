"""What the simulation takes for granted about the deployed stack is what the template says."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import receive_webhook
from local.template.yaml_files import read_yaml
from tests.simulation import machine, parts, queue
from tests.simulation import relay as simulated
from tests.simulation.relay import Relay
from tests.simulation.scenario import Account, Scenario
from tests.simulation.world import START, World
from tests.support.aws import LEDGER, WATERMARKS, relay_resources

ROOT = Path(__file__).parents[2]
TEMPLATE = read_yaml(ROOT / "template.yaml")


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = TEMPLATE["Resources"][name]["Properties"]
    return found


def default(parameter: str) -> Any:
    return TEMPLATE["Parameters"][parameter]["Default"]


def test_the_queue_hides_keeps_and_gives_up_messages_as_deployed() -> None:
    deployed = properties("Queue")

    assert deployed["VisibilityTimeout"] == queue.VISIBILITY_S
    assert deployed["MessageRetentionPeriod"] == queue.RETENTION_S
    assert deployed["RedrivePolicy"]["maxReceiveCount"] == queue.MAX_RECEIVES


def test_the_event_source_mapping_batches_as_deployed() -> None:
    deployed = properties("SubmitImports")["Events"]["QueueBatch"]["Properties"]

    assert deployed["BatchSize"] == queue.BATCH_MESSAGES
    assert deployed["ScalingConfig"] == {"MaximumConcurrency": queue.POLLERS}
    assert deployed["MaximumBatchingWindowInSeconds"] == {"Ref": "BatchingWindow"}
    assert deployed["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_lambda_refuses_loops_unless_the_template_allows_them() -> None:
    allows = properties("SubmitImports").get("RecursiveLoop") == "Allow"

    assert allows == queue.MAY_LOOP


@pytest.mark.parametrize(
    ("function", "timeout_s"),
    [
        ("ReceiveWebhook", parts.RECEIVE_S),
        ("SubmitImports", parts.SUBMIT_S),
        ("TrackImport", parts.TRACK_S),
        ("WriteReport", parts.REPORT_S),
    ],
)
def test_functions_run_as_long_as_deployed(function: str, timeout_s: float) -> None:
    assert properties(function)["Timeout"] == timeout_s


def test_the_receiver_answers_in_the_handlers_time() -> None:
    assert receive_webhook.TIME_TO_ANSWER_S == simulated.TIME_TO_ANSWER_S
    assert receive_webhook.SENDERS_WAIT_S == simulated.SENDERS_WAIT_S


def test_an_account_has_the_templates_defaults() -> None:
    account = Account()

    assert {
        "RequestsPerSecond": account.requests_per_second,
        "RequestsPerDay": account.requests_per_day,
        "EntitiesPerDay": account.entities_per_day,
        "LimitTimeZone": account.time_zone,
        "SendReferenceId": str(account.send_reference_id).lower(),
        "RowsPerImport": account.rows_per_import,
        "BatchingWindow": account.batching_window_s,
        "TrackingHours": account.tracking_hours,
    } == {
        name: default(name)
        for name in (
            "RequestsPerSecond",
            "RequestsPerDay",
            "EntitiesPerDay",
            "LimitTimeZone",
            "SendReferenceId",
            "RowsPerImport",
            "BatchingWindow",
            "TrackingHours",
        )
    }


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_submission_resumes_daily_when_the_schedule_says(zone: str) -> None:
    deployed = properties("ResumeSubmissionDaily")
    world = World(0, trace=[])
    relay = Relay(world, Scenario(0, (), account=Account(time_zone=zone)))
    noted = {"pk": {"S": "pause"}, "paused_until": {"N": str(START + 10 * 86_400)}}
    relay.dynamodb.tables[LEDGER]["pause"] = noted  # a pause that lasts is nothing for the watchdog
    for day in (1, 2, 3):  # one of them has 25 hours in New York
        relay.mapping.lambda_.set_enabled(enabled=False)
        world.run(START + day * 86_400)

    opened = [
        datetime.fromtimestamp(line.at, ZoneInfo(zone))
        for line in world.trace or ()
        if line.what == "submission resumed"
    ]

    assert deployed["ScheduleExpressionTimezone"] == {"Ref": "LimitTimeZone"}
    assert len({one.date() for one in opened}) == 3
    for one in opened:
        assert deployed["ScheduleExpression"] == f"cron({one.minute} {one.hour} * * ? *)"
        assert one.second == 0


def test_the_state_machine_is_the_deployed_one() -> None:
    deployed = properties("TrackImportMachine")

    assert ROOT / deployed["DefinitionUri"] == machine.DEFINITION
    assert {f"${{{name}}}" for name in deployed["DefinitionSubstitutions"]} == {
        state["Resource"]
        for state in machine.definition()["States"].values()
        if state["Type"] == "Task"
    }


@pytest.mark.parametrize(
    ("logical", "table"), [("LedgerTable", LEDGER), ("WatermarksTable", WATERMARKS)]
)
def test_the_tables_that_the_fakes_are_compared_with_are_as_deployed(
    logical: str, table: str
) -> None:
    deployed = properties(logical)
    with relay_resources() as aws:
        compared: Any = aws.dynamodb.describe_table(TableName=table)["Table"]

    assert compared["KeySchema"] == deployed["KeySchema"]
    assert sorted(map(str, compared["AttributeDefinitions"])) == sorted(
        map(str, deployed["AttributeDefinitions"])
    )
    assert [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in compared.get("GlobalSecondaryIndexes", [])
    ] == deployed.get("GlobalSecondaryIndexes", [])
