"""The policies for people who use `relay`, as the template writes them."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tests.template.expanded import Expanded, listed

READER, OPERATOR = "ReaderPolicy", "OperatorPolicy"
_ARN = re.compile(r"^\$\{(\w+)\.Arn\}")


class Allowed(NamedTuple):
    """An action on a resource, which is named by its logical id: `Bucket/reports/*`."""

    action: str
    resource: str


def allowed_by(template: Expanded, name: str) -> list[Allowed]:
    """Everything that a policy allows."""
    document = template.properties(name)["PolicyDocument"]
    return [
        Allowed(action, resource)
        for statement in document["Statement"]
        for action in listed(statement["Action"])
        for one in listed(statement["Resource"])
        for resource in _named(one)
    ]


def permits(rules: list[Allowed], action: str, resource: str) -> bool:
    """Whether one of the rules allows it; `resource` empty: on any resource."""
    return any(
        one.action == action and (not resource or fnmatchcase(resource, one.resource))
        for one in rules
    )


def _named(resource: Any) -> Iterator[str]:
    match resource:
        case str():
            yield resource
        case {"Fn::GetAtt": [name, "Arn"]} | {"Ref": name}:
            yield name
        case {"Fn::Sub": text}:
            yield _ARN.sub(r"\1", text)
        case {"Fn::If": [_, given, _]}:
            yield from _named(given)
        case _:
            raise AssertionError(resource)


def actions_of_call(operation: str, service: str, parameters: Mapping[str, Any]) -> list[str]:
    """The actions that AWS checks for a call."""
    parts = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
    if operation == "TransactWriteItems":
        names = [next(iter(one)) for one in parameters["TransactItems"]]
        return [f"dynamodb:{parts[name]}" for name in names]
    if operation == "DeleteObject" and "VersionId" in parameters:
        return ["s3:DeleteObjectVersion"]
    if operation == "GetObject" and "VersionId" in parameters:
        return ["s3:GetObjectVersion"]
    return [f"{service}:{OTHERWISE.get(operation, operation)}"]


OTHERWISE = {
    "DeleteMessageBatch": "DeleteMessage",
    "DeleteObjects": "DeleteObject",
    "HeadObject": "GetObject",
    "Invoke": "InvokeFunction",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjectsV2": "ListBucket",
    "SendMessageBatch": "SendMessage",
}
"""Calls whose permission has another name."""
