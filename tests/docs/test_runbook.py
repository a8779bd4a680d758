"""docs/runbook.md: every alarm, log event and metric of the relay, and no other."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest

from import_relay.domain.codes import CODES
from import_relay.storage import entries, quota, watermarks
from tests.docs.documents import ROOT, deployed_modules, document, texts_of
from tests.template.expanded import source

PAGE = document("docs/runbook.md")
RESOURCES: dict[str, dict[str, Any]] = source()["Resources"]
ALARMS = {
    name: str(resource["Properties"]["AlarmName"]["Fn::Sub"]).removeprefix("${AWS::StackName}-")
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}
NOUNS = (
    "watchdog|submission|webhook|secret|batch|connection|message|import|item|fetcher|report|pause|"
    "files|file|daily|bulk|replay"
)
EVENT = re.compile(rf"({NOUNS})\\\.(\w|\\|\+)+")
OF_IMPORTS = {"reference", "type", "rows"}
"""Keys of log events about an import, which the page names once for all of them."""
METRIC = re.compile(r"(?:[A-Z][a-z]+)+(?:\\w\+)?")


def event_patterns() -> set[str]:
    """Names of log events in the code, as patterns; those of f-strings have gaps."""
    codes = {re.escape(code) for code in CODES}
    emitted = set(first_arguments())
    return {
        text
        for module in deployed_modules()
        for text in texts_of(module)
        if EVENT.fullmatch(text) and (text not in codes or text in emitted)
    }


def first_arguments() -> Iterator[str]:
    """The constant first argument of every call of an emitter."""
    return (re.escape(event) for event, _ in emitted_keys())


def emitted_keys() -> Iterator[tuple[str, set[str]]]:
    """The log event of every call of an emitter, and the keys that stand in the call."""
    for module in deployed_modules():
        for call in (node for node in ast.walk(module) if isinstance(node, ast.Call)):
            if called(call) in ("emit", "_emit", "_say", "write") and call.args:
                first = call.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, {one.arg for one in call.keywords if one.arg}


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def metric_patterns() -> set[str]:
    """Keys of the dictionaries that hold metrics: of handlers and of the receiver's answers."""
    paths = [
        *(ROOT / "functions").rglob("*.py"),
        ROOT / "layers/import_relay/python/import_relay/receive/responses.py",
    ]
    return {
        text
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if key is not None
        for text in texts_of(key)
        if METRIC.fullmatch(text)
    } | items_by_outcome()


def items_by_outcome() -> set[str]:
    """`f"Items{...}"` of submission's metrics, which stands in a comprehension."""
    handler = ROOT / "functions/submit_imports/submit_imports.py"
    tree = ast.parse(handler.read_text(encoding="utf-8"))
    return {text for text in texts_of(tree) if text.startswith("Items") and text.endswith(r"\w+")}


def agree(patterns: set[str], names: set[str]) -> None:
    """Every pattern has a name on the page, every name a pattern in the code."""
    assert {p for p in patterns if not any(re.fullmatch(p, name) for name in names)} == set()
    assert {n for n in names if not any(re.fullmatch(p, n) for p in patterns)} == set()


@pytest.mark.parametrize("logical_id", ALARMS)
def test_every_alarm_has_a_section_that_says_what_to_do_and_how_to_see_that_it_worked(
    logical_id: str,
) -> None:
    section = PAGE.section(ALARMS[logical_id]).text
    assert f"`{logical_id}`" in section
    assert "**Means**" in section
    assert "**Do**" in section or "| do |" in section
    assert "**It worked when**" in section
    assert ("**Do nothing**" in section) != ("**Always act.**" in section)


def test_no_alarm_is_explained_that_does_not_exist() -> None:
    alarms = PAGE.section("Alarms").text
    assert set(re.findall(r"^### (.+)$", alarms, re.MULTILINE)) == set(ALARMS.values())


def test_every_log_event_is_listed_and_no_other() -> None:
    agree(event_patterns(), PAGE.section("Log events").first_cells())


def test_the_keys_of_a_log_event_are_listed() -> None:
    rows = PAGE.section("Log events").rows
    listed = {event: row[2] for row in rows for event in re.findall(r"`([^`]+)`", row[0])}
    unsaid = [
        (event, key)
        for event, keys in emitted_keys()
        for key in sorted(keys - OF_IMPORTS)
        if event in listed and f"`{key}`" not in listed[event]
    ]
    assert unsaid == []


def test_every_metric_is_listed_and_no_other() -> None:
    agree(metric_patterns(), PAGE.section("Metrics").first_cells())


def test_every_reason_that_pauses_submission_is_listed() -> None:
    reasons = {
        text.replace("\\", "")
        for module in deployed_modules()
        for text in texts_of(module)
        if re.fullmatch(r"(mateo|limit)\\\.\w+", text) and text != r"limit\.connection"
    }
    assert PAGE.section("Why, and until when").first_cells() == reasons


def test_every_reason_why_a_single_connection_waits_is_listed() -> None:
    noted = ("connection.disabled", "connection.missing", "limit.connection")
    unread = {one for one in CODES if one.startswith("fetcher.")} - {"fetcher.out_of_time"}
    listed = PAGE.section("Why a connection waits").first_cells()

    assert {*noted, *unread} == {one for one in listed if one in CODES}


@pytest.mark.parametrize("function", ["receive", "submit", "track", "report", "watchdog"])
def test_the_log_group_of_each_function_is_named(function: str) -> None:
    groups = {
        str(resource["Properties"]["LogGroupName"]["Fn::Sub"]).replace(
            "${AWS::StackName}", "import-relay"
        )
        for resource in RESOURCES.values()
        if resource["Type"] == "AWS::Logs::LogGroup"
    }
    matching = [group for group in groups if function in group]
    assert matching
    assert all(f"`{group}`" in PAGE.text for group in matching)


def test_the_times_for_which_things_are_kept_are_those_of_the_code() -> None:
    kept = {row[0]: row[-1] for row in PAGE.section("What is where").rows}
    content = {row[0]: row[1] for row in PAGE.section("What is where").rows}
    assert kept["watermarks table"] == f"{watermarks.WATERMARK_DAYS} days"
    assert f"({entries.ENTRY_DAYS} days)" in content["ledger table"]
    assert f"({quota.DAY_ITEM_DAYS} days)" in content["ledger table"]
    rules = RESOURCES["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    for rule in rules:
        if "Prefix" not in rule:
            continue
        (time,) = [kept[place] for place in kept if f"`{rule['Prefix']}" in place]
        days = rule["ExpirationInDays"]
        assert time == (f"{days} days" if isinstance(days, int) else f"`{days['Ref']}`")


def test_what_stays_when_the_stack_is_removed_is_named() -> None:
    retained = {
        name
        for name, resource in RESOURCES.items()
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    assert retained == {"Bucket", "LedgerTable", "WatermarksTable"}
    section = PAGE.section("Remove the stack").text
    assert all(noun in section for noun in ("bucket", "ledger table", "watermarks table"))


def test_commands_that_read_logs_name_functions_and_log_events_of_the_relay() -> None:
    text = "\n".join(block.text for block in PAGE.blocks if block.language == "sh")
    found = re.findall(r"\blogs ([a-z]+-[a-z-]+) (\w+\.\w+)", text)
    events = PAGE.section("Log events").first_cells()
    functions = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir()}
    assert len(found) > 20
    assert {name for name, _ in found} <= {one.replace("_", "-") for one in functions}
    assert {event for _, event in found} <= events
