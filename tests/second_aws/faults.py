"""Where ministack differs from AWS, and what is done about it, with the reason. Nowhere else.

`adapt` changes the built template before it is deployed, `complete` makes what the deployment left
out. A change that finds nothing to change fails: it is no longer needed, or no longer right.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

Template = dict[str, Any]
FOR_THE_CONSOLE = (
    "AWS::Athena::NamedQuery",
    "AWS::CloudWatch::Dashboard",
    "AWS::Logs::QueryDefinition",
)


class NothingToChangeError(AssertionError):
    """The template has nothing that this fault concerns."""


def adapt(folder: Path) -> None:
    """Rewrite the built template in this folder, so that it can run on ministack."""
    file = folder / "template.yaml"
    template: Template = yaml_parse(file.read_text(encoding="utf-8"))
    _arns_of_secrets(template)
    _files_of_layers(template, folder)
    for action in ("sqs:SendMessage", "sqs:DeleteMessage"):
        _permission_for_batches(template, action)
    _definition_in_json(template, folder)
    _schedules_of_the_default_group(template)
    _plain_http(template)
    _sums_in_alarms(template)
    _what_is_for_the_console(template)
    _permission_to_look_at_mappings(template)
    file.write_text(json.dumps(template), encoding="utf-8")


def _arns_of_secrets(template: Template) -> None:
    """`Ref` of a secret gives its name; on AWS it is the ARN, which policies need."""
    secrets = _of_type(template, "AWS::SecretsManager::Secret")

    def change(value: Any) -> Any:
        if isinstance(value, dict) and value.get("Ref") in secrets:
            return {"Fn::GetAtt": [value["Ref"], "Id"]}
        return value

    _rewrite(template, ("Resources", "Outputs"), change)


def _files_of_layers(template: Template, folder: Path) -> None:
    """Layers are importable, but not mounted at /opt: a file of one is named where it was built."""
    layers = [
        (folder / one["Properties"]["ContentUri"]).resolve()
        for one in _of_type(template, "AWS::Serverless::LayerVersion").values()
    ]

    def change(value: Any) -> Any:
        if not (isinstance(value, str) and value.startswith("/opt/")):
            return value
        name = value.removeprefix("/opt/")
        (found,) = [layer / name for layer in layers if (layer / name).exists()]
        return str(found)

    _rewrite(template, ("Resources",), change)


def _permission_for_batches(template: Template, action: str) -> None:
    """A batch is checked as e.g. `sqs:SendMessageBatch`, an action that AWS does not have."""

    def change(value: Any) -> Any:
        if isinstance(value, dict) and action in _listed(value.get("Action")):
            return {**value, "Action": [*_listed(value["Action"]), f"{action}Batch"]}
        return value

    _rewrite(template, ("Resources",), change)


def _definition_in_json(template: Template, folder: Path) -> None:
    """The definition of a state machine is read as JSON only; AWS takes YAML as well."""
    machines = _of_type(template, "AWS::Serverless::StateMachine")
    _expect(machines, "a state machine")
    for name, machine in machines.items():
        written = folder / machine["Properties"]["DefinitionUri"]
        target = folder / f"{name}.asl.json"
        target.write_text(json.dumps(yaml_parse(written.read_text(encoding="utf-8"))))
        machine["Properties"]["DefinitionUri"] = target.name


def _schedules_of_the_default_group(template: Template) -> None:
    """A new schedule is checked as one of the default group, whatever its group is."""

    def change(value: Any) -> Any:
        if isinstance(value, dict) and "scheduler:CreateSchedule" in _listed(value.get("Action")):
            return {**value, "Resource": [*_listed(value["Resource"]), _schedule("default/*")]}
        return value

    _rewrite(template, ("Resources",), change)


def _schedule(name: str) -> Mapping[str, str]:
    return {
        "Fn::Sub": "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/"
        + name
    }


def _plain_http(template: Template) -> None:
    """It is reached without TLS, which the bucket's policy refuses."""
    policies = _of_type(template, "AWS::S3::BucketPolicy")
    _expect(policies, "a bucket policy")
    for name in policies:
        del template["Resources"][name]


def _permission_to_look_at_mappings(template: Template) -> None:
    """Looking at one mapping is checked as `lambda:ListEventSourceMappings` on it."""

    def change(value: Any) -> Any:
        if isinstance(value, dict) and "lambda:GetEventSourceMapping" in _listed(
            value.get("Action")
        ):
            return {
                **value,
                "Action": [*_listed(value["Action"]), "lambda:ListEventSourceMappings"],
            }
        return value

    _rewrite(template, ("Resources",), change)


def _sums_in_alarms(template: Template) -> None:
    """An alarm on an expression over several metrics is refused; nothing evaluates alarms there."""
    alarms = _of_type(template, "AWS::CloudWatch::Alarm")
    sums = [name for name, alarm in alarms.items() if "Metrics" in alarm["Properties"]]
    _expect(sums, "an alarm on an expression")
    for name in sums:
        del template["Resources"][name]


def _what_is_for_the_console(template: Template) -> None:
    """It does not know these types; they serve only the console."""
    for type_ in FOR_THE_CONSOLE:
        found = _of_type(template, type_)
        _expect(found, f"a resource of type {type_}")
        for name in found:
            del template["Resources"][name]


def complete(client: Callable[[str], Any], stack: str, template: Template) -> str:
    """Make what a deployment leaves out, and return the id of the HTTP API.

    An HTTP API whose routes stand in its `Body` gets none of them.
    """
    resources = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in client("cloudformation").describe_stack_resources(StackName=stack)[
            "StackResources"
        ]
    }
    gateway, api = client("apigatewayv2"), str(resources["Api"])
    known = {one["RouteKey"] for one in gateway.get_routes(ApiId=api)["Items"]}
    for name, function in _of_type(template, "AWS::Serverless::Function").items():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "HttpApi":
                _add_route(gateway, api, event["Properties"], resources[name], known)
    return api


def _add_route(
    gateway: Any, api: str, event: Mapping[str, str], function: str, known: set[str]
) -> None:
    key = f"{event['Method']} {event['Path']}"
    if key in known:
        return
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=f"arn:aws:lambda:eu-central-1:123456789012:function:{function}",
        PayloadFormatVersion=event["PayloadFormatVersion"],
    )
    gateway.create_route(
        ApiId=api, RouteKey=key, Target=f"integrations/{integration['IntegrationId']}"
    )


def _of_type(template: Template, type_: str) -> dict[str, Any]:
    return {name: one for name, one in template["Resources"].items() if one["Type"] == type_}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _expect(found: Any, what: str) -> None:
    if not found:
        raise NothingToChangeError(f"the template has not {what}")


def _rewrite(template: Template, sections: tuple[str, ...], change: Callable[[Any], Any]) -> None:
    """Replace each value below these sections by what `change` makes of it."""
    changed = 0

    def rewritten(value: Any) -> Any:
        nonlocal changed
        new = change(value)
        if new is not value:
            changed += 1
            return new
        if isinstance(value, dict):
            return {key: rewritten(one) for key, one in value.items()}
        if isinstance(value, list):
            return [rewritten(one) for one in value]
        return value

    for section in sections:
        template[section] = rewritten(template[section])
    _expect(changed, f"what {change.__qualname__} is for")


def arrives_unchanged(body: bytes) -> bool:
    """Whether ministack's API hands a body on unchanged: it changes one that is not UTF-8.

    AWS does not say what its own API does; the relay takes such bodies encoded in base64.
    """
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
