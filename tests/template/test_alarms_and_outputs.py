"""Alarms that matter, on an optional mail address; outputs that a person needs."""

from typing import Any

import pytest

from tests.template.expanded import Expanded, source

ALARM = "AWS::CloudWatch::Alarm"
ALARMS = {
    "ChangeEventsNotStored": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    "ConnectionNotUsable": ("ImportRelay", "ConnectionsUnusable"),
    "CrmNotReadable": ("ImportRelay", "ReadersUnavailable"),
    "DeadLetterQueueNotEmpty": ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    "DeliveryQuarantined": ("ImportRelay", "Quarantined"),
    "GateClosedForCredentials": ("ImportRelay", "CredentialsRefused"),
    "ImportAmbiguous": ("ImportRelay", "ImportsAmbiguous"),
    "ImportGaveUp": ("ImportRelay", "ImportsGaveUp"),
    "MessageTooOld": ("ImportRelay", "MessagesTooOld"),
    "OldestRecordTooOld": ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    "ReceiveWebhookFails": ("AWS/Lambda", "Errors"),
    "SubmitImportsFails": ("AWS/Lambda", "Errors"),
    "TrackingFails": ("AWS/States", "ExecutionsFailed"),
    "TrackingTimesOut": ("AWS/States", "ExecutionsTimedOut"),
    "WebhooksNotStored": ("ImportRelay", "WebhooksUnavailable"),
}
OUTPUTS = {
    "BucketName",
    "ChangeEventsDeadLetterQueueUrl",
    "ConnectionSecretsArn",
    "CrmTokensArn",
    "DeadLetterQueueUrl",
    "LedgerTableName",
    "MateoTokenArn",
    "QueueUrl",
    "StateMachineArn",
    "WatermarksTableName",
    "WebhookUrl",
}


def test_the_alarms_that_matter_are_there(template: Expanded) -> None:
    watched = {
        name: (alarm["Namespace"], alarm["MetricName"])
        for name, alarm in template.of_type(ALARM).items()
    }
    assert watched == ALARMS


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


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_quiet_while_nothing_happens(template: Expanded, name: str) -> None:
    assert template.properties(name)["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    "name", [name for name, (space, _) in ALARMS.items() if space == "ImportRelay"]
)
def test_alarms_on_our_own_metrics_use_the_dimension_that_powertools_writes(
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
