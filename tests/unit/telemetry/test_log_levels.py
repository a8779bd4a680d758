"""The relay logs from LogLevel on, libraries from WARNING on, and metrics leave at every level."""

import itertools
import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from import_relay.domain.log_events import Level
from import_relay.telemetry import outcome_log
from import_relay.telemetry.log_levels import (
    LAMBDA_LOG_LEVEL,
    LOG_LEVEL,
    own_level,
    quiet_libraries,
)
from import_relay.telemetry.outcome_log import OutcomeLog

OF_THE_TEMPLATE = ["DEBUG", "INFO", "WARNING", "ERROR"]
OF_LAMBDA = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
RANKS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "FATAL": 50}


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger with a handler as awslambdaric adds it, and nothing else."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    root.handlers[:] = [logging.StreamHandler(StringIO())]
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def shown(root: logging.Logger) -> str:
    """What the handler wrote; pytest adds handlers of its own after it."""
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    text: str = handler.stream.getvalue()
    return text


def passes(line: dict[str, Any], least: str) -> bool:
    """Lambda's filter: what names no level or no time counts as INFO."""
    level = line["level"] if "T" in line.get("timestamp", "") else "INFO"
    return RANKS[level] >= RANKS[least]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("DEBUG", logging.DEBUG),
        ("INFO", logging.INFO),
        ("WARNING", logging.WARNING),
        ("ERROR", logging.ERROR),
        ("", logging.INFO),
        ("LOUD", logging.INFO),
    ],
)
@pytest.mark.parametrize("of_lambda", ["", "TRACE", "DEBUG"])
def test_the_relays_own_level_is_the_templates(
    level: str, expected: int, of_lambda: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOG_LEVEL, level)
    monkeypatch.setenv(LAMBDA_LOG_LEVEL, of_lambda)

    assert own_level() == expected


@pytest.mark.parametrize("of_lambda", OF_LAMBDA)
def test_a_library_says_nothing_below_warning(of_lambda: str, root: logging.Logger) -> None:
    root.setLevel({"TRACE": "DEBUG"}.get(of_lambda, of_lambda))  # as awslambdaric does
    OutcomeLog()
    for name in ("botocore.endpoint", "httpx", "a.library.of.tomorrow"):
        logging.getLogger(name).debug("a payload")
        logging.getLogger(name).info("a payload")

    assert not shown(root)


def test_a_library_with_a_level_of_its_own_says_nothing_below_warning(root: logging.Logger) -> None:
    quiet_libraries()
    loud = logging.getLogger("loud")
    loud.setLevel(logging.DEBUG)
    loud.debug("a payload")
    loud.warning("a warning")
    loud.setLevel(logging.NOTSET)

    assert shown(root) == "a warning\n"


@pytest.mark.parametrize(("own", "of_lambda"), list(itertools.product(OF_THE_TEMPLATE, OF_LAMBDA)))
def test_metrics_pass_lambdas_filter_at_every_level(
    own: str,
    of_lambda: str,
    root: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(LOG_LEVEL, own)
    monkeypatch.setenv(LAMBDA_LOG_LEVEL, of_lambda)
    monkeypatch.setattr(outcome_log, "SERVICE", f"{own}-{of_lambda}")
    log = OutcomeLog()
    levels: list[Level] = ["info", "warning", "error"]
    for level in levels:
        log.write(f"an.event.{level}", {"Counted": 1}, level=level, delivery="d1")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    left = [line for line in lines if "level" not in line or passes(line, of_lambda)]
    counted = [line for line in left if "_aws" in line]

    assert [line["Counted"] for line in counted] == [1] * 3
    assert all("level" in line for line in counted) or RANKS[of_lambda] <= RANKS["INFO"]
    events = [line["message"].rpartition(".")[2] for line in lines if "message" in line]
    least = max(RANKS[own], RANKS[of_lambda])
    assert events == [one for one in levels if RANKS[one.upper()] >= least]
    assert not shown(root)
