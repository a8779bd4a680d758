"""The dashboard and the saved queries name metrics, logs and keys that exist."""

import json
import re
from typing import Any

import pytest

from import_relay.telemetry.outcome_log import BY_CONNECTION
from tests.docs.documents import document
from tests.template.expanded import Expanded

OWN = "ImportRelay"
RUNBOOK = document("docs/runbook.md")
OF_CONNECTIONS = {"ItemsImported", "ItemsFailed", "ItemsRejected", *BY_CONNECTION}
QUERY = "AWS::Logs::QueryDefinition"
KEYS = re.compile(r"^(?:\| )?(?:fields|filter|sort|stats)\b(.*)$", re.MULTILINE)
ALIAS = re.compile(r"\bas (\w+)")
NO_KEYS = {
    "like",
    "in",
    "or",
    "and",
    "desc",
    "asc",
    "not",
    "ispresent",
    "measured",
    "timestamp",
    "level",
    "message",
    "as",
    "by",
    "count",
    "sum",
    "bin",
}
"""Words of the language, and members of every line."""


@pytest.fixture(scope="module")
def widgets(template: Expanded) -> list[dict[str, Any]]:
    text = template.properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    content = json.loads(text.replace("${EntitiesPerDay}", "25000"))
    found: list[dict[str, Any]] = [one["properties"] for one in content["widgets"]]
    return found


def logs_of(template: Expanded) -> set[str]:
    """The log groups of the functions that every stack has."""
    return {
        name
        for name in template.of_type("AWS::Logs::LogGroup")
        if name != "ApiLogs" and "Condition" not in template.content["Resources"][name]
    }


def test_widgets_do_not_overlap(template: Expanded) -> None:
    text = template.properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    content = json.loads(text.replace("${EntitiesPerDay}", "25000"))
    cells = [
        (x, y)
        for one in content["widgets"]
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} <= {*range(24)}


def test_every_metric_of_the_relay_on_it_is_one_that_is_written(
    widgets: list[dict[str, Any]],
) -> None:
    told = RUNBOOK.section("Metrics").first_cells()
    shown = {
        metric[1]
        for one in widgets
        for metric in one.get("metrics", ())
        if isinstance(metric[0], str) and metric[0] == OWN
    }
    assert len(shown) > 5
    assert shown <= told


def test_every_metric_by_connection_is_shown_for_all_connections(
    widgets: list[dict[str, Any]],
) -> None:
    searched = [
        metric[0]["expression"]
        for one in widgets
        for metric in one.get("metrics", ())
        if isinstance(metric[0], dict)
    ]
    names = {re.findall(r'MetricName="(\w+)"', one)[0] for one in searched}
    assert names == OF_CONNECTIONS
    assert all("{ImportRelay,service,connection}" in one for one in searched)


def test_errors_of_every_function_are_shown(
    template: Expanded, widgets: list[dict[str, Any]]
) -> None:
    (query,) = [one["query"] for one in widgets if "query" in one]
    assert set(re.findall(r"SOURCE '\$\{(\w+)\}'", query)) == logs_of(template)


def queries(template: Expanded) -> dict[str, Any]:
    return dict(template.of_type(QUERY))


def test_a_saved_query_reads_the_logs_of_every_function(template: Expanded) -> None:
    assert len(queries(template)) >= 5
    for one in queries(template).values():
        assert {group["Ref"] for group in one["LogGroupNames"]} == logs_of(template)
        assert one["Name"]["Fn::Sub"].startswith("${AWS::StackName}/")


def test_a_saved_query_asks_for_keys_and_events_that_the_logs_have(template: Expanded) -> None:
    told = RUNBOOK.section("Log events").text
    for name, one in queries(template).items():
        for event in re.findall(r'"(\w+\.\w+)"', one["QueryString"]):
            assert f"`{event}`" in told, (name, event)
        plain = re.sub(r'"[^"]*"|/[^/]*/|\b\d+h\b', "", one["QueryString"])
        lines = KEYS.findall(plain)
        assert len(lines) == plain.count("|") + 1 - plain.count("| limit"), name
        for line in lines:
            for key in set(re.findall(r"[a-z_]+", line)) - NO_KEYS - {*ALIAS.findall(plain)}:
                assert f"`{key}`" in told, (name, key)


def test_the_dashboard_can_be_left_out(template: Expanded) -> None:
    assert template.content["Resources"]["Dashboard"]["Condition"] == "HasDashboard"
    assert template.content["Parameters"]["ShowDashboard"]["Default"] == "true"
