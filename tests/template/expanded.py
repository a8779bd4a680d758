"""Expands template.yaml with AWS's own translator and answers questions about the result.

Used by the tests beside it. Nothing is resolved: references and conditions stay as they are.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
UPLOADED = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}
"""Properties that hold a local path until `sam deploy` has uploaded it."""

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Expanded:
    """A CloudFormation template."""

    content: Mapping[str, Any]

    def of_type(self, type_: str) -> dict[str, Resource]:
        """Logical id → properties of all resources of a type, e.g. `AWS::SQS::Queue`."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.content["Resources"].items()
            if resource["Type"] == type_
        }

    def properties(self, name: str) -> dict[str, Any]:
        """The properties of one resource."""
        properties: dict[str, Any] = self.content["Resources"][name]["Properties"]
        return properties

    def environment(self, function: str) -> dict[str, Any]:
        """The variables of a function."""
        variables: dict[str, Any] = self.properties(function)["Environment"]["Variables"]
        return variables

    def statements(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """(logical id, statement) of everything that IAM identities are allowed to do."""
        for name, resource in self.of_type("AWS::IAM::Role").items():
            for policy in resource.get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield name, statement
        for name, resource in self.of_type("AWS::IAM::Policy").items():
            for statement in resource["PolicyDocument"]["Statement"]:
                yield name, statement


def source() -> dict[str, Any]:
    """template.yaml as a dictionary of one's own: reading it once takes a second."""
    return copy.deepcopy(_read())


@cache
def _read() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return parsed


def expand(written: Mapping[str, Any]) -> Expanded:
    """Expand a SAM template; local paths become addresses, as they do when it is deployed."""
    uploaded = copy.deepcopy(dict(written))
    for name, resource in uploaded["Resources"].items():
        if resource["Type"] in UPLOADED:
            resource["Properties"][UPLOADED[resource["Type"]]] = f"s3://bucket/{name}"
    defaults = {name: one["Default"] for name, one in written["Parameters"].items()}
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-central-1"))
    return Expanded(translator.translate(uploaded, parameter_values=defaults))


def listed(value: object) -> list[Any]:
    """`Action` and `Resource` may be one or several."""
    return value if isinstance(value, list) else [value]


def text(value: object) -> str:
    """A value with its references, as text to look things up in."""
    return json.dumps(value, sort_keys=True)
