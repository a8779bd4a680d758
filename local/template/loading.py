"""Reads template.yaml as AWS would and sorts what it describes by who provides it here.

`stack` calls `load` once per start. aws-sam-translator expands the SAM resources; parameters,
conditions and pseudo parameters are resolved; each resource then belongs to exactly one of three
groups, and a type that is in none is an error: nothing is dropped silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.environment import ACCOUNT, PARTITION, REGION
from local.template.code import FunctionCode, definitions_of, function_code
from local.template.errors import TemplateError
from local.template.expansion import expand
from local.template.hosting import Hosting, hosting_of
from local.template.parameters import parameter_values
from local.template.properties import how_to_list, unlisted
from local.template.providers import (
    BY_API,
    BY_CLOUDFORMATION,
    BY_STACK,
    of_types,
    refuse_unknown,
)
from local.template.resolver import Resolver
from local.template.routes import Route, routes_of
from local.template.sections import refuse_unknown_sections
from local.template.yaml_files import read_yaml

PSEUDO_PARAMETERS: Mapping[str, object] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": PARTITION,
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NotificationARNs": [],
}


@dataclass(frozen=True, kw_only=True)
class Template:
    """What is to be provisioned, by whom."""

    cloudformation: dict[str, Any]
    """A template of the resources in `BY_CLOUDFORMATION` and all outputs."""
    by_api: dict[str, dict[str, Any]]
    by_stack: dict[str, dict[str, Any]]
    code: dict[str, FunctionCode]
    hosting: dict[str, Hosting]
    routes: tuple[Route, ...]
    definitions: dict[str, str]
    """State machine definitions in JSON, by logical id, before their substitutions."""
    parameters: dict[str, object] = field(default_factory=dict)


def load(path: Path, overrides: Mapping[str, str], stack_name: str) -> Template:
    """Read, expand and resolve a template.

    Raises:
        TemplateError: for a parameter that is unknown or outside its range, a resource type in
            none of the groups, a section or property that is not listed, an intrinsic function
            that is not known here, or a file that is missing.
    """
    source = read_yaml(path)
    refuse_unknown_sections(source)
    parameters = parameter_values(source.get("Parameters", {}), overrides)
    code = function_code(source, path.parent)
    definitions = definitions_of(source, path.parent)
    expanded = expand(source, parameters)
    known = {**PSEUDO_PARAMETERS, "AWS::StackName": stack_name, **parameters}
    resolver = Resolver(known, expanded.get("Mappings", {}), expanded.get("Conditions", {}))
    resources = _resources(expanded, resolver)
    by_api = of_types(resources, BY_API)
    by_stack = of_types(resources, BY_STACK)
    by_cloudformation = of_types(resources, BY_CLOUDFORMATION)
    refuse_unknown(resources, {**by_api, **by_stack, **by_cloudformation})
    if found := unlisted(expanded["Resources"]):
        raise TemplateError(how_to_list(found))
    functions = {
        name: resource["Properties"]
        for name, resource in by_cloudformation.items()
        if resource["Type"] == "AWS::Lambda::Function"
    }
    hosting = {name: hosting_of(properties) for name, properties in functions.items()}
    for name, properties in functions.items():
        _simplify_function(properties, code.get(name), name)
    return Template(
        cloudformation={"Resources": by_cloudformation, "Outputs": _outputs(expanded, resolver)},
        by_api=by_api,
        by_stack=by_stack,
        code={name: one for name, one in code.items() if name in resources},
        hosting=hosting,
        routes=routes_of(by_stack),
        definitions=definitions,
        parameters=parameters,
    )


def _resources(expanded: Mapping[str, Any], resolver: Resolver) -> dict[str, dict[str, Any]]:
    return {
        name: _resolved_resource(resource, resolver)
        for name, resource in expanded["Resources"].items()
        if resolver.holds(resource.get("Condition"))
    }


def _outputs(expanded: Mapping[str, Any], resolver: Resolver) -> dict[str, dict[str, Any]]:
    return {
        name: {"Value": resolver.resolve(output["Value"])}
        | ({"Description": output["Description"]} if "Description" in output else {})
        for name, output in expanded.get("Outputs", {}).items()
        if resolver.holds(output.get("Condition"))
    }


def _resolved_resource(resource: Mapping[str, Any], resolver: Resolver) -> dict[str, Any]:
    depends = resource.get("DependsOn", [])
    return {
        "Type": resource["Type"],
        "Properties": resolver.resolve(resource.get("Properties", {})),
        "DependsOn": [depends] if isinstance(depends, str) else list(depends),
    }


def _simplify_function(properties: dict[str, Any], code: FunctionCode | None, name: str) -> None:
    """What moto must know of a function; its code and layers are folders, read by `functions`."""
    if code is None:
        raise TemplateError(f"function {name} has no code in this template")
    properties["Code"] = {"ZipFile": "# runs as a local process"}
    for unused in ("Layers", "Tags", "LoggingConfig", "Architectures", "RecursiveLoop"):
        properties.pop(unused, None)
