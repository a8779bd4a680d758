"""The calls of AWS that the relay's source makes, for the tests of permissions."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import botocore.session
from botocore import xform_name

from tests.template.expanded import ROOT

CODE = ROOT / "layers/import_relay/python/import_relay"
SERVICES = {
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "lambda": "lambda",
    "s3": "s3",
    "scheduler": "scheduler",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "stepfunctions": "states",
}
"""boto3's name of a service → the one of its actions."""
OTHERWISE = {
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}
"""Calls whose permission has another name."""
TRANSACTION = "dynamodb:TransactWriteItems"
"""Permitted by its parts: `Put`, `Update`, `Delete`, `ConditionCheck`."""
PARTS = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}


@cache
def actions_called() -> frozenset[str]:
    """The actions that the code needs to be allowed."""
    called = {OTHERWISE.get(action, action) for action in _client_calls()}
    if TRANSACTION in called:
        called.remove(TRANSACTION)
        parts = {action for part, action in PARTS.items() if _is_in_a_transaction(part)}
        assert parts, "no code of a transaction was found"
        called |= parts
    return frozenset(called)


def _client_calls() -> Iterator[str]:
    methods = dict(_methods())
    for file in CODE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in methods:
                yield methods[node.attr]


def _methods() -> Iterator[tuple[str, str]]:
    session = botocore.session.Session()
    for service, prefix in SERVICES.items():
        for operation in session.get_service_model(service).operation_names:
            yield xform_name(operation), f"{prefix}:{operation}"


def _is_in_a_transaction(part: str) -> bool:
    return any(
        re.search(rf'"{part}":', file.read_text(encoding="utf-8"))
        for file in (CODE / "storage").glob("*.py")
    )
