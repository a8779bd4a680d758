"""Who provides which type of resource here: moto's CloudFormation, moto's API, or the stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.template.errors import TemplateError

BY_CLOUDFORMATION = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::IAM::ManagedPolicy",
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
    "AWS::Athena::NamedQuery": "tests run it on DuckDB, over the files of the mirror",
    "AWS::Athena::WorkGroup": "nobody queries here",
    "AWS::CloudWatch::Dashboard": "nobody opens a console here",
    "AWS::Events::Rule": (
        "only `local.aws.bucket_events` sends events; `Stack.invoke` hands a function one"
    ),
    "AWS::Glue::Database": "tests make its tables in DuckDB, over the files of the mirror",
    "AWS::Glue::Table": "tests make it in DuckDB, over the files of the mirror",
    "AWS::Lambda::EventInvokeConfig": "the caller of a function sees its error",
    "AWS::Lambda::LayerVersion": "its folder is on the functions' path",
    "AWS::Logs::QueryDefinition": "nobody opens a console here",
    "AWS::S3::BucketPolicy": "it refuses plain http, which is all there is on loopback",
    "AWS::SQS::QueuePolicy": "nobody but the stack reaches its queues",
}
"""What the stack itself stands for, and how."""


def of_types(
    resources: Mapping[str, dict[str, Any]], types: frozenset[str] | Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """The resources of these types."""
    return {name: resource for name, resource in resources.items() if resource["Type"] in types}


def refuse_unknown(resources: Mapping[str, Any], sorted_out: Mapping[str, Any]) -> None:
    """Raise `TemplateError` for resources that nobody provides here."""
    unknown = [
        f"{name} ({resources[name]['Type']})" for name in resources if name not in sorted_out
    ]
    if unknown:
        raise TemplateError(f"the local stack does not know what to do with {', '.join(unknown)}")
