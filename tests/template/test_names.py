"""Names that begin with the stack's: AWS accepts each, or `deploy.py` refuses the stack's name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import MAX_STACK_NAME, answered_architecture, refusal
from tests.template.expanded import ROOT, Expanded

STACK = "${AWS::StackName}"
MAX_NAME_LENGTH = {
    ("AWS::Athena::WorkGroup", "Name"): 128,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::Logs::QueryDefinition", "Name"): 255,
    ("AWS::SSM::Parameter", "Name"): 1011,
    ("AWS::Scheduler::ScheduleGroup", "Name"): 64,
    ("AWS::StepFunctions::StateMachine", "StateMachineName"): 80,
}
"""(type, property) → most characters that AWS takes; from the service's own reference."""


def names(template: Expanded) -> Iterator[tuple[str, str, str]]:
    """(type, property, name) of whatever gets its name from the stack."""
    for resource in template.content["Resources"].values():
        for key, value in resource.get("Properties", {}).items():
            name = value.get("Fn::Sub") if isinstance(value, dict) else None
            if isinstance(value, dict) and value.get("Ref") == "AWS::StackName":
                name = STACK
            if key.endswith("Name") and isinstance(name, str) and STACK in name:
                yield resource["Type"], key, name


def test_the_longest_stack_name_is_what_every_name_leaves_room_for(template: Expanded) -> None:
    room = {
        name: MAX_NAME_LENGTH[type_, key] - len(name.replace(STACK, ""))
        for type_, key, name in names(template)
    }
    assert len(room) > 10
    assert min(room.values()) == MAX_STACK_NAME


def test_no_parameters_name_begins_with_what_aws_keeps_for_itself(template: Expanded) -> None:
    parameters = [name for type_, _, name in names(template) if type_ == "AWS::SSM::Parameter"]
    assert parameters
    for name in parameters:
        first = name.strip("/").split("/")[0]
        assert STACK not in first
        assert not first.lower().startswith(("aws", "ssm"))


@pytest.mark.parametrize(
    "name", ["import-relay", "a", "aws-relay", "ssm", "a" * MAX_STACK_NAME, "relay-2"]
)
def test_a_name_that_aws_takes_is_not_refused(name: str) -> None:
    assert refusal(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2relay",
        "-relay",
        "import_relay",
        "relay é",
        "a" * 43,
        "a" * 129,
        "sthree-relay",
        "Relay-2",
        "relayB",
        "xn--a",
    ],
)
def test_a_name_that_aws_refuses_late_is_refused_with_what_to_do(name: str) -> None:
    assert re.search(r"Take |begins with a small letter", refusal(name))


def test_athenas_database_has_no_name_but_the_stacks(template: Expanded) -> None:
    """CloudFormation refuses capitals in it, and SQL reads a hyphen as a minus."""
    name = template.properties("ReportDatabase")["DatabaseInput"]["Name"]
    assert name == {"Fn::Join": ["_", {"Fn::Split": ["-", {"Ref": "AWS::StackName"}]}]}


def test_the_processor_to_build_for_is_the_one_that_was_deployed_last(tmp_path: Path) -> None:
    answers = tmp_path / "samconfig.local.toml"
    assert answered_architecture(answers) == "arm64"
    answers.write_text((ROOT / "samconfig.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert answered_architecture(answers) == "arm64"
    overrides = json.dumps('MateoBaseUrl="https://m.test" Architecture="x86_64" Tracing="false"')
    answers.write_text(f"[default.deploy.parameters]\nparameter_overrides = {overrides}\n")
    assert answered_architecture(answers) == "x86_64"


def test_the_file_of_the_answers_is_ignored_and_the_tracked_one_holds_none() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "samconfig.local.toml" in ignored
    tracked = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    assert "parameter_overrides" not in tracked
    assert "region" not in tracked
