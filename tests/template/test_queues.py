"""Queues: no message is lost, delivered twice too early, or deleted without an alarm."""

from typing import Any

import pytest

from tests.template.expanded import Expanded

QUEUE = "AWS::SQS::Queue"
FOURTEEN_DAYS = 14 * 24 * 3600


def dead_letter_queues(template: Expanded) -> set[str]:
    """Where queues, functions and rules move what failed."""
    of_queues = [
        properties["RedrivePolicy"]["deadLetterTargetArn"]
        for properties in template.of_type(QUEUE).values()
        if "RedrivePolicy" in properties
    ]
    of_functions = [
        properties["DestinationConfig"]["OnFailure"]["Destination"]
        for properties in template.of_type("AWS::Lambda::EventInvokeConfig").values()
    ]
    of_rules = [
        target["DeadLetterConfig"]["Arn"]
        for properties in template.of_type("AWS::Events::Rule").values()
        for target in properties["Targets"]
        if "DeadLetterConfig" in target
    ]
    return {arn["Fn::GetAtt"][0] for arn in of_queues + of_functions + of_rules}


LANES = {"Queue": "SubmitImportsQueueBatch", "BulkQueue": "SubmitImportsBulkBatch"}
"""The queue of each lane → its event source mapping."""


HELD = ("HeldQueue", "BulkHeldQueue")
"""The holding queues: only SubmitImports itself receives from them."""


@pytest.mark.parametrize("queue", [*LANES, *HELD])
def test_a_message_stays_hidden_for_six_times_as_long_as_its_function_may_run(
    template: Expanded, queue: str
) -> None:
    timeout = template.properties("SubmitImports")["Timeout"]
    assert template.properties(queue)["VisibilityTimeout"] >= 6 * timeout


@pytest.mark.parametrize("queue", LANES)
def test_collecting_a_batch_and_submitting_it_fit_into_the_visibility_timeout(
    template: Expanded, written: dict[str, Any], queue: str
) -> None:
    longest_window = written["Parameters"]["BatchingWindow"]["MaxValue"]
    timeout = template.properties("SubmitImports")["Timeout"]
    assert longest_window + timeout < template.properties(queue)["VisibilityTimeout"]


def test_every_queue_has_a_dead_letter_queue_except_dead_letter_queues(template: Expanded) -> None:
    without = {name for name, one in template.of_type(QUEUE).items() if "RedrivePolicy" not in one}
    assert without == dead_letter_queues(template)


def test_every_dead_letter_queue_has_an_alarm_for_its_first_message(template: Expanded) -> None:
    watched = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
        and alarm["Threshold"] == 0
    }
    assert watched == dead_letter_queues(template)


def test_every_other_queue_has_an_alarm_days_before_it_deletes_its_oldest_message(
    template: Expanded,
) -> None:
    thresholds = {
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]: alarm["Threshold"]
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "ApproximateAgeOfOldestMessage"
    }
    assert thresholds.keys() == template.of_type(QUEUE).keys() - dead_letter_queues(template)
    for name, threshold in thresholds.items():
        left = template.properties(name)["MessageRetentionPeriod"] - threshold
        assert left >= 3 * 24 * 3600


def test_a_queue_keeps_its_messages_as_long_as_possible_and_encrypted(template: Expanded) -> None:
    for name, properties in template.of_type(QUEUE).items():
        assert properties["MessageRetentionPeriod"] == FOURTEEN_DAYS, name
        assert properties["SqsManagedSseEnabled"] is True, name


def test_every_queue_is_of_a_kind_that_is_known_here(template: Expanded) -> None:
    assert template.of_type(QUEUE).keys() == {*LANES, *HELD} | dead_letter_queues(template)


@pytest.mark.parametrize("queue", [*LANES, *HELD])
def test_a_failing_message_is_tried_ten_times(template: Expanded, queue: str) -> None:
    policy = template.properties(queue)["RedrivePolicy"]
    assert policy["maxReceiveCount"] == 10
    assert policy["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}


@pytest.mark.parametrize(("queue", "name"), LANES.items())
def test_the_mapping_collects_large_batches_and_takes_partial_answers(
    template: Expanded, queue: str, name: str
) -> None:
    mapping = template.properties(name)
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert mapping["BatchSize"] == 10_000
    assert mapping["MaximumBatchingWindowInSeconds"] == {"Ref": "BatchingWindow"}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}


@pytest.mark.parametrize("name", LANES.values())
def test_an_update_of_the_stack_does_not_resume_submission(template: Expanded, name: str) -> None:
    assert "Enabled" not in template.properties(name)
