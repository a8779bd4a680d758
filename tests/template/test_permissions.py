"""Permissions: each function may do its own work on its own resources and nothing else."""

from typing import Any

import pytest

from tests.template.calls import actions_called
from tests.template.expanded import Expanded, listed, text

FUNCTIONS = [
    "ImportFiles",
    "ReceiveChangeEvents",
    "ReceiveWebhook",
    "RunWatchdog",
    "SubmitImports",
    "TrackImport",
    "WriteDailyReport",
    "WriteReport",
]
RECEIVERS = ["ReceiveChangeEvents", "ReceiveWebhook"]
NOT_CALLED_BY_THE_CODE = {
    "iam:PassRole": "checked when a schedule is given its role",
    "lambda:InvokeFunction": "the state machine and a schedule call the functions",
    "logs:CreateLogStream": "Lambda itself writes the logs",
    "logs:PutLogEvents": "Lambda itself writes the logs",
    "secretsmanager:GetSecretValue": "called by Powertools",
}
WITHOUT_RESOURCES = {("WriteDailyReportRole", "cloudwatch:GetMetricData")}
"""Actions for which AWS knows no resource ("Actions defined by Amazon CloudWatch")."""
TRACING_POLICY = "policy/AWSXRayDaemonWriteAccess"


def allowed(template: Expanded, role: str) -> dict[str, str]:
    """Action → its resources as text."""
    return {
        action: text(statement["Resource"])
        for name, statement in template.statements()
        if name == role
        for action in listed(statement["Action"])
    }


def test_no_statement_allows_every_action_or_every_action_of_a_service(template: Expanded) -> None:
    actions = {a for _, one in template.statements() for a in listed(one["Action"])}
    assert not {action for action in actions if "*" in action}


def test_no_statement_covers_every_resource(template: Expanded) -> None:
    for name, statement in template.statements():
        if {(name, action) for action in listed(statement["Action"])} <= WITHOUT_RESOURCES:
            continue
        for resource in listed(statement["Resource"]):
            assert resource != "*", name
            assert not str(resource).startswith("*"), name


def test_a_star_ends_a_resource_only_below_one_log_group_prefix_group_or_kind(
    template: Expanded,
) -> None:
    starred = {
        resource["Fn::Sub"]
        for _, statement in template.statements()
        for resource in listed(statement["Resource"])
        if isinstance(resource, dict) and "*" in str(resource.get("Fn::Sub"))
    }
    for resource in starred:
        assert resource.count("*") == 1
        assert resource.endswith(
            ("Logs}:*", "/*", ":event-source-mapping:*", "/inbox/*.error.json")
        ), f"{resource} is wider than it need be"


def test_the_kind_of_all_event_source_mappings_is_narrowed_to_those_of_one_function(
    template: Expanded,
) -> None:
    statements = [one for _, one in template.statements() if ":event-source-mapping:*" in text(one)]
    assert statements
    for statement in statements:
        function = statement["Condition"]["ArnEquals"]["lambda:FunctionArn"]["Fn::Sub"]
        assert function.endswith(":function:${AWS::StackName}-submit-imports")


def test_the_only_managed_policy_is_that_of_tracing_and_only_while_tracing_is_on(
    template: Expanded,
) -> None:
    # X-Ray has no resources, so only AWS's own policy for it may have a star.
    for role in template.of_type("AWS::IAM::Role").values():
        match role.get("ManagedPolicyArns"):
            case None:
                pass
            case {"Fn::If": ["TracingIsOn", [{"Fn::Sub": policy}], {"Ref": "AWS::NoValue"}]}:
                assert policy.endswith(TRACING_POLICY)
            case other:
                pytest.fail(f"unexpected managed policies: {other}")


def test_what_the_code_calls_is_allowed_and_nothing_else(template: Expanded) -> None:
    permitted = {a for _, one in template.statements() for a in listed(one["Action"])}
    assert permitted - NOT_CALLED_BY_THE_CODE.keys() == actions_called()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_has_a_role_of_its_own(template: Expanded, function: str) -> None:
    assert template.properties(function)["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_writes_to_its_own_log_group_only(template: Expanded, function: str) -> None:
    permitted = allowed(template, f"{function}Role")
    assert f"log-group:${{{function}Logs}}:*" in permitted["logs:PutLogEvents"]
    assert "logs:CreateLogGroup" not in permitted


@pytest.mark.parametrize("function", RECEIVERS)
def test_a_receiver_neither_reads_data_nor_knows_the_token(
    template: Expanded, function: str
) -> None:
    permitted = allowed(template, f"{function}Role")
    assert permitted.keys() == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
    }
    assert permitted["secretsmanager:GetSecretValue"] == text({"Ref": "ConnectionSecrets"})


def test_only_lambda_moves_to_the_dead_letter_queue_what_the_receiver_of_change_events_cannot_store(
    template: Expanded,
) -> None:
    queues = allowed(template, "ReceiveChangeEventsRole")["sqs:SendMessage"]
    assert queues == text(
        [{"Fn::GetAtt": [name, "Arn"]} for name in ("Queue", "ChangeEventsDeadLetterQueue")]
    )
    assert template.environment("ReceiveChangeEvents")["QUEUE_URL"] == {"Ref": "Queue"}


def test_submission_reads_tokens_and_no_secret_of_a_connection(template: Expanded) -> None:
    secret = allowed(template, "SubmitImportsRole")["secretsmanager:GetSecretValue"]
    assert secret == text([{"Ref": "MateoToken"}, {"Ref": "CrmTokens"}])


@pytest.mark.parametrize("function", ["TrackImport", "WriteReport"])
def test_tracking_and_reports_read_mateos_token_alone(template: Expanded, function: str) -> None:
    secret = allowed(template, f"{function}Role")["secretsmanager:GetSecretValue"]
    assert secret == text({"Ref": "MateoToken"})


def test_only_submission_may_give_the_role_of_the_schedules_and_only_to_the_scheduler(
    template: Expanded,
) -> None:
    passing = [one for _, one in template.statements() if "iam:PassRole" in listed(one["Action"])]
    assert allowed(template, "SubmitImportsRole").keys() >= {"iam:PassRole"}
    assert [one["Resource"] for one in passing] == [{"Fn::GetAtt": ["PauseScheduleRole", "Arn"]}]
    assert passing[0]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}
    }


def test_the_role_of_the_schedules_can_only_change_the_two_mappings(template: Expanded) -> None:
    assert allowed(template, "PauseScheduleRole") == {}
    permitted = allowed(template, "PauseSchedulePolicy")
    assert permitted.keys() == {"lambda:UpdateEventSourceMapping"}
    assert "${SubmitImportsQueueBatch}" in permitted["lambda:UpdateEventSourceMapping"]
    assert "${SubmitImportsBulkBatch}" in permitted["lambda:UpdateEventSourceMapping"]


def test_the_state_machine_can_only_call_its_two_functions(template: Expanded) -> None:
    assert allowed(template, "TrackImportMachineRole") == {
        "lambda:InvokeFunction": text(
            [{"Fn::GetAtt": ["TrackImport", "Arn"]}, {"Fn::GetAtt": ["WriteReport", "Arn"]}]
        )
    }


def test_submit_names_the_state_machine_as_it_is_called(
    template: Expanded, written: dict[str, Any]
) -> None:
    name = written["Resources"]["TrackImportMachine"]["Properties"]["Name"]["Fn::Sub"]
    expected = {
        "Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:"
        + name
    }
    assert template.environment("SubmitImports")["STATE_MACHINE_ARN"] == expected
    assert allowed(template, "SubmitImportsRole")["states:StartExecution"] == text(expected)


def test_the_watchdog_may_only_repair_the_two_mappings_and_the_one_state_machine(
    template: Expanded,
) -> None:
    permitted = allowed(template, "RunWatchdogRole")
    assert permitted.keys() == {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "lambda:GetEventSourceMapping",
        "lambda:UpdateEventSourceMapping",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:ListBucket",
        "sqs:GetQueueAttributes",
        "sqs:SendMessage",
        "states:ListExecutions",
        "states:StartExecution",
    }
    lanes = text([{"Fn::GetAtt": [one, "Arn"]} for one in ("Queue", "BulkQueue")])
    assert permitted["sqs:SendMessage"] == lanes
    assert "${SubmitImportsQueueBatch}" in permitted["lambda:UpdateEventSourceMapping"]
    assert "${SubmitImportsBulkBatch}" in permitted["lambda:UpdateEventSourceMapping"]
    assert permitted["states:StartExecution"] == text({"Ref": "TrackImportMachine"})


def test_the_watchdogs_schedule_can_only_run_the_watchdog(template: Expanded) -> None:
    assert allowed(template, "WatchdogScheduleRole") == {
        "lambda:InvokeFunction": text({"Fn::GetAtt": ["RunWatchdog", "Arn"]})
    }


def test_the_daily_report_changes_nothing_but_its_own_files(template: Expanded) -> None:
    permitted = allowed(template, "WriteDailyReportRole")
    assert permitted.keys() == {
        "cloudwatch:GetMetricData",
        "dynamodb:GetItem",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }
    assert permitted["s3:PutObject"] == text({"Fn::Sub": "${Bucket.Arn}/daily/*"})


def test_mails_may_only_go_to_the_topic_of_the_alarms(template: Expanded) -> None:
    assert allowed(template, "MailPolicy") == {"sns:Publish": text({"Ref": "AlarmTopic"})}
    assert template.content["Resources"]["MailPolicy"]["Condition"] == "HasAlarmEmail"
    assert template.properties("MailPolicy")["Roles"] == [
        {"Ref": "WriteDailyReportRole"},
        {"Ref": "RunWatchdogRole"},
    ]


def test_the_daily_reports_schedule_can_only_write_daily_reports(template: Expanded) -> None:
    assert allowed(template, "DailyReportScheduleRole") == {
        "lambda:InvokeFunction": text({"Fn::GetAtt": ["WriteDailyReport", "Arn"]})
    }


TAKES_ANY_ERROR = {"SubmitImportsRole"}
"""It treats an object that S3 refuses as a missing one: as one that cannot be loaded now."""


def test_a_role_that_reads_objects_may_list_them_too(template: Expanded) -> None:
    """Without that permission S3 answers AccessDenied for a missing object.

    A permission to list that is limited to a prefix does not count: GetObject names none.
    """
    reading = {
        name for name, one in template.statements() if "s3:GetObject" in listed(one["Action"])
    }
    listing = {
        name
        for name, one in template.statements()
        if "s3:ListBucket" in listed(one["Action"]) and "Condition" not in one
    }
    assert "ImportFilesRole" in reading
    assert reading - TAKES_ANY_ERROR <= listing
