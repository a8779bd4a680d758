"""Whatever pauses or resumes submission names the same mappings."""

import json

import pytest

from tests.template.expanded import Expanded


def test_the_parameter_that_submission_reads_names_the_mappings(template: Expanded) -> None:
    parameter = template.properties("EventSourceMappingIds")
    assert parameter["Type"] == "StringList"
    assert parameter["Value"] == {"Fn::Sub": "${SubmitImportsQueueBatch},${SubmitImportsBulkBatch}"}
    read = template.environment("SubmitImports")["EVENT_SOURCE_MAPPINGS_PARAMETER"]
    assert read == parameter["Name"]


SCHEDULES = {
    "ResumeSubmissionDaily": "SubmitImportsQueueBatch",
    "ResumeBulkDaily": "SubmitImportsBulkBatch",
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_new_day_resumes_submission_in_the_time_zone_of_the_limits(
    template: Expanded, name: str
) -> None:
    schedule = template.properties(name)
    assert schedule["ScheduleExpression"] == "cron(1 0 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == {"Ref": "LimitTimeZone"}
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}


@pytest.mark.parametrize(("name", "mapping"), SCHEDULES.items())
def test_the_schedule_enables_the_mapping_without_a_function(
    template: Expanded, name: str, mapping: str
) -> None:
    target = template.properties(name)["Target"]
    assert target["Arn"]["Fn::Sub"].endswith(":scheduler:::aws-sdk:lambda:updateEventSourceMapping")
    assert target["RoleArn"] == {"Fn::GetAtt": ["PauseScheduleRole", "Arn"]}
    assert json.loads(target["Input"]["Fn::Sub"]) == {
        "Uuid": f"${{{mapping}}}",
        "Enabled": True,
    }


def test_submission_makes_its_schedules_in_the_group_that_the_role_trusts(
    template: Expanded,
) -> None:
    group = template.properties("PauseSchedules")["Name"]["Fn::Sub"]
    (trust,) = template.properties("PauseScheduleRole")["AssumeRolePolicyDocument"]["Statement"]
    trusted = trust["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert trusted.endswith(f":schedule-group/{group}")
    environment = template.environment("SubmitImports")
    assert environment["PAUSE_SCHEDULE_GROUP"] == {"Ref": "PauseSchedules"}
    assert environment["PAUSE_SCHEDULE_ROLE_ARN"] == {"Fn::GetAtt": ["PauseScheduleRole", "Arn"]}
