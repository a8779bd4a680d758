"""The watchdog runs as often as its code assumes, and looks at the resources of the others."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from import_relay.domain.queue_messages import MAX_REQUEUED_S
from import_relay.watch.watchdog import INTERVAL_S
from local.aws.schedules import due
from tests.template.expanded import Expanded


def test_the_watchdog_runs_every_quarter_of_an_hour(template: Expanded) -> None:
    schedule = template.properties("WatchdogSchedule")
    expression, zone = schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]
    begin = datetime(2026, 11, 21, tzinfo=UTC)
    minutes = [begin + timedelta(minutes=n) for n in range(24 * 60)]
    runs = [later for earlier, later in pairwise(minutes) if due(expression, zone, earlier, later)]
    assert {(b - a).total_seconds() for a, b in pairwise(runs)} == {INTERVAL_S}


def test_the_watchdog_knows_the_mappings_and_the_state_machine(template: Expanded) -> None:
    environment = template.environment("RunWatchdog")
    assert environment["EVENT_SOURCE_MAPPINGS"] == {
        "Fn::Sub": "${SubmitImportsQueueBatch},${SubmitImportsBulkBatch}"
    }
    assert environment["STATE_MACHINE_ARN"] == {"Ref": "TrackImportMachine"}
    assert environment["LEDGER_TABLE"] == {"Ref": "LedgerTable"}


def test_every_schedule_is_in_the_group_that_its_role_trusts_and_the_alarm_watches(
    template: Expanded,
) -> None:
    group = template.properties("PauseSchedules")["Name"]["Fn::Sub"]
    (dimension,) = template.properties("ScheduleDropped")["Dimensions"]
    assert dimension["Value"] == {"Ref": "PauseSchedules"}
    schedules = template.of_type("AWS::Scheduler::Schedule")
    assert len(schedules) == 5
    for schedule in schedules.values():
        assert schedule["GroupName"] == {"Ref": "PauseSchedules"}
        role = schedule["Target"]["RoleArn"]["Fn::GetAtt"][0]
        (trust,) = template.properties(role)["AssumeRolePolicyDocument"]["Statement"]
        trusted = trust["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
        assert trusted.endswith(f":schedule-group/{group}")


def test_the_schedule_runs_the_watchdog(template: Expanded) -> None:
    target = template.properties("WatchdogSchedule")["Target"]
    assert target["Arn"] == {"Fn::GetAtt": ["RunWatchdog", "Arn"]}


def test_the_alarm_on_age_leaves_time_before_records_become_dead_letters(
    template: Expanded,
) -> None:
    alarm = template.properties("OldestReceiptTooOld")
    assert 86_400 <= MAX_REQUEUED_S - alarm["Threshold"] <= 4 * 86_400
