"""Each property of the template is executed here or left out for a reason; no other is accepted."""

from pathlib import Path
from typing import Any

import pytest

from local.template.loading import load
from local.template.properties import (
    ATTRIBUTES,
    ATTRIBUTES_LEFT_OUT,
    EXECUTED,
    LEFT_OUT_PROPERTIES,
    how_to_list,
    unlisted,
)
from local.template.providers import BY_API, BY_CLOUDFORMATION, BY_STACK
from local.template.yaml_files import read_yaml
from tests.template.expanded import ROOT, Expanded, expand, source

BUS = {"SalesforceEventBus": "aws.partner/salesforce.com/00D/x"}
OTHER_VALUES = {"Tracing": "true", "AlarmEmail": "a@example.com", "LogLevel": "DEBUG", **BUS}


@pytest.fixture(scope="module")
def template() -> Expanded:
    return expand(source())


def test_every_property_of_the_template_is_listed(template: Expanded) -> None:
    found = unlisted(template.content["Resources"])

    assert not found, how_to_list(found)


@pytest.mark.parametrize("overrides", [{}, OTHER_VALUES])
def test_the_template_can_be_executed_whatever_its_conditions_say(
    overrides: dict[str, str],
) -> None:
    assert load(ROOT / "template.yaml", overrides, "stack").code


def test_nothing_is_executed_and_left_out() -> None:
    for kind, properties in EXECUTED.items():
        assert not properties & (LEFT_OUT_PROPERTIES.get(kind, {}).keys() | {"Tags"})
    assert not ATTRIBUTES & ATTRIBUTES_LEFT_OUT.keys()


def test_only_types_that_somebody_provides_are_listed() -> None:
    provided = BY_CLOUDFORMATION | BY_API | BY_STACK.keys()

    assert provided >= EXECUTED.keys()
    assert provided >= LEFT_OUT_PROPERTIES.keys() - {"*"}


def test_every_reason_is_a_reason() -> None:
    for properties in (*LEFT_OUT_PROPERTIES.values(), ATTRIBUTES_LEFT_OUT):
        assert all(len(reason.split()) > 2 for reason in properties.values())


def resource(kind: str = "AWS::SQS::Queue", **properties: Any) -> dict[str, Any]:
    return {"One": {"Type": kind, "Properties": properties}}


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        (resource(VisibilityTimeout=1, Tags=[]), []),
        (resource(FifoQueue=True), ["One (AWS::SQS::Queue) sets FifoQueue"]),
        (resource("AWS::New::Type", A=1), ["One (AWS::New::Type) sets A"]),
        (
            resource("AWS::Lambda::EventSourceMapping", ScalingConfig={"Other": 1}),
            ["One (AWS::Lambda::EventSourceMapping) sets ScalingConfig.Other"],
        ),
        (
            resource(
                "AWS::Lambda::Function", LoggingConfig={"Fn::If": ["C", {"LogFormat": 1}, {"X": 1}]}
            ),
            ["One (AWS::Lambda::Function) sets LoggingConfig.X"],
        ),
        (resource("AWS::Lambda::Function", LoggingConfig={"Ref": "AWS::NoValue"}), []),
        (
            resource("AWS::ApiGatewayV2::Stage", StageName="prod"),
            ["One (AWS::ApiGatewayV2::Stage) sets StageName to another value than $default"],
        ),
        (
            {"One": {"Type": "AWS::SQS::Queue", "CreationPolicy": {}, "DeletionPolicy": "Retain"}},
            ["One (AWS::SQS::Queue) sets CreationPolicy (not below Properties)"],
        ),
    ],
)
def test_what_is_not_listed_is_found(resources: dict[str, Any], found: list[str]) -> None:
    assert unlisted(resources) == found


INTEGRATION = "x-amazon-apigateway-integration"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"openapi": "3.0.1", "paths": {"/a/{b}": {"post": {INTEGRATION: {"uri": 1}}}}}, ""),
        ({"x-amazon-apigateway-cors": {}}, "Body.x-amazon-apigateway-cors"),
        ({"components": {"securitySchemes": {}}}, "Body.components"),
        ({"paths": {"/a": {"post": {"security": []}}}}, "Body.paths.*.*.security"),
        (
            {"paths": {"/a": {"post": {INTEGRATION: {"timeoutInMillis": 1}}}}},
            f"Body.paths.*.*.{INTEGRATION}.timeoutInMillis",
        ),
    ],
)
def test_what_is_not_listed_of_an_api_is_found(body: dict[str, Any], found: str) -> None:
    names = [f"One (AWS::ApiGatewayV2::Api) sets {found}"] if found else []
    assert unlisted(resource("AWS::ApiGatewayV2::Api", Body=body)) == names


def test_the_complaint_says_what_to_do() -> None:
    text = how_to_list(["Queue (AWS::SQS::Queue) sets FifoQueue"])

    assert "Queue (AWS::SQS::Queue) sets FifoQueue" in text
    assert "EXECUTED" in text
    assert "LEFT_OUT" in text
    assert (Path("local") / "template" / "properties.py").as_posix() in text


def test_each_log_level_of_the_template_becomes_one_that_lambda_has() -> None:
    for level in read_yaml(ROOT / "template.yaml")["Parameters"]["LogLevel"]["AllowedValues"]:
        hosting = load(ROOT / "template.yaml", {"LogLevel": level}, "stack").hosting
        expected = "DEBUG" if level == "DEBUG" else "INFO"
        assert hosting["ReceiveWebhook"].variables() == {
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": expected,
        }
        assert hosting["SubmitImports"].variables() == {"AWS_LAMBDA_LOG_FORMAT": "Text"}


def test_only_functions_that_put_items_back_into_their_queue_may_loop() -> None:
    hosting = load(ROOT / "template.yaml", {}, "stack").hosting

    assert {name for name, one in hosting.items() if one.may_loop} == {
        "SubmitImports",
        "WriteReport",
    }
