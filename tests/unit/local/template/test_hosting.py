"""A function sees the logging variables that Lambda sets, and loses the lines that it drops."""

import json
from typing import Any

import pytest

from local.template.hosting import Hosting, hosting_of

TIME = "2026-11-21T09:30:00.000+00:00"


@pytest.mark.parametrize(
    ("properties", "variables"),
    [
        ({}, {"AWS_LAMBDA_LOG_FORMAT": "Text"}),
        ({"LoggingConfig": {"LogGroup": "g"}}, {"AWS_LAMBDA_LOG_FORMAT": "Text"}),
        (
            {"LoggingConfig": {"LogFormat": "JSON"}},
            {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"},
        ),
        (
            {"LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"}},
            {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "WARN"},
        ),
    ],
)
def test_a_function_has_the_logging_variables_that_lambda_sets(
    properties: dict[str, Any], variables: dict[str, str]
) -> None:
    assert hosting_of(properties).variables() == variables


def test_log_group_and_recursion_are_read() -> None:
    assert hosting_of({"LoggingConfig": {"LogGroup": {"Ref": "Logs"}}}).log_group == {"Ref": "Logs"}
    assert not hosting_of({}).may_loop
    assert not hosting_of({"RecursiveLoop": "Terminate"}).may_loop
    assert hosting_of({"RecursiveLoop": "Allow"}).may_loop


@pytest.mark.parametrize(
    ("line", "counts_as"),
    [
        ("plain text", "INFO"),
        ('{"_aws": {}}', "INFO"),
        (json.dumps({"level": "DEBUG", "timestamp": TIME}), "DEBUG"),
        (json.dumps({"level": "debug", "timestamp": "2026-11-21T09:30:00Z"}), "DEBUG"),
        (json.dumps({"level": "WARNING", "timestamp": TIME}), "WARN"),
        (json.dumps({"level": "ERROR", "timestamp": TIME}), "ERROR"),
        (json.dumps({"level": "ERROR", "timestamp": "2026-11-21 09:30:00,000"}), "INFO"),
        (json.dumps({"level": "ERROR"}), "INFO"),
        (json.dumps({"level": "loud", "timestamp": TIME}), "INFO"),
        ("[1]", "INFO"),
    ],
)
def test_lines_below_the_level_are_dropped(line: str, counts_as: str) -> None:
    levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
    passing = [Hosting(log_format="JSON", log_level=least).passes(line) for least in levels]

    assert passing == [number <= levels.index(counts_as) for number in range(len(levels))]
    assert Hosting().passes(line)
