"""Creates the template's resources in moto; `stack` calls it once the AWS process answers.

CloudFormation creates what it can, so that `describe_stacks` gives the same outputs as in the
cloud; the rest goes through each service's own API. Secrets come first (their ARNs hold six
random letters), state machines and schedules last (they name what CloudFormation made).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.environment import ACCOUNT, PARTITION, REGION
from local.template.errors import TemplateError
from local.template.loading import Template

Client = Callable[[str], Any]
ResourceAttributes = dict[str, str]
"""What a resource's `Ref` and attributes stand for."""

API_ID = "local"
_API_ADDRESS = f"https://{API_ID}.execute-api.{REGION}.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class Provisioned:
    """The resources by logical id, and the outputs of the stack."""

    resources: Mapping[str, ResourceAttributes]
    outputs: Mapping[str, str]


class References:
    """Fills in references to resources whose attributes are known; the others stay as they are."""

    def __init__(self, resources: Mapping[str, ResourceAttributes]) -> None:
        self.resources = dict(resources)
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
        }

    def fill(self, value: Any) -> Any:
        """`value` with every known `Ref`, `Fn::GetAtt`, `Fn::Sub` and `Fn::Join` resolved."""
        if isinstance(value, list):
            return [self.fill(part) for part in value]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name in self._functions:
                return self._functions[name](argument)
        return {name: self.fill(part) for name, part in value.items()}

    def _ref(self, name: str) -> Any:
        return self.resources.get(name, {}).get("Ref", {"Ref": name})

    def _get_att(self, path: list[str]) -> Any:
        return self.resources.get(path[0], {}).get(path[1], {"Fn::GetAtt": path})

    def _join(self, arguments: list[Any]) -> Any:
        separator, parts = arguments[0], self.fill(arguments[1])
        if all(isinstance(part, str) for part in parts):
            return str(separator).join(parts)
        return {"Fn::Join": [separator, parts]}

    def _sub(self, argument: str | list[Any]) -> Any:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        own = {name: self.fill(value) for name, value in own.items()}

        def one(match: re.Match[str]) -> str:
            name, _, attribute = match[1].partition(".")
            if isinstance(own.get(match[1]), str):
                return str(own[match[1]])
            return self.resources.get(name, {}).get(attribute or "Ref", match[0])

        filled = re.sub(r"\$\{([^!}][^}]*)\}", one, text)
        left = {name: value for name, value in own.items() if not isinstance(value, str)}
        if left:
            return {"Fn::Sub": [filled, left]}
        if re.search(r"\$\{[^!]", filled):
            return {"Fn::Sub": filled}
        return filled.replace("${!", "${")


def provision(
    template: Template, stack_name: str, client: Client, webhooks_url: str
) -> Provisioned:
    """Create everything that the template describes.

    Raises:
        TemplateError: if a resource cannot be created or refers to something that has no such
            attribute.
    """
    references = References(_held_by_stack(template))
    _create_secrets(template, client, references, stack_name)
    references.resources.update(_predicted(template, references, stack_name))
    _create_stack(template, stack_name, client, references, webhooks_url)
    references.resources.update(_physical(stack_name, client))
    for kind, create in _CREATORS.items():
        for name, resource in template.by_api.items():
            if resource["Type"] == kind:
                properties = references.fill(resource["Properties"])
                _refuse_open(name, properties)
                create(
                    client, properties, references.resources[name], template.definitions.get(name)
                )
    (stack,) = client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return Provisioned(resources=references.resources, outputs=outputs)


# ---------------------------------------------------------------- before the stack


def _held_by_stack(template: Template) -> dict[str, ResourceAttributes]:
    held: dict[str, ResourceAttributes] = {}
    for name, resource in template.by_stack.items():
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            held[name] = {"Ref": API_ID, "ApiEndpoint": _API_ADDRESS, "ApiId": API_ID}
        elif resource["Type"] == "AWS::Lambda::LayerVersion":
            held[name] = {"Ref": f"arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:layer:{name}:1"}
        elif resource["Type"] == "AWS::Events::Rule":
            held[name] = {"Ref": name, "Arn": _arn("events", f"rule/{name}")}
    return held


def _create_secrets(
    template: Template, client: Client, references: References, stack_name: str
) -> None:
    for name, resource in template.by_api.items():
        if resource["Type"] == "AWS::SecretsManager::Secret":
            properties = references.fill(resource["Properties"])
            created = client("secretsmanager").create_secret(
                Name=properties.get("Name", f"{stack_name}-{name}"),
                Description=properties.get("Description", ""),
                SecretString=properties.get("SecretString", "{}"),
            )
            references.resources[name] = {"Ref": created["ARN"], "Id": created["ARN"]}


def _predicted(
    template: Template, references: References, stack_name: str
) -> dict[str, ResourceAttributes]:
    """Names and ARNs that are certain before the resource exists."""
    predicted: dict[str, ResourceAttributes] = {}
    for name, resource in template.by_api.items():
        properties = references.fill(resource["Properties"])
        given = f"{stack_name}-{name}"
        match resource["Type"]:
            case "AWS::StepFunctions::StateMachine":
                own = str(properties.get("StateMachineName", given))
                arn = _arn("states", f"stateMachine:{own}")
                predicted[name] = {"Ref": arn, "Arn": arn, "Name": own}
            case "AWS::Scheduler::ScheduleGroup":
                own = str(properties.get("Name", given))
                predicted[name] = {"Ref": own, "Arn": _arn("scheduler", f"schedule-group/{own}")}
            case "AWS::Scheduler::Schedule":
                own = str(properties.get("Name", given))
                predicted[name] = {"Ref": own, "Name": own}
            case "AWS::CloudWatch::Alarm":
                own = str(properties.get("AlarmName", given))
                predicted[name] = {"Ref": own, "Arn": _arn("cloudwatch", f"alarm:{own}")}
            case "AWS::SNS::Subscription":
                predicted[name] = {"Ref": given}
    return predicted


def _arn(service: str, resource: str) -> str:
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"


# ---------------------------------------------------------------- the stack


def _create_stack(
    template: Template,
    stack_name: str,
    client: Client,
    references: References,
    webhooks_url: str,
) -> None:
    body = references.fill(template.cloudformation)
    for resource in body["Resources"].values():
        kept = [name for name in resource.get("DependsOn", []) if name in body["Resources"]]
        resource["DependsOn"] = kept
    body["Outputs"] = {
        name: json.loads(json.dumps(output).replace(_API_ADDRESS, webhooks_url))
        for name, output in body["Outputs"].items()
    }
    text = json.dumps(body)
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName=stack_name, TemplateBody=text)
    (stack,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        reason = stack.get("StackStatusReason", "no reason is given")
        raise TemplateError(f"the stack is {stack['StackStatus']}: {reason}")


def _physical(stack_name: str, client: Client) -> dict[str, ResourceAttributes]:
    resources = client("cloudformation").describe_stack_resources(StackName=stack_name)
    return {
        resource["LogicalResourceId"]: _attributes(
            resource["ResourceType"],
            # A permission has none.
            resource.get("PhysicalResourceId", resource["LogicalResourceId"]),
        )
        for resource in resources["StackResources"]
    }


def _attributes(kind: str, own: str) -> ResourceAttributes:
    """`Ref` and the attributes that follow from the physical id."""
    last = own.rsplit("/", 1)[-1]
    derived: dict[str, ResourceAttributes] = {
        "AWS::DynamoDB::Table": {"Arn": _arn("dynamodb", f"table/{own}")},
        "AWS::IAM::Role": {"Arn": f"arn:{PARTITION}:iam::{ACCOUNT}:role/{own}"},
        "AWS::Lambda::Function": {"Arn": _arn("lambda", f"function:{own}")},
        "AWS::Logs::LogGroup": {"Arn": _arn("logs", f"log-group:{own}:*")},
        "AWS::S3::Bucket": {"Arn": f"arn:{PARTITION}:s3:::{own}"},
        "AWS::SNS::Topic": {"TopicArn": own},
        "AWS::SQS::Queue": {"Arn": _arn("sqs", last), "QueueName": last, "QueueUrl": own},
    }
    return {"Ref": own, **derived.get(kind, {})}


# ---------------------------------------------------------------- after the stack


def _refuse_open(name: str, properties: Any) -> None:
    text = json.dumps(properties)
    if re.search(r'\{"(Ref|Fn::\w+)":', text):
        raise TemplateError(f"{name} refers to something unknown here: {text}")


Creator = Callable[[Client, dict[str, Any], ResourceAttributes, str | None], None]


def _create_state_machine(
    client: Client, properties: dict[str, Any], own: ResourceAttributes, definition: str | None
) -> None:
    text = definition or "{}"
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{name}}}", json.dumps(value)[1:-1])
    left = re.search(r"\$\{\w+\}", text)
    if left:
        raise TemplateError(f"state machine {own['Name']}: nothing is substituted for {left[0]}")
    client("stepfunctions").create_state_machine(
        name=own["Name"],
        definition=text,
        roleArn=properties["RoleArn"],
        type=properties.get("StateMachineType", "STANDARD"),
    )


def _create_schedule_group(
    client: Client, _properties: dict[str, Any], own: ResourceAttributes, _: str | None
) -> None:
    client("scheduler").create_schedule_group(Name=own["Ref"])


def _create_schedule(
    client: Client, properties: dict[str, Any], own: ResourceAttributes, _: str | None
) -> None:
    client("scheduler").create_schedule(**{**properties, "Name": own["Name"]})


def _create_alarm(
    client: Client, properties: dict[str, Any], own: ResourceAttributes, _: str | None
) -> None:
    client("cloudwatch").put_metric_alarm(**{**properties, "AlarmName": own["Ref"]})


def _create_subscription(
    client: Client, properties: dict[str, Any], _own: ResourceAttributes, _: str | None
) -> None:
    client("sns").subscribe(
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Endpoint=properties["Endpoint"],
    )


_CREATORS: Mapping[str, Creator] = {
    "AWS::StepFunctions::StateMachine": _create_state_machine,
    "AWS::Scheduler::ScheduleGroup": _create_schedule_group,
    "AWS::Scheduler::Schedule": _create_schedule,
    "AWS::CloudWatch::Alarm": _create_alarm,
    "AWS::SNS::Subscription": _create_subscription,
}
