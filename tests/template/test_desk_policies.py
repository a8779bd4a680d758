"""Policies for people: each may do what its commands need, on the stack's own resources alone."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from relay_ops.app import CHANGE, COMMANDS, READ
from tests.template.desk_policies import (
    OPERATOR,
    OTHERWISE,
    READER,
    Allowed,
    allowed_by,
    permits,
)
from tests.template.expanded import ROOT, Expanded

SERVICES = {
    "cloudformation": "cloudformation",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "lambda": "lambda",
    "logs": "logs",
    "s3": "s3",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sqs": "sqs",
    "ssm": "ssm",
}
NO_CALLS = {"query", "invoke"}
"""Names that are not only methods of clients: a request has a query."""
PARTS_OF_ANOTHER = {
    "dynamodb:TransactWriteItems": "checked by its parts",
    "sqs:DeleteMessage": "a replay only sends, but its class of queues can delete as well",
}
MAX_POLICY = 6_144
"""Characters of a managed policy without white space (IAM quotas)."""
MAX_STACK_NAME = 42
"""`deploy.py` takes no longer name."""
ARN = "arn:aws:secretsmanager:ap-southeast-2:123456789012:"
ALIKE = {"sqs:DeleteMessage", "iam:PassRole", "s3:GetObjectVersion", "s3:DeleteObjectVersion"}
"""Checked by AWS within another call: a move of messages, a schedule's role, a version's id."""


@cache
def methods() -> dict[str, str]:
    """Method of a boto3 client → its action."""
    session = botocore.session.Session()
    return {
        xform_name(operation): f"{prefix}:{OTHERWISE.get(operation, operation)}"
        for service, prefix in SERVICES.items()
        for operation in session.get_service_model(service).operation_names
    }


def file_of(module: str) -> Path | None:
    for base in (ROOT, ROOT / "layers/import_relay/python"):
        for name in (f"{module.replace('.', '/')}.py", f"{module.replace('.', '/')}/__init__.py"):
            if (base / name).exists():
                return base / name
    return None


def reached(file: Path, seen: set[Path]) -> set[Path]:
    """A module and all of ours that it imports."""
    if file in seen:
        return seen
    seen.add(file)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
            for name in names:
                found = file_of(name) if name.startswith(("relay_ops", "import_relay")) else None
                if found:
                    reached(found, seen)
    return seen


def called_by(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        name = ""
        if isinstance(node, ast.Attribute):
            name = node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value  # a paginator's
        if name in methods() and name not in NO_CALLS:
            yield methods()[name]


def actions_of(command: str) -> set[str]:
    file = ROOT / f"relay_ops/commands/{COMMANDS[command].module}.py"
    return {action for one in reached(file, set()) for action in called_by(one)}


def test_an_operator_may_do_what_every_command_calls(template: Expanded) -> None:
    rules = allowed_by(template, OPERATOR)
    called = {action for command in COMMANDS for action in actions_of(command)}
    assert {one for one in called - PARTS_OF_ANOTHER.keys() if not permits(rules, one, "")} == set()


def test_an_operator_may_move_dead_letters_to_both_lanes(template: Expanded) -> None:
    rules = allowed_by(template, OPERATOR)
    for name in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        assert permits(rules, f"sqs:{name}", "DeadLetterQueue")
    for queue in ("Queue", "BulkQueue"):
        assert permits(rules, "sqs:SendMessage", queue)


def test_an_operator_may_do_nothing_that_no_command_calls(template: Expanded) -> None:
    called = {action for command in COMMANDS for action in actions_of(command)}
    found = {one.action for one in allowed_by(template, OPERATOR)}
    by_name = {"dynamodb:Query", "lambda:InvokeFunction"}
    assert found - called - ALIKE - by_name == set()


@pytest.mark.parametrize(
    "module",
    ["status/reading.py", "status/alarms.py", "log_lines.py", "finding.py", "daily_pages.py"],
)
def test_a_reader_may_do_what_the_commands_that_look_call(template: Expanded, module: str) -> None:
    rules = allowed_by(template, READER)
    called = set(called_by(ROOT / "relay_ops" / module))
    assert {one for one in called if not permits(rules, one, "")} == set()


def test_a_reader_changes_nothing_and_sees_no_secret(template: Expanded) -> None:
    reads = ("Get", "List", "Describe", "BatchGet", "Query", "Filter")
    rules = allowed_by(template, READER)
    changes = {one for one in rules if not one.action.split(":")[1].startswith(reads)}
    assert changes == {Allowed("lambda:InvokeFunction", "WriteDailyReport")}
    assert not any(one.action.startswith("secretsmanager") for one in rules)


def test_whatever_a_reader_may_do_an_operator_may_too(template: Expanded) -> None:
    operator = allowed_by(template, OPERATOR)
    assert [one for one in allowed_by(template, READER) if one not in operator] == []


@pytest.mark.parametrize("policy", [READER, OPERATOR])
def test_a_policy_names_the_stacks_own_resources(template: Expanded, policy: str) -> None:
    wide = {one for one in allowed_by(template, policy) if one.resource.startswith("*")}
    assert {one.action for one in wide} == {
        "cloudwatch:DescribeAlarms",
        "cloudwatch:GetMetricData",
    }
    assert not any("*" in one.action for one in allowed_by(template, policy))


@pytest.mark.parametrize("policy", [READER, OPERATOR])
def test_a_policy_fits_even_for_the_longest_name(template: Expanded, policy: str) -> None:
    document = template.properties(policy)["PolicyDocument"]
    assert len(json.dumps(_resolved(document), separators=(",", ":"))) <= MAX_POLICY


def _resolved(value: Any) -> Any:
    """The document as IAM gets it, with names as long as they may be."""
    stack = "s" * MAX_STACK_NAME
    match value:
        case {"Fn::If": [_, given, _]}:
            return _resolved(given)
        case {"Fn::GetAtt": [name, "Arn"]} | {"Ref": name}:
            return f"{ARN}{stack}-{name}-ABCDEFGHIJKL"
        case {"Fn::Sub": text}:
            text = text.replace("arn:${AWS::Partition}:", "arn:aws:")
            text = text.replace("${Bucket.Arn}", f"arn:aws:s3:::{stack}-bucket-abcdefghijkl")
            text = re.sub(r"\$\{SubmitImports\w+\}", "0" * 36, text)
            text = text.replace("${LedgerTable.Arn}", f"{ARN}{stack}-LedgerTable-ABCDEFGHIJKL")
            text = text.replace("${AWS::Region}", "ap-southeast-2")
            text = text.replace("${AWS::AccountId}", "123456789012")
            return re.sub(r"\$\{[\w:.]+\}", stack, text)
        case dict():
            return {name: _resolved(one) for name, one in value.items()}
        case list():
            return [_resolved(one) for one in value]
    return value


def test_every_command_is_a_look_or_a_change() -> None:
    assert {one.panel for one in COMMANDS.values()} == {READ, CHANGE}
