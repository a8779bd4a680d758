"""What the simulation assumes about the deployed stack is what the template says."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import receive_webhook
from import_relay.watch.watchdog import INTERVAL_S
from local.template.yaml_files import read_yaml
from tests.simulation import inbox, machine, parts, putting_back, queue, watching
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


@pytest.mark.parametrize("name", ["Queue", "BulkQueue", "HeldQueue", "BulkHeldQueue"])
def test_the_queues_hide_keep_and_dead_letter_messages_as_deployed(name: str) -> None:
    deployed = properties(name)

    assert deployed["VisibilityTimeout"] == queue.VISIBILITY_S
    assert deployed["MessageRetentionPeriod"] == queue.RETENTION_S
    assert deployed["RedrivePolicy"]["maxReceiveCount"] == queue.MAX_RECEIVES


@pytest.mark.parametrize("event", ["QueueBatch", "BulkBatch"])
def test_the_event_source_mappings_batch_as_deployed(event: str) -> None:
    deployed = properties("SubmitImports")["Events"][event]["Properties"]

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
        ("ImportFiles", inbox.FILES_S),
        ("RunWatchdog", watching.WATCHDOG_S),
    ],
)
def test_functions_run_as_long_as_deployed(function: str, timeout_s: float) -> None:
    assert properties(function)["Timeout"] == timeout_s


@pytest.mark.parametrize(
    ("schedule", "first_s", "every_s"),
    [
        ("ImportFilesSchedule", inbox.FIRST_S, inbox.EVERY_S),
        ("WatchdogSchedule", watching.FIRST_S, INTERVAL_S),
    ],
)
def test_schedules_start_functions_as_deployed(
    schedule: str, first_s: float, every_s: float
) -> None:
    assert START % 3_600 == 0
    minutes = f"{first_s / 60:g}/{every_s / 60:g}"
    assert properties(schedule)["ScheduleExpression"] == f"cron({minutes} * * * ? *)"
    assert putting_back.EVERY_S == inbox.EVERY_S


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
    relay.dynamodb.tables[LEDGER]["pause"] = noted  # the watchdog leaves a pause that lasts alone
    for day in (1, 2, 3):  # one of them has 25 hours in New York
        relay.mapping.lambda_.set_enabled(enabled=False)
        world.run(START + day * 86_400)

    resumed = [
        datetime.fromtimestamp(line.at, ZoneInfo(zone))
        for line in world.trace or ()
        if line.what == "submission resumed"
    ]

    assert deployed["ScheduleExpressionTimezone"] == {"Ref": "LimitTimeZone"}
    assert len({one.date() for one in resumed}) == 3
    for one in resumed:
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
