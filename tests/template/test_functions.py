"""Functions: each gets exactly the variables that its settings read, and its logs expire."""

import re
from typing import Any

import pytest

from import_relay.bulk.settings import FileSettings
from import_relay.receive.settings import ReceiveSettings
from import_relay.report.daily.settings import DailySettings
from import_relay.report.settings import ReportSettings
from import_relay.submit.settings import SubmitSettings
from import_relay.track.settings import TrackSettings
from import_relay.watch.settings import WatchdogSettings
from tests.template.expanded import ROOT, Expanded, listed, text

FUNCTION = "AWS::Lambda::Function"
OF_THE_LOG = {"POWERTOOLS_LOG_LEVEL", "POWERTOOLS_SERVICE_NAME"}
SETTINGS = {
    "ImportFiles": FileSettings.environment_names(),
    "ReceiveChangeEvents": ReceiveSettings.environment_names(),
    "ReceiveWebhook": ReceiveSettings.environment_names(),
    "RunWatchdog": WatchdogSettings.environment_names(),
    "SubmitImports": SubmitSettings.environment_names(),
    "TrackImport": TrackSettings.environment_names(),
    "WriteDailyReport": DailySettings.environment_names(),
    "WriteReport": ReportSettings.environment_names(),
}


def test_there_are_these_functions(template: Expanded) -> None:
    assert template.of_type(FUNCTION).keys() == SETTINGS.keys()


@pytest.mark.parametrize("function", SETTINGS)
def test_the_environment_is_exactly_what_the_settings_read(
    template: Expanded, function: str
) -> None:
    assert template.environment(function).keys() - OF_THE_LOG == SETTINGS[function]


@pytest.mark.parametrize("function", SETTINGS)
def test_logs_and_metrics_carry_one_name(template: Expanded, function: str) -> None:
    environment = template.environment(function)
    assert environment["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert environment["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}


@pytest.mark.parametrize("function", SETTINGS)
def test_each_function_logs_to_its_own_group_which_expires(
    template: Expanded, function: str
) -> None:
    group = template.properties(function)["LoggingConfig"]["LogGroup"]["Ref"]
    assert group == f"{function}Logs"
    assert template.properties(group)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_every_log_group_expires(template: Expanded) -> None:
    for group in template.of_type("AWS::Logs::LogGroup").values():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("function", SETTINGS)
def test_the_handler_is_the_module_named_like_its_folder(
    written: dict[str, Any], function: str
) -> None:
    properties = written["Resources"][function]["Properties"]
    folder = ROOT / properties["CodeUri"]
    assert properties["Handler"] == f"{folder.name}.handler"
    assert (folder / f"{folder.name}.py").is_file()


@pytest.mark.parametrize("function", SETTINGS)
def test_the_functions_run_on_python_3_13_and_the_chosen_processor(
    template: Expanded, function: str
) -> None:
    properties = template.properties(function)
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == [{"Ref": "Architecture"}]


def test_webhooks_with_and_without_a_secret_and_questions_are_the_only_ways_in(
    template: Expanded,
) -> None:
    paths = template.properties("Api")["Body"]["paths"]
    assert {path: sorted(methods) for path, methods in paths.items()} == {
        "/webhooks/{connection}": ["options", "post"],
        "/webhooks/{connection}/{secret}": ["post"],
    }
    assert all("ReceiveWebhook" in text(one) for path in paths.values() for one in path.values())


SHOWN = {
    "$context.requestTimeEpoch",
    "$context.routeKey",
    "$context.status",
    "$context.responseLatency",
    "$context.error.responseType",
}
"""The access log's variables: the route and not the path, which may end in a secret."""


def test_the_access_log_shows_nothing_that_a_sender_wrote(template: Expanded) -> None:
    (stage,) = template.of_type("AWS::ApiGatewayV2::Stage").values()
    shown = stage["AccessLogSettings"]["Format"]
    assert set(re.findall(r"\$[\w.]+", shown)) == SHOWN


def test_the_state_machine_is_given_what_its_definition_asks_for(template: Expanded) -> None:
    substitutions = template.properties("TrackImportMachine")["DefinitionSubstitutions"]
    definition = (ROOT / "statemachine/track_import.asl.yaml").read_text(encoding="utf-8")
    for name in substitutions:
        assert f"${{{name}}}" in definition
    assert definition.count("${") == sum(definition.count(f"${{{name}}}") for name in substitutions)


def test_the_state_machine_keeps_a_history_of_every_import(template: Expanded) -> None:
    machine = template.properties("TrackImportMachine")
    assert machine["StateMachineType"] == "STANDARD"


@pytest.mark.parametrize("function", SETTINGS)
def test_tracing_follows_the_parameter(template: Expanded, function: str) -> None:
    assert template.properties(function)["TracingConfig"] == {
        "Mode": {"Fn::If": ["TracingIsOn", "Active", "PassThrough"]}
    }


def test_lambda_lets_every_line_with_metrics_pass(template: Expanded) -> None:
    """A line without a level counts as INFO: above that, metrics and alarms would be lost."""
    for function in SETTINGS:
        logging = template.properties(function)["LoggingConfig"]
        assert (logging.keys() <= {"LogGroup"}) or (
            logging["LogFormat"] == "JSON"
            and logging["ApplicationLogLevel"] == {"Fn::If": ["LogsDebug", "DEBUG", "INFO"]}
        )
    assert template.content["Conditions"]["LogsDebug"] == {
        "Fn::Equals": [{"Ref": "LogLevel"}, "DEBUG"]
    }


def test_functions_that_get_their_own_messages_back_may_be_called_without_limit(
    template: Expanded,
) -> None:
    """By default Lambda refuses the 17th call in a chain (Lambda guide, "recursive loops")."""
    mappings = template.of_type("AWS::Lambda::EventSourceMapping").values()
    read = {mapping["FunctionName"]["Ref"] for mapping in mappings}
    queues = [mapping["EventSourceArn"] for mapping in mappings]
    reached = set(read) | {"WriteReport"}  # behind the state machine that a reader starts
    assert read == {"SubmitImports"}
    assert len(queues) == 2
    for function in SETTINGS:
        sends = any(
            "sqs:SendMessage" in listed(statement["Action"])
            and any(queue in listed(statement["Resource"]) for queue in queues)
            for name, statement in template.statements()
            if name == f"{function}Role"
        )
        allowed = template.properties(function).get("RecursiveLoop") == "Allow"
        assert allowed == (sends and function in reached)
