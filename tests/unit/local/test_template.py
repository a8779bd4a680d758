"""The stack executes the template as it is, and says so when it cannot."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from local.aws.provisioning import References
from local.template.code import Layer
from local.template.errors import TemplateError
from local.template.loading import Template, load
from local.template.resolver import Resolver
from local.template.routes import Route


def function(**changes: object) -> dict[str, Any]:
    route = {"Path": "/hooks/{name}", "Method": "POST", "ApiId": {"Ref": "Api"}}
    properties = {
        "CodeUri": "functions/receive/",
        "Handler": "receive.handler",
        "Runtime": "python3.13",
        "Environment": {"Variables": {"RATE": {"Ref": "Rate"}, "QUEUE_URL": {"Ref": "Queue"}}},
        "Layers": [{"Ref": "Settings"}],
        "Events": {"Hook": {"Type": "HttpApi", "Properties": route}},
    }
    return {"Type": "AWS::Serverless::Function", "Properties": properties | changes}


def source(**resources: object) -> dict[str, Any]:
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {
            "Rate": {"Type": "Number", "Default": 2, "MinValue": 1, "MaxValue": 5},
            "Zone": {"Type": "String", "Default": "UTC", "AllowedPattern": "^[A-Z]+$"},
            "Mode": {"Type": "String", "Default": "a", "AllowedValues": ["a", "b"]},
        },
        "Conditions": {"IsB": {"Fn::Equals": [{"Ref": "Mode"}, "b"]}},
        "Resources": {
            "Api": {"Type": "AWS::Serverless::HttpApi"},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Receive": function(),
            "Settings": {
                "Type": "AWS::Serverless::LayerVersion",
                "Properties": {"ContentUri": "layers/settings/"},
            },
            **resources,
        },
        "Outputs": {
            "Url": {"Value": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.x/${Zone}"}}
        },
    }


def loaded(folder: Path, content: dict[str, Any], **overrides: str) -> Template:
    (folder / "functions" / "receive").mkdir(parents=True, exist_ok=True)
    (folder / "layers" / "settings").mkdir(parents=True, exist_ok=True)
    path = folder / "template.yaml"
    path.write_text(yaml.safe_dump(content))
    return load(path, overrides, "stack")


def test_sam_resources_become_functions_routes_and_resources(tmp_path: Path) -> None:
    template = loaded(tmp_path, source())

    assert template.routes == (Route(method="POST", path="/hooks/{name}", function="Receive"),)
    assert template.code["Receive"].folder == tmp_path / "functions" / "receive"
    assert template.cloudformation["Resources"]["Queue"]["Type"] == "AWS::SQS::Queue"
    properties = template.cloudformation["Resources"]["Receive"]["Properties"]
    assert properties["Environment"]["Variables"] == {"RATE": 2, "QUEUE_URL": {"Ref": "Queue"}}


def test_a_parameter_can_be_overridden(tmp_path: Path) -> None:
    template = loaded(tmp_path, source(), Rate="5", Zone="EUROPE")

    assert template.parameters == {"Rate": 5, "Zone": "EUROPE", "Mode": "a"}
    url = template.cloudformation["Outputs"]["Url"]["Value"]
    assert url == {"Fn::Sub": "https://${Api}.execute-api.us-east-1.x/EUROPE"}


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"Speed": "1"}, "no such parameter: Speed"),
        ({"Rate": "6"}, "parameter Rate: 6 is not between 1 and 5"),
        ({"Rate": "fast"}, "parameter Rate: 'fast' is no number"),
        ({"Zone": "utc"}, "parameter Zone: 'utc'"),
        ({"Mode": "c"}, "parameter Mode: 'c' must be one of a, b"),
    ],
)
def test_a_wrong_parameter_is_named(tmp_path: Path, overrides: dict[str, str], words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        loaded(tmp_path, source(), **overrides)


def test_a_parameter_without_value_is_named(tmp_path: Path) -> None:
    content = source()
    content["Parameters"]["Rate"] = {"Type": "Number"}

    with pytest.raises(TemplateError, match="parameter Rate has no value"):
        loaded(tmp_path, content)


def test_a_resource_type_that_nobody_provides_is_an_error(tmp_path: Path) -> None:
    unknown = {"Type": "AWS::Kinesis::Stream", "Properties": {}}

    with pytest.raises(TemplateError, match=r"Stream \(AWS::Kinesis::Stream\)"):
        loaded(tmp_path, source(Stream=unknown))


def test_a_property_that_nobody_executes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"Fifo \(AWS::SQS::Queue\) sets FifoQueue.*LEFT_OUT"):
        loaded(
            tmp_path,
            source(Fifo={"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}),
        )


def test_an_intrinsic_function_that_is_not_known_is_an_error(tmp_path: Path) -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "x"}}}

    with pytest.raises(TemplateError, match="Fn::ImportValue"):
        loaded(tmp_path, source(Topic=topic))


def test_a_resource_whose_condition_is_false_is_left_out(tmp_path: Path) -> None:
    content = source(Topic={"Type": "AWS::SNS::Topic", "Condition": "IsB"})

    assert "Topic" not in loaded(tmp_path, content).cloudformation["Resources"]
    assert "Topic" in loaded(tmp_path, content, Mode="b").cloudformation["Resources"]


def test_a_function_whose_condition_is_false_has_no_code_to_run(tmp_path: Path) -> None:
    assert set(loaded(tmp_path, source()).code) == {"Receive"}
    content = source(Receive=function() | {"Condition": "IsB"})
    assert not loaded(tmp_path, content).code
    assert set(loaded(tmp_path, content, Mode="b").code) == {"Receive"}


def test_code_that_is_missing_is_an_error(tmp_path: Path) -> None:
    content = source()
    content["Resources"]["Receive"] = function(CodeUri="functions/nowhere/")

    with pytest.raises(TemplateError, match="function Receive: CodeUri"):
        loaded(tmp_path, content)


def test_code_within_the_template_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="function Receive: InlineCode"):
        loaded(tmp_path, source(Receive=function(InlineCode="pass")))


def test_a_section_that_nobody_executes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="Rules"):
        loaded(tmp_path, {**source(), "Rules": {}})


def test_what_sam_refuses_is_an_error(tmp_path: Path) -> None:
    broken = {"Type": "AWS::Serverless::HttpApi", "Properties": {"NoSuchProperty": 1}}

    with pytest.raises(TemplateError, match="not a SAM template"):
        loaded(tmp_path, source(Broken=broken))


def test_a_template_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="does not exist"):
        load(tmp_path / "template.yaml", {}, "stack")


def test_a_layer_that_is_built_is_on_the_path_only_if_it_holds_modules(tmp_path: Path) -> None:
    built = {
        "Type": "AWS::Serverless::LayerVersion",
        "Metadata": {"BuildMethod": "python3.13"},
        "Properties": {"ContentUri": "layers/built/"},
    }
    content = source(Built=built)
    content["Resources"]["Receive"] = function(Layers=[{"Ref": "Built"}])
    folder = tmp_path / "layers" / "built"
    folder.mkdir(parents=True)
    (folder / "requirements.txt").touch()
    assert loaded(tmp_path, content).code["Receive"].layers == (Layer(root=folder, modules=None),)

    (folder / "module.py").touch()

    assert loaded(tmp_path, content).code["Receive"].layers[0].modules == folder


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Known"}, 5),
        ({"Ref": "Queue"}, {"Ref": "Queue"}),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ({"Fn::Sub": "${Known}-${!Known}"}, "5-${Known}"),
        ({"Fn::Sub": "${Known}-${Queue.Arn}"}, {"Fn::Sub": "5-${Queue.Arn}"}),
        ({"Fn::Sub": ["${a}", {"a": {"Ref": "Known"}}]}, "5"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Known"}]]}, "a-5"),
        ({"Fn::Join": ["_", {"Fn::Split": ["-", "a-b"]}]}, "a_b"),
        ({"Fn::Split": ["-", {"Ref": "Queue"}]}, {"Fn::Split": ["-", {"Ref": "Queue"}]}),
        ({"Fn::Base64": {"Fn::Sub": "${Known}"}}, "NQ=="),
        ({"Fn::Base64": {"Ref": "Queue"}}, {"Fn::Base64": {"Ref": "Queue"}}),
        ({"Fn::If": ["Yes", 1, 2]}, 1),
        ({"Fn::If": ["No", 1, {"Ref": "Known"}]}, 5),
        ({"Fn::FindInMap": ["Map", "k", {"Ref": "Known"}]}, "found"),
    ],
)
def test_what_is_known_is_resolved_and_the_rest_stays(value: object, expected: object) -> None:
    conditions = {
        "Yes": {"Fn::Equals": ["5", {"Ref": "Known"}]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
    }
    resolver = Resolver({"Known": 5}, {"Map": {"k": {"5": "found"}}}, conditions)

    assert resolver.resolve(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Queue"}, "url"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn"),
        ({"Fn::GetAtt": ["Queue", "Other"]}, {"Fn::GetAtt": ["Queue", "Other"]}),
        ({"Fn::Sub": "${Queue} ${Queue.Arn}"}, "url arn"),
        ({"Fn::Sub": "${Queue} ${Table}"}, {"Fn::Sub": "url ${Table}"}),
        ({"Fn::Join": ["/", ["a", {"Ref": "Queue"}]]}, "a/url"),
        ([{"a": {"Ref": "Table"}}], [{"a": {"Ref": "Table"}}]),
    ],
)
def test_references_to_known_resources_are_filled_in(value: object, expected: object) -> None:
    assert References({"Queue": {"Ref": "url", "Arn": "arn"}}).fill(value) == expected
