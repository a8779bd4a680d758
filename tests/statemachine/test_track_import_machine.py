"""The state machine, run by an interpreter with scripted functions, to each of its exits."""

import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

from import_relay.mateo.waiting import pace

DEFINITION = Path(__file__).parents[2] / "statemachine" / "track_import.asl.yaml"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:"
MAX_TRACKING_S = 72 * 3_600
"""The upper end of the template's parameter TrackingHours."""
HISTORY_LIMIT = 25_000
"""Events of one standard execution (AWS quota)."""


class Failing(Exception):
    """What a scripted function raises."""


@dataclass
class Functions:
    """Both functions: each call returns the next status of its script, or raises."""

    track: deque[str | Exception] = field(default_factory=deque)
    report: deque[str | Exception] = field(default_factory=deque)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    retries: list[float] = field(default_factory=list)

    def invoke(
        self, name: str, _: str | None, body: Any, __: Any, headers: dict[str, Any]
    ) -> bytes:
        function = name.rpartition(":")[2]
        event = json.loads(body)
        self.calls.append((function, event))
        script: deque[str | Exception] = getattr(self, function)
        answer = script.popleft()
        if isinstance(answer, Exception):
            headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": "Failing", "errorMessage": "x"}).encode()
        return json.dumps({**event, "status": answer, "wait_s": 0}).encode()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """Scripted functions behind the interpreter; pauses between attempts are noted, not slept."""
    scripted = Functions()
    monkeypatch.setattr(
        LambdaSimpleBackend, "invoke", lambda _, *args, **kwargs: scripted.invoke(*args, **kwargs)
    )
    monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=scripted.retries.append))
    config: Any = {
        "stepfunctions": {"execute_state_machine": True},
        "lambda": {"use_docker": False},
    }
    with mock_aws(config=config):
        yield scripted


def definition() -> dict[str, Any]:
    text = DEFINITION.read_text(encoding="utf-8")
    for name, function in (("TrackImportArn", "track"), ("WriteReportArn", "report")):
        text = text.replace(f"${{{name}}}", ARN + function)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@dataclass(frozen=True)
class Execution:
    """An execution that has ended."""

    status: str
    error: str
    events: list[Any]

    @property
    def last_state(self) -> str:
        entered = [one for one in self.events if "stateEnteredEventDetails" in one]
        return str(entered[-1]["stateEnteredEventDetails"]["name"])


def run_execution() -> Execution:
    """Run one execution to its end."""
    client = boto3.client("stepfunctions")
    machine = client.create_state_machine(
        name="track-import",
        definition=json.dumps(definition()),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )["stateMachineArn"]
    arn = client.start_execution(
        stateMachineArn=machine,
        name="ref-1",
        input=json.dumps({"reference": "ref-1", "deadline": 77.5, "wait_s": 0}),
    )["executionArn"]
    patience = time.monotonic() + 60
    while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < patience, "the execution does not end"
        time.sleep(0.02)
    history = client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    return Execution(found["status"], found.get("error", ""), history)


def test_a_finished_import_is_reported_and_ends_green(functions: Functions) -> None:
    functions.track.extend(["finished"])
    functions.report.extend(["finished"])

    execution = run_execution()

    assert (execution.status, execution.last_state) == ("SUCCEEDED", "Finished")
    assert functions.calls == [
        ("track", {"reference": "ref-1", "deadline": 77.5, "wait_s": 0}),
        ("report", {"reference": "ref-1", "deadline": 77.5, "wait_s": 0, "status": "finished"}),
    ]


def test_an_import_is_looked_at_until_it_ends(functions: Functions) -> None:
    functions.track.extend(["wait", "wait", "wait", "finished"])
    functions.report.extend(["finished"])

    run_execution()

    assert functions.names == ["track"] * 4 + ["report"]


def test_an_import_that_is_given_up_is_reported_and_ends_red(functions: Functions) -> None:
    functions.track.extend(["timed_out"])
    functions.report.extend(["timed_out"])

    execution = run_execution()

    assert (execution.status, execution.last_state) == ("FAILED", "TimedOut")
    assert execution.error == "import.unfinished"
    assert functions.names == ["track", "report"]


def test_an_import_that_finishes_while_it_is_given_up_ends_green(functions: Functions) -> None:
    functions.track.extend(["timed_out"])
    functions.report.extend(["finished"])

    assert run_execution().last_state == "Finished"


def test_an_abandoned_import_has_no_report_and_ends_green(functions: Functions) -> None:
    functions.track.extend(["abandoned"])

    execution = run_execution()

    assert (execution.status, execution.last_state) == ("SUCCEEDED", "Abandoned")
    assert functions.names == ["track"]


def test_an_import_that_is_requeued_ends_abandoned(functions: Functions) -> None:
    functions.track.extend(["requeue"])
    functions.report.extend(["abandoned"])

    execution = run_execution()

    assert (execution.status, execution.last_state) == ("SUCCEEDED", "Abandoned")
    assert functions.calls[1][1]["status"] == "requeue"


def test_a_report_that_has_to_wait_is_tried_again(functions: Functions) -> None:
    functions.track.extend(["finished", "finished"])
    functions.report.extend(["wait", "finished"])

    assert run_execution().last_state == "Finished"
    assert functions.names == ["track", "report", "track", "report"]


def test_a_function_that_fails_is_called_again_after_pauses_whose_limit_grows(
    functions: Functions,
) -> None:
    functions.track.extend([Failing()] * 12 + ["finished"])
    functions.report.extend([Failing(), "finished"])

    execution = run_execution()

    assert execution.last_state == "Finished"
    assert functions.names == ["track"] * 13 + ["report"] * 2
    assert all(
        pause <= min(5 * 2**attempt, 900) for attempt, pause in enumerate(functions.retries[:12])
    )


@pytest.mark.parametrize("state", ["TrackImport", "WriteReport"])
def test_retries_last_for_hours_but_end(state: str) -> None:
    (retry,) = definition()["States"][state]["Retry"]
    pauses = [
        min(retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt, retry["MaxDelaySeconds"])
        for attempt in range(retry["MaxAttempts"])
    ]

    assert retry["ErrorEquals"] == ["States.ALL"]
    assert 3 * 3_600 < sum(pauses) / 2 < sum(pauses) < 12 * 3_600


def test_a_function_that_fails_for_hours_ends_the_execution_red(functions: Functions) -> None:
    functions.track.extend([Failing()] * 41)

    execution = run_execution()

    assert execution.status == "FAILED"
    assert len(functions.retries) == 40


def test_the_longest_tracking_fits_into_the_history_and_the_machines_timeout(
    functions: Functions,
) -> None:
    functions.track.extend(["wait"] * 5 + ["finished"])
    functions.report.extend(["finished"])
    per_look = len(run_execution().events) / 6
    looks, age = 0, 5.0
    while age < MAX_TRACKING_S:
        age += pace(age)
        looks += 1

    assert looks * per_look < HISTORY_LIMIT / 5
    assert definition()["TimeoutSeconds"] > MAX_TRACKING_S + 24 * 3_600


def test_the_definition_uses_nothing_that_cloudformations_yaml_lacks() -> None:
    tokens = yaml.scan(DEFINITION.read_text(encoding="utf-8"))

    assert not any(isinstance(one, yaml.AnchorToken | yaml.AliasToken) for one in tokens)
