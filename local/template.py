"""Reads template.yaml as AWS would and sorts what it describes by who provides it here.

`stack` calls `load` once per start. aws-sam-translator expands the SAM resources; parameters,
conditions and pseudo parameters are resolved; each resource then belongs to exactly one of three
groups, and a type that is in none is an error: nothing is dropped silently.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from local.environment import ACCOUNT, PARTITION, REGION, session
from local.hosting import Hosting, hosting_of
from local.properties import how_to_list, unlisted

BY_CLOUDFORMATION = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function",
        "AWS::Lambda::Permission",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SSM::Parameter",
    }
)
"""What moto's CloudFormation creates."""

BY_API = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::SNS::Subscription",
        "AWS::Scheduler::Schedule",
        "AWS::Scheduler::ScheduleGroup",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
    }
)
"""What moto has, but not in its CloudFormation (state machines it would create without executing
them).
"""

BY_STACK: Mapping[str, str] = {
    "AWS::ApiGatewayV2::Api": "the gateway serves its routes",
    "AWS::ApiGatewayV2::Stage": "the gateway is its only stage, without throttling and access log",
    "AWS::Events::Rule": "nothing sends events here; `Stack.invoke` hands a function one",
    "AWS::Lambda::EventInvokeConfig": "whoever invokes a function sees its error",
    "AWS::Lambda::LayerVersion": "its folder is on the functions' path",
    "AWS::S3::BucketPolicy": "it refuses plain http, which is all there is on loopback",
    "AWS::SQS::QueuePolicy": "nobody but the stack reaches its queues",
}
"""What the stack itself stands for, and how."""

PSEUDO_PARAMETERS: Mapping[str, object] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": PARTITION,
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NotificationARNs": [],
}


class TemplateError(Exception):
    """template.yaml cannot be executed here; the text says which part and why."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer as a function finds it under /opt."""

    root: Path
    """What /opt shows."""
    modules: Path | None
    """Folder for the module search path; None if the layer is installed in this interpreter
    instead.
    """


@dataclass(frozen=True, kw_only=True)
class FunctionCode:
    """Where a function's code lies; everything else about it comes from the provisioned
    resource.
    """

    folder: Path
    layers: tuple[Layer, ...]


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method and path of the HTTP API, and the logical id of the function behind it."""

    method: str
    path: str
    function: str


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
            none of the groups, a property that `properties` does not list, an intrinsic function
            that is not known here, or a file that is missing.
    """
    source = read_yaml(path)
    parameters = parameter_values(source.get("Parameters", {}), overrides)
    code = _function_code(source, path.parent)
    definitions = _definitions(source, path.parent)
    expanded = _expand(_without_local_paths(source), parameters)
    known = {**PSEUDO_PARAMETERS, "AWS::StackName": stack_name, **parameters}
    resolver = Resolver(known, expanded.get("Mappings", {}), expanded.get("Conditions", {}))
    resources = {
        name: _resolved_resource(resource, resolver)
        for name, resource in expanded["Resources"].items()
        if resolver.holds(resource.get("Condition"))
    }
    by_api = _of_types(resources, BY_API)
    by_stack = _of_types(resources, BY_STACK)
    by_cloudformation = _of_types(resources, BY_CLOUDFORMATION)
    _refuse_unknown(resources, {**by_api, **by_stack, **by_cloudformation})
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
    outputs = {
        name: {"Value": resolver.resolve(output["Value"])}
        | ({"Description": output["Description"]} if "Description" in output else {})
        for name, output in expanded.get("Outputs", {}).items()
        if resolver.holds(output.get("Condition"))
    }
    return Template(
        cloudformation={"Resources": by_cloudformation, "Outputs": outputs},
        by_api=by_api,
        by_stack=by_stack,
        code={name: one for name, one in code.items() if name in resources},
        hosting=hosting,
        routes=_routes(by_stack),
        definitions=definitions,
        parameters=parameters,
    )


# ---------------------------------------------------------------- reading


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref`, `!Sub`, ...)."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# A date stays a text, as in CloudFormation.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file with CloudFormation's short forms as a dictionary."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - safe
    except FileNotFoundError as error:
        raise TemplateError(f"{path} does not exist") from error
    except yaml.YAMLError as error:
        raise TemplateError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise TemplateError(f"{path} holds no mapping")
    return content


def parameter_values(
    declared: Mapping[str, Mapping[str, Any]], overrides: Mapping[str, str]
) -> dict[str, object]:
    """Each parameter's value: the override or the default, checked as CloudFormation checks it."""
    unknown = sorted(set(overrides) - set(declared))
    if unknown:
        raise TemplateError(
            f"no such parameter: {', '.join(unknown)}; there are {', '.join(sorted(declared))}"
        )
    values: dict[str, object] = {}
    for name, description in declared.items():
        value = overrides.get(name, description.get("Default"))
        if value is None:
            raise TemplateError(f"parameter {name} has no value")
        values[name] = _checked(name, str(value), description)
    return values


def _checked(name: str, value: str, description: Mapping[str, Any]) -> object:
    kind = description.get("Type", "String")
    if kind not in ("String", "Number"):
        raise TemplateError(f"parameter {name}: type {kind} is not known here")
    allowed = [str(one) for one in description.get("AllowedValues", [value])]
    pattern = description.get("AllowedPattern", ".*")
    if value not in allowed or not re.fullmatch(pattern, value, re.DOTALL):
        reason = description.get("ConstraintDescription", f"must be one of {', '.join(allowed)}")
        raise TemplateError(f"parameter {name}: {value!r} {reason}")
    if kind == "String":
        return value
    try:
        number = float(value)
    except ValueError as error:
        raise TemplateError(f"parameter {name}: {value!r} is no number") from error
    least, most = description.get("MinValue", number), description.get("MaxValue", number)
    if not float(least) <= number <= float(most):
        raise TemplateError(f"parameter {name}: {value} is not between {least} and {most}")
    return int(number) if number.is_integer() else number


def _properties(source: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource.get("Properties", {})
        for name, resource in source["Resources"].items()
        if resource["Type"] == kind
    }


def _function_code(source: Mapping[str, Any], root: Path) -> dict[str, FunctionCode]:
    defaults = source.get("Globals", {}).get("Function", {})
    layers = {
        name: _layer(name, source["Resources"][name], root)
        for name in _properties(source, "AWS::Serverless::LayerVersion")
    }
    code = {}
    for name, properties in _properties(source, "AWS::Serverless::Function").items():
        folder = root / str(properties.get("CodeUri", defaults.get("CodeUri", "")))
        if not folder.is_dir():
            raise TemplateError(f"function {name}: CodeUri {folder} is no folder")
        references = [*defaults.get("Layers", []), *properties.get("Layers", [])]
        try:
            own = tuple(layers[reference["Ref"]] for reference in references)
        except (KeyError, TypeError) as error:
            raise TemplateError(f"function {name}: a layer of another template") from error
        code[name] = FunctionCode(folder=folder, layers=own)
    return code


def _layer(name: str, resource: Mapping[str, Any], root: Path) -> Layer:
    folder = root / str(resource.get("Properties", {}).get("ContentUri", ""))
    if not folder.is_dir():
        raise TemplateError(f"layer {name}: ContentUri {folder} is no folder")
    if "BuildMethod" not in resource.get("Metadata", {}):
        modules = folder / "python"
        return Layer(root=folder, modules=modules if modules.is_dir() else None)
    # `sam build` turns the folder into /opt/python; one that holds requirements alone is
    # installed here.
    holds_modules = any(folder.glob("*.py")) or any(folder.glob("*/__init__.py"))
    return Layer(root=folder, modules=folder if holds_modules else None)


def _definitions(source: Mapping[str, Any], root: Path) -> dict[str, str]:
    definitions = {}
    for name, properties in _properties(source, "AWS::Serverless::StateMachine").items():
        definition = properties.get("Definition")
        if definition is None:
            definition = read_yaml(root / str(properties.get("DefinitionUri", "")))
        definitions[name] = json.dumps(definition)
    return definitions


# ---------------------------------------------------------------- expanding


def _without_local_paths(source: Mapping[str, Any]) -> dict[str, Any]:
    """The template as it looks after an upload, which is what the translator accepts."""
    uploaded = copy.deepcopy(dict(source))
    names = {
        "AWS::Serverless::Function": "CodeUri",
        "AWS::Serverless::LayerVersion": "ContentUri",
        "AWS::Serverless::StateMachine": "DefinitionUri",
    }
    for name, resource in uploaded["Resources"].items():
        if resource["Type"] in names:
            properties = resource.setdefault("Properties", {})
            properties.pop("Definition", None)
            properties[names[resource["Type"]]] = f"s3://local/{name}"
    return uploaded


def _expand(source: dict[str, Any], parameters: Mapping[str, object]) -> dict[str, Any]:
    # Imported here: it takes half a second, in which the other processes already start.
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    translator = Translator({}, Parser(), boto_session=session())
    try:
        expanded: dict[str, Any] = translator.translate(source, parameter_values=dict(parameters))
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"not a SAM template: {causes}") from error
    finally:
        # Goes nowhere; left undone it is complained about when the process ends.
        translator.metrics.publish()
    return expanded


class Resolver:
    """Resolves what is known before anything is provisioned; references to resources stay."""

    def __init__(
        self,
        known: Mapping[str, object],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
    ) -> None:
        self._known = known
        self._mappings = mappings
        self._conditions = conditions
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self.holds,
            "Fn::And": lambda parts: all(map(self.resolve, parts)),
            "Fn::Equals": lambda pair: str(self.resolve(pair[0])) == str(self.resolve(pair[1])),
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": lambda path: {"Fn::GetAtt": path},
            "Fn::If": lambda parts: self.resolve(parts[1 if self.holds(parts[0]) else 2]),
            "Fn::Join": self._join,
            "Fn::Not": lambda parts: not self.resolve(parts[0]),
            "Fn::Or": lambda parts: any(map(self.resolve, parts)),
            "Fn::Sub": self._sub,
        }

    def holds(self, condition: str | None) -> bool:
        """Whether a named condition is true; no condition always is."""
        return condition is None or bool(self.resolve(self._conditions[condition]))

    def resolve(self, value: Any) -> Any:
        """`value` with everything known filled in, `AWS::NoValue` left out.

        Raises:
            TemplateError: for an intrinsic function that is not known here.
        """
        if isinstance(value, list):
            return [one for part in value if (one := self.resolve(part)) is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name in self._functions and (name != "Condition" or isinstance(argument, str)):
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                raise TemplateError(f"{name} is not known here")
        resolved = {name: self.resolve(part) for name, part in value.items()}
        return {name: part for name, part in resolved.items() if part is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        return self._known.get(name, {"Ref": name})

    def _find_in_map(self, path: list[Any]) -> Any:
        name, first, second = (str(self.resolve(part)) for part in path)
        return self._mappings[name][first][second]

    def _join(self, arguments: list[Any]) -> Any:
        separator, parts = arguments
        resolved = self.resolve(parts)
        if all(not isinstance(part, Mapping) for part in resolved):
            return separator.join(map(str, resolved))
        return {"Fn::Join": [separator, resolved]}

    def _sub(self, argument: str | list[Any]) -> Any:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        values = {name: self.resolve(value) for name, value in own.items()}

        def fill(match: re.Match[str]) -> str:
            value = values.get(match[1], self._known.get(match[1]))
            if value is None or isinstance(value, Mapping):
                return match[0]
            return str(value)

        filled = re.sub(r"\$\{([^!}][^}]*)\}", fill, text)
        left = {name: value for name, value in values.items() if isinstance(value, Mapping)}
        if left:
            return {"Fn::Sub": [filled, left]}
        # `${!x}` is a literal; what is still open refers to resources.
        if not re.search(r"\$\{[^!]", filled):
            return filled.replace("${!", "${") if "${!" in filled else filled
        return {"Fn::Sub": filled}


_NO_VALUE = object()


def _resolved_resource(resource: Mapping[str, Any], resolver: Resolver) -> dict[str, Any]:
    depends = resource.get("DependsOn", [])
    return {
        "Type": resource["Type"],
        "Properties": resolver.resolve(resource.get("Properties", {})),
        "DependsOn": [depends] if isinstance(depends, str) else list(depends),
    }


# ---------------------------------------------------------------- sorting


def _of_types(
    resources: Mapping[str, dict[str, Any]], types: frozenset[str] | Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    return {name: resource for name, resource in resources.items() if resource["Type"] in types}


def _refuse_unknown(resources: Mapping[str, Any], sorted_out: Mapping[str, Any]) -> None:
    unknown = [
        f"{name} ({resources[name]['Type']})" for name in resources if name not in sorted_out
    ]
    if unknown:
        raise TemplateError(f"the local stack does not know what to do with {', '.join(unknown)}")


def _simplify_function(properties: dict[str, Any], code: FunctionCode | None, name: str) -> None:
    """What moto must know of a function; its code and layers are folders, read by `functions`."""
    if code is None:
        raise TemplateError(f"function {name} has no code in this template")
    properties["Code"] = {"ZipFile": "# runs as a local process"}
    for unused in ("Layers", "Tags", "LoggingConfig", "Architectures", "RecursiveLoop"):
        properties.pop(unused, None)


def _routes(by_stack: Mapping[str, Mapping[str, Any]]) -> tuple[Route, ...]:
    routes = []
    for name, resource in by_stack.items():
        if resource["Type"] != "AWS::ApiGatewayV2::Api":
            continue
        for path, methods in resource["Properties"].get("Body", {}).get("paths", {}).items():
            for method, operation in methods.items():
                routes.append(_route(f"{name} {method} {path}", method, path, operation))
    return tuple(routes)


def _route(place: str, method: str, path: str, operation: Mapping[str, Any]) -> Route:
    integration = operation.get("x-amazon-apigateway-integration", {})
    function = re.search(r"\$\{(\w+)\.Arn\}", str(integration.get("uri", "")))
    if function is None or integration.get("payloadFormatVersion") != "2.0":
        raise TemplateError(f"route {place}: not a function with payload format 2.0")
    verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
    return Route(method=verb, path=path, function=function[1])
