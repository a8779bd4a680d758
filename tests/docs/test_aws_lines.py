"""Lines for the AWS CLI in the docs: AWS has each operation, and the stack each log.

`tests/end_to_end/test_shell_lines.py` executes them.
"""

import re
from collections.abc import Iterator

import botocore.session
import pytest
from botocore import xform_name

from tests.docs.documents import document
from tests.template.expanded import source

PAGES = ("docs/deploy.md", "docs/desk.md", "docs/files.md", "docs/runbook.md")
OF_THE_CLI = {("s3", "cp"), ("s3", "ls"), ("logs", "tail")}
"""Commands that the CLI makes itself of several operations."""
OF_EVERY_COMMAND = {"query", "output", "region"}
COMMAND = re.compile(r"\baws ([a-z0-9]+) ([a-z-]+)([^;|)]*(?:\[[^]]*\|[^]]*\][^;|)]*)?)")
LOGS = re.compile(r"(?:^|; )logs ([a-z-]+) ", re.MULTILINE)


def texts() -> Iterator[str]:
    """The blocks for a shell, with each command on one line."""
    for page in PAGES:
        for block in document(page).blocks:
            if block.language == "sh":
                yield block.text.replace("\\\n", " ")


def commands() -> list[tuple[str, str, str]]:
    """Service, command and the rest of each line."""
    found = {(one[1], one[2], one[3]) for text in texts() for one in COMMAND.finditer(text)}
    return sorted(found)


def test_there_are_some() -> None:
    assert len(commands()) > 10


@pytest.mark.parametrize(("service", "command", "rest"), commands())
def test_a_command_and_its_options_are_those_of_an_operation(
    service: str, command: str, rest: str
) -> None:
    if (service, command) in OF_THE_CLI:
        return
    model = botocore.session.Session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(operations[command]).input_shape
    known = {xform_name(name, "-") for name in shape.members} if shape else set()
    options = set(re.findall(r"\s--([a-z-]+)", rest))
    assert options - OF_EVERY_COMMAND <= known


def test_the_log_of_a_function_is_one_of_the_stack() -> None:
    functions = {
        str(one["Properties"]["FunctionName"]["Fn::Sub"]).removeprefix("${AWS::StackName}-")
        for one in source()["Resources"].values()
        if one["Type"] == "AWS::Serverless::Function"
    }
    named = {name for text in texts() for name in LOGS.findall(text)}
    assert named
    assert named <= functions
