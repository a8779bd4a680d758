"""What the local stack executes of template.yaml and what it leaves out, property by property.

`template.load` refuses a template with a property that is in neither list, so that nothing which
would work differently on AWS is ignored in silence. Names are those of CloudFormation, after SAM's
expansion; `A.B` is a member of property A, whose members are then listed one by one, and `A.*` is
each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

EXECUTED: Mapping[str, frozenset[str]] = {
    "AWS::ApiGatewayV2::Api": frozenset(
        {
            "Body.info",
            "Body.openapi",
            "Body.paths.*.*.parameters",
            "Body.paths.*.*.responses",
            *(
                f"Body.paths.*.*.x-amazon-apigateway-integration.{name}"
                for name in ("httpMethod", "payloadFormatVersion", "type", "uri")
            ),
            "Body.tags",
        }
    ),
    "AWS::DynamoDB::Table": frozenset(
        {"AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema"}
    ),
    "AWS::Lambda::EventSourceMapping": frozenset(
        {
            "BatchSize",
            "EventSourceArn",
            "FunctionName",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "ScalingConfig.MaximumConcurrency",
        }
    ),
    "AWS::Lambda::Function": frozenset(
        {
            "Code",
            "Environment.Variables",
            "FunctionName",
            "Handler",
            "Layers",
            "LoggingConfig.ApplicationLogLevel",
            "LoggingConfig.LogFormat",
            "LoggingConfig.LogGroup",
            "MemorySize",
            "RecursiveLoop",
            "Timeout",
        }
    ),
    "AWS::Lambda::LayerVersion": frozenset({"Content"}),
    "AWS::Logs::LogGroup": frozenset({"LogGroupName"}),
    "AWS::SNS::Subscription": frozenset({"Endpoint", "Protocol", "TopicArn"}),
    "AWS::SQS::Queue": frozenset({"MessageRetentionPeriod", "RedrivePolicy", "VisibilityTimeout"}),
    "AWS::SSM::Parameter": frozenset({"Description", "Name", "Type", "Value"}),
    "AWS::Scheduler::Schedule": frozenset(
        {
            "GroupName",
            "Name",
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "State",
            "Target.Arn",
            "Target.Input",
        }
    ),
    "AWS::Scheduler::ScheduleGroup": frozenset({"Name"}),
    "AWS::SecretsManager::Secret": frozenset({"Name", "SecretString"}),
    "AWS::StepFunctions::StateMachine": frozenset(
        {
            "DefinitionS3Location",
            "DefinitionSubstitutions",
            "StateMachineName",
            "StateMachineType",
        }
    ),
}
"""Resource type → properties that have an effect here like the one on AWS."""

_NO_IAM = (
    "IAM is not enforced here; tests/template/test_permissions.py holds each role to its calls"
)
_ONE_STAGE = "the gateway is the only stage of the only API"
_NO_ALARMS = "moto keeps alarms and evaluates none; `relay status` applies their rules"
_NO_EVENTS = "only `local.aws.bucket_events` sends events; `Stack.invoke` hands a function one"
_NO_CONSOLE = "nobody opens a console here"
_NO_ATHENA = "there is no Athena here; tests run its tables and queries on DuckDB"
_LOOPBACK = "only this machine reaches the bucket, and nothing of it outlives the stack"
_LAYERS = "layers are used from their folders, for whatever they were built"
_NO_XRAY = "there is no X-Ray here"

LEFT_OUT_PROPERTIES: Mapping[str, Mapping[str, str]] = {
    "*": {
        "Description": "is for people",
        "Tags": "nothing here looks at tags",
    },
    "AWS::ApiGatewayV2::Stage": {
        "AccessLogSettings": "the gateway writes no access log; the log has each webhook",
        "ApiId": _ONE_STAGE,
        "AutoDeploy": _ONE_STAGE,
        "DefaultRouteSettings": "one machine does not send enough to be throttled",
        "StageName": _ONE_STAGE,
    },
    "AWS::Athena::NamedQuery": dict.fromkeys(
        ("Database", "Name", "QueryString", "WorkGroup"), _NO_ATHENA
    ),
    "AWS::Athena::WorkGroup": dict.fromkeys(
        ("Name", "RecursiveDeleteOption", "WorkGroupConfiguration"), _NO_ATHENA
    ),
    "AWS::CloudWatch::Alarm": dict.fromkeys(
        (
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "Dimensions",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "InsufficientDataActions",
            "MetricName",
            "Metrics",
            "Namespace",
            "OKActions",
            "Period",
            "Statistic",
            "Threshold",
            "TreatMissingData",
        ),
        _NO_ALARMS,
    ),
    "AWS::CloudWatch::Dashboard": dict.fromkeys(("DashboardBody", "DashboardName"), _NO_CONSOLE),
    "AWS::DynamoDB::Table": {
        "PointInTimeRecoverySpecification": "nothing here outlives the stack",
        "TimeToLiveSpecification": "items stay; the relay never relies on their deletion",
    },
    "AWS::Events::Rule": dict.fromkeys(("EventBusName", "EventPattern", "Targets"), _NO_EVENTS),
    "AWS::Glue::Database": dict.fromkeys(("CatalogId", "DatabaseInput"), _NO_ATHENA),
    "AWS::Glue::Table": dict.fromkeys(("CatalogId", "DatabaseName", "TableInput"), _NO_ATHENA),
    "AWS::IAM::ManagedPolicy": dict.fromkeys(("Description", "PolicyDocument"), _NO_IAM),
    "AWS::IAM::Policy": dict.fromkeys(("PolicyDocument", "PolicyName", "Roles"), _NO_IAM),
    "AWS::IAM::Role": dict.fromkeys(
        ("AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies"), _NO_IAM
    ),
    "AWS::Lambda::EventInvokeConfig": dict.fromkeys(
        (
            "DestinationConfig",
            "FunctionName",
            "MaximumEventAgeInSeconds",
            "MaximumRetryAttempts",
            "Qualifier",
        ),
        "nobody invokes a function without waiting here; its caller sees its error",
    ),
    "AWS::Lambda::Function": {
        "Architectures": "functions run on this machine's processor",
        "EphemeralStorage": "the disk of this machine is as large as it is",
        "LoggingConfig.SystemLogLevel": "lines of the platform itself are not written here",
        "Role": _NO_IAM,
        "Runtime": "functions run on this machine's Python",
        "TracingConfig": _NO_XRAY,
    },
    "AWS::Lambda::LayerVersion": {
        "CompatibleArchitectures": _LAYERS,
        "CompatibleRuntimes": _LAYERS,
        "LayerName": "a layer is known by its logical id",
    },
    "AWS::Lambda::Permission": dict.fromkeys(
        ("Action", "FunctionName", "Principal", "SourceArn"), _NO_IAM
    ),
    "AWS::Logs::QueryDefinition": dict.fromkeys(
        ("LogGroupNames", "Name", "QueryString"), _NO_CONSOLE
    ),
    "AWS::Logs::LogGroup": {"RetentionInDays": "log files stay until their folder is deleted"},
    "AWS::S3::Bucket": {
        "BucketEncryption": _LOOPBACK,
        "LifecycleConfiguration": "objects stay until the stack ends",
        "NotificationConfiguration": "`local.aws.bucket_events` notices objects by looking",
        "OwnershipControls": _LOOPBACK,
        "PublicAccessBlockConfiguration": _LOOPBACK,
    },
    "AWS::S3::BucketPolicy": dict.fromkeys(
        ("Bucket", "PolicyDocument"), "it refuses plain http, which is all there is on loopback"
    ),
    "AWS::SNS::Topic": {"DisplayName": "nothing is mailed here"},
    "AWS::SQS::Queue": {"SqsManagedSseEnabled": "messages are in the memory of one process"},
    "AWS::SQS::QueuePolicy": dict.fromkeys(("PolicyDocument", "Queues"), _NO_IAM),
    "AWS::Scheduler::Schedule": {
        "FlexibleTimeWindow": "a schedule is executed when it is due, which every window allows",
        "Target.RetryPolicy": "the target is in reach as long as the stack is",
        "Target.RoleArn": _NO_IAM,
    },
    "AWS::StepFunctions::StateMachine": {
        "RoleArn": _NO_IAM,
        "TracingConfiguration": _NO_XRAY,
    },
}
"""Resource type, `*` for all, → property → why it makes no difference that it is not executed."""

ONLY_VALUES: Mapping[str, Mapping[str, object]] = {
    "AWS::ApiGatewayV2::Stage": {"StageName": "$default"},
}
"""Resource type → property → the one value with which it makes no difference."""

ATTRIBUTES = frozenset({"Condition", "DependsOn", "Properties", "Type"})
"""Members of a resource that are executed."""

ATTRIBUTES_LEFT_OUT: Mapping[str, str] = {
    "DeletionPolicy": "nothing here outlives the stack",
    "Metadata": "is for `sam build`, which is not run",
    "UpdateReplacePolicy": "a running stack is not updated",
}


def unlisted(resources: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is in neither list, as `Queue (AWS::SQS::Queue) sets FifoQueue`; for expanded resources.

    Resources whose condition is false count as well.
    """
    return [
        f"{name} ({resource['Type']}) sets {property_}"
        for name, resource in resources.items()
        for property_ in _unlisted_of(resource)
    ]


def how_to_list(found: list[str]) -> str:
    """The whole complaint: what, why, what to do."""
    return (
        f"the local stack would ignore a part of the template: {'; '.join(found)}. Either let "
        "local/ do what AWS does with it and name it in EXECUTED of "
        "local/template/properties.py, or name it in LEFT_OUT_PROPERTIES there "
        "(ATTRIBUTES_LEFT_OUT if it is not below Properties), with the reason "
        "why leaving it out makes no difference"
    )


def _unlisted_of(resource: Mapping[str, Any]) -> Iterator[str]:
    for attribute in resource:
        if attribute not in ATTRIBUTES and attribute not in ATTRIBUTES_LEFT_OUT:
            yield f"{attribute} (not below Properties)"
    kind = resource["Type"]
    listed = (
        EXECUTED.get(kind, frozenset())
        | LEFT_OUT_PROPERTIES.get(kind, {}).keys()
        | LEFT_OUT_PROPERTIES["*"].keys()
    )
    properties = resource.get("Properties", {})
    yield from _unlisted_in(properties, listed, "")
    for name, only in ONLY_VALUES.get(kind, {}).items():
        if properties.get(name, only) != only:
            yield f"{name} to another value than {only}"


def _unlisted_in(value: Any, listed: frozenset[str], path: str) -> Iterator[str]:
    """Names below `path` that are not listed; both branches of an `Fn::If` count."""
    if not isinstance(value, Mapping):
        return
    if value.keys() == {"Fn::If"}:
        for branch in value["Fn::If"][1:]:
            yield from _unlisted_in(branch, listed, path)
        return
    for name, member in value.items():
        full = f"{path}{name}"
        if full in listed or (path and name in ("Ref", "Fn::GetAtt")):
            continue
        known = next((one for one in (full, f"{path}*") if _has_members(one, listed)), None)
        if known is None:
            yield full
        else:
            yield from _unlisted_in(member, listed, f"{known}.")


def _has_members(path: str, listed: frozenset[str]) -> bool:
    return any(one.startswith(f"{path}.") for one in listed)
