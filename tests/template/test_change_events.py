"""Salesforce's event bus: its resources exist only if it is named, and no event is lost."""

import re
from typing import Any

import pytest

from tests.template.expanded import Expanded, source

CONDITION = "HasSalesforceEventBus"
RULE = "ReceiveChangeEventsChangeEvent"
DEAD_LETTERS = {"Fn::GetAtt": ["ChangeEventsDeadLetterQueue", "Arn"]}
PARAMETER: dict[str, Any] = source()["Parameters"]["SalesforceEventBus"]


def test_without_the_name_of_a_bus_its_resources_do_not_exist(template: Expanded) -> None:
    assert PARAMETER["Default"] == ""
    belonging = {
        name: resource.get("Condition")
        for name, resource in template.content["Resources"].items()
        if "ChangeEvent" in name
    }
    assert len(belonging) == 9
    assert set(belonging.values()) == {CONDITION}
    output = template.content["Outputs"]["ChangeEventsDeadLetterQueueUrl"]
    assert output["Condition"] == CONDITION


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001CAA", True),
        ("default", False),
        ("aws.partner/example.com/x", False),
        ("aws.partner/salesforce.com/", False),
    ],
)
def test_only_a_bus_of_salesforce_can_be_named(name: str, *, taken: bool) -> None:
    assert (re.fullmatch(PARAMETER["AllowedPattern"], name) is not None) == taken


def test_the_rule_hands_salesforces_events_of_that_bus_to_the_function(template: Expanded) -> None:
    rule = template.properties(RULE)
    assert rule["EventBusName"] == {"Ref": "SalesforceEventBus"}
    assert rule["EventPattern"] == {"source": [{"prefix": "aws.partner/salesforce.com/"}]}
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["ReceiveChangeEvents", "Arn"]}
    permission = template.properties(f"{RULE}Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == {"Fn::GetAtt": [RULE, "Arn"]}


def test_an_event_that_cannot_be_delivered_is_tried_for_a_day_and_moved_to_the_dead_letter_queue(
    template: Expanded,
) -> None:
    (target,) = template.properties(RULE)["Targets"]
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 24 * 3600,
        "MaximumRetryAttempts": 185,
    }
    assert target["DeadLetterConfig"] == {"Arn": DEAD_LETTERS}


def test_an_event_that_cannot_be_stored_is_tried_twice_more_and_moved_to_the_dead_letter_queue(
    template: Expanded,
) -> None:
    config = template.properties("ReceiveChangeEventsEventInvokeConfig")
    assert config["MaximumRetryAttempts"] == 2
    assert config["MaximumEventAgeInSeconds"] == 6 * 3600
    assert config["DestinationConfig"] == {"OnFailure": {"Destination": DEAD_LETTERS}}


def test_only_that_rule_may_move_events_to_the_dead_letter_queue(template: Expanded) -> None:
    policy = template.properties("ChangeEventsDeadLetterQueuePolicy")
    assert policy["Queues"] == [{"Ref": "ChangeEventsDeadLetterQueue"}]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": DEAD_LETTERS,
            "Condition": {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [RULE, "Arn"]}}},
        }
    ]
