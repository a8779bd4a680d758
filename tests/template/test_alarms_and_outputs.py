"""The alarms, which are mailed to an optional address, and the outputs."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.template.expanded import Expanded, source

ALARM = "AWS::CloudWatch::Alarm"
ALARMS = {
    "ApiFails": ("AWS/ApiGateway", "5xx"),
    "ChangeEventsNotStored": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    "ConnectionNotUsable": ("ImportRelay", "ConnectionsUnusable"),
    "ConnectionRateHigh": ("ImportRelay", "ConnectionsWithHighRates"),
    "ImportsRefused": ("ImportRelay", "ConnectionsRefused"),
    "CrmNotReadable": ("ImportRelay", "FetchersUnavailable"),
    "DailyReportFails": ("AWS/Lambda", "Errors"),
    "DeadLetterQueueNotEmpty": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    "DeliveryQuarantined": ("ImportRelay", "Quarantined"),
    "ErasurePending": ("ImportRelay", "ErasuresPending"),
    "FileRefused": ("ImportRelay", "FilesRefused"),
    "FileFails": ("ImportRelay", "FilesFailed"),
    "ImportFilesFails": ("AWS/Lambda", "Errors"),
    "FunctionsThrottled": ("AWS/Lambda", "Throttles"),
    "SubmissionPausedForCredentials": ("ImportRelay", "CredentialsRefused"),
    "ImportAmbiguous": ("ImportRelay", "ImportsAmbiguous"),
    "ImportTimedOut": ("ImportRelay", "ImportsTimedOut"),
    "MessageTooOld": ("ImportRelay", "MessagesTooOld"),
    "OldestReceiptTooOld": ("ImportRelay", "OldestRequeuedSeconds"),
    "OldestBulkHeldRecordTooOld": ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    "OldestBulkRecordTooOld": ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    "OldestHeldRecordTooOld": ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    "OldestRecordTooOld": ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    "ReceiveWebhookFails": ("AWS/Lambda", "Errors"),
    "ScheduleDropped": ("AWS/Scheduler", "InvocationDroppedCount"),
    "SubmissionKeepsPausing": ("ImportRelay", "SubmissionPaused"),
    "SubmissionOverdue": ("ImportRelay", "SubmissionOverdue"),
    "SubmitImportsFails": ("AWS/Lambda", "Errors"),
    "TrackingFails": ("AWS/States", "ExecutionsFailed"),
    "TrackingTimesOut": ("AWS/States", "ExecutionsTimedOut"),
    "WatchdogSilent": ("ImportRelay", "WatchdogRuns"),
    "WebhooksNotStored": ("ImportRelay", "WebhooksUnavailable"),
    "WebhooksRefused": ("ImportRelay", "WebhooksRefused"),
    "WebhooksRefusedOnDays": ("ImportRelay", "WebhooksRefused"),
}
OUTPUTS = {
    "BucketName",
    "BulkQueueUrl",
    "HeldQueueUrl",
    "BulkHeldQueueUrl",
    "ChangeEventsDeadLetterQueueUrl",
    "ConnectionSecretsArn",
    "CrmTokensArn",
    "DeadLetterQueueUrl",
    "LedgerTableName",
    "MateoTokenArn",
    "OperatorPolicyArn",
    "QueueUrl",
    "ReaderPolicyArn",
    "StateMachineArn",
    "Version",
    "WatermarksTableName",
    "WebhookUrl",
}


def watched_by(alarm: Mapping[str, Any]) -> tuple[str, str]:
    """Namespace and name of what an alarm watches: a metric, or the sum of one of many."""
    if "Metrics" not in alarm:
        return alarm["Namespace"], alarm["MetricName"]
    (one,) = {(metric["Namespace"], metric["MetricName"]) for metric in summed(alarm)}
    return one


def summed(alarm: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The metrics that an alarm adds up, those of conditional functions included."""
    queries = [one["Fn::If"][1] if "Fn::If" in one else one for one in alarm["Metrics"]]
    return [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query]


def test_the_alarms_that_matter_are_there(template: Expanded) -> None:
    watched = {name: watched_by(alarm) for name, alarm in template.of_type(ALARM).items()}
    assert watched == ALARMS


FAILURE_IS_SEEN_BY = {
    "ImportFiles": "ImportFilesFails",
    "ReceiveChangeEvents": "ChangeEventsNotStored",
    "ReceiveWebhook": "ReceiveWebhookFails",
    "RunWatchdog": "WatchdogSilent",
    "SubmitImports": "SubmitImportsFails",
    "TrackImport": "TrackingFails",
    "WriteDailyReport": "DailyReportFails",
    "WriteReport": "TrackingFails",
}
"""Function → the alarm that its failure raises: its own, or that of its caller."""


def test_the_failure_of_every_function_raises_an_alarm(template: Expanded) -> None:
    assert FAILURE_IS_SEEN_BY.keys() == template.of_type("AWS::Lambda::Function").keys()
    assert {*FAILURE_IS_SEEN_BY.values()} <= ALARMS.keys()
    for function, name in FAILURE_IS_SEEN_BY.items():
        alarm = template.properties(name)
        if alarm.get("Namespace") == "AWS/Lambda":
            assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]


def test_the_metrics_of_an_alarm_have_ids_of_their_own(template: Expanded) -> None:
    """CloudWatch refuses an alarm that names an id twice, and the deployment ends with it."""
    for name, alarm in template.of_type(ALARM).items():
        queries = [one["Fn::If"][1] if "Fn::If" in one else one for one in alarm.get("Metrics", [])]
        ids = [query["Id"] for query in queries]
        assert len(ids) == len({*ids}), name


def test_the_throttles_of_every_function_are_watched(template: Expanded) -> None:
    names = [
        dimension["Value"]["Ref"]
        for metric in summed(template.properties("FunctionsThrottled"))
        for dimension in metric["Dimensions"]
    ]
    assert sorted(names) == sorted(template.of_type("AWS::Lambda::Function"))


def test_a_watchdog_that_does_not_run_is_noticed(template: Expanded) -> None:
    alarm = template.properties("WatchdogSilent")
    assert alarm["InsufficientDataActions"] == alarm["AlarmActions"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)


def test_a_watchdog_that_has_not_run_yet_is_no_alarm(template: Expanded) -> None:
    """A new alarm has no data either, and CloudWatch mails changes of a state only."""
    assert template.properties("WatchdogSilent")["TreatMissingData"] == "missing"


def test_pauses_of_hour_after_hour_are_noticed_and_that_of_a_days_limit_is_not(
    template: Expanded,
) -> None:
    alarm = template.properties("SubmissionKeepsPausing")
    assert (alarm["Statistic"], alarm["Threshold"], alarm["Period"]) == ("Sum", 0, 3_600)
    assert 2 < alarm["DatapointsToAlarm"] < alarm["EvaluationPeriods"] <= 24


def test_a_sender_that_is_refused_once_a_night_is_noticed_as_well(template: Expanded) -> None:
    alarm = template.properties("WebhooksRefusedOnDays")
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Sum", "GreaterThanThreshold")
    assert (alarm["Period"], alarm["Threshold"], alarm["DatapointsToAlarm"]) == (86_400, 0, 2)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_looks_no_further_back_than_cloudwatch_lets_it(
    template: Expanded, name: str
) -> None:
    """A day, and seven days where a period lasts an hour or longer (PutMetricAlarm, Period)."""
    alarm = template.properties(name)
    periods = [
        one["MetricStat"]["Period"] for one in alarm.get("Metrics", ()) if "MetricStat" in one
    ]
    period = alarm.get("Period") or max(periods)
    assert period * alarm["EvaluationPeriods"] <= (604_800 if period >= 3_600 else 86_400)
    assert alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_named_after_the_stack_and_says_what_happened(
    template: Expanded, name: str
) -> None:
    alarm = template.properties(name)
    assert alarm["AlarmName"]["Fn::Sub"].startswith("${AWS::StackName}-")
    assert alarm["AlarmDescription"].endswith(".")


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_mails_only_if_there_is_an_address(template: Expanded, name: str) -> None:
    assert template.properties(name)["AlarmActions"] == {
        "Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]
    }


@pytest.mark.parametrize("name", sorted(ALARMS.keys() - {"WatchdogSilent"}))
def test_an_alarm_is_quiet_while_nothing_happens(template: Expanded, name: str) -> None:
    assert template.properties(name)["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    "name", [name for name, (space, _) in ALARMS.items() if space == "ImportRelay"]
)
def test_alarms_on_our_own_metrics_use_the_dimension_that_the_log_writes(
    template: Expanded, name: str
) -> None:
    dimensions = [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
    assert template.properties(name)["Dimensions"] == dimensions


@pytest.mark.parametrize("name", ["AlarmTopic", "AlarmSubscription"])
def test_without_an_address_there_is_no_topic(template: Expanded, name: str) -> None:
    assert template.content["Resources"][name]["Condition"] == "HasAlarmEmail"


def test_the_outputs_that_a_person_needs_are_there(template: Expanded) -> None:
    assert template.content["Outputs"].keys() == OUTPUTS


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_every_output_says_what_it_is(name: str) -> None:
    outputs: dict[str, Any] = source()["Outputs"]
    assert outputs[name]["Description"]


def test_the_webhook_address_only_lacks_the_connections_name(template: Expanded) -> None:
    address = template.content["Outputs"]["WebhookUrl"]["Value"]["Fn::Sub"]
    assert address.startswith("https://${Api}.execute-api.")
    assert address.endswith("/webhooks/{connection}")
