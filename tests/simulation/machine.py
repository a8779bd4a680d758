"""The fake of Step Functions: starts executions and lists them, and runs the relay's own state
machine in virtual time.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.simulation.world import Process, World, refusal, refused

DEFINITION = Path(__file__).parents[2] / "statemachine" / "track_import.asl.yaml"
LISTED_LATE_S = 3_600.0
"""How late a list shows an execution at most; AWS says that "very recent updates" may be missing.
If it were missing for ever, the watchdog would start another one each quarter of an hour, until
they share a day's requests and none of them finds its import."""
Task = Callable[[str, dict[str, Any], Callable[[Process], None]], object]
"""Invokes a function by its placeholder in the definition, and calls back when it has ended."""


@cache
def definition() -> Mapping[str, Any]:
    """The state machine as it is deployed."""
    found: Mapping[str, Any] = yaml.safe_load(DEFINITION.read_text())
    return found


class StepFunctions:
    """Starts executions; `begin` gets the name and the input of each.

    `running` gives the names of those that run; a list leaves out each of them with the probability
    `old_lists` while it is young.
    """

    def __init__(
        self,
        world: World,
        begin: Callable[[str, dict[str, Any]], object],
        running: Callable[[], Iterable[str]],
        *,
        double: float = 0.0,
        old_lists: float = 0.0,
    ) -> None:
        self._world = world
        self._begin = begin
        self._running = running
        self.double = double
        self._old_lists = old_lists
        self._inputs: dict[str, str] = {}
        self._started: dict[str, float] = {}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> Any:  # noqa: A002, N803
        """Start one; its name cannot be used again.

        A second start with the same input is taken as long as the first one runs, without effect.
        """

        def effect() -> Any:
            known = self._inputs.get(name)
            if known == input and name in self._running():
                return {}
            if known is not None:
                raise refusal("ExecutionAlreadyExists", "StartExecution")
            self._inputs[name] = input
            self._started[name] = self._world.now
            self._begin(name, json.loads(input))
            if self.double and self._world.random.random() < self.double:
                self._begin(name, json.loads(input))
            return {}

        return self._world.call(
            "StepFunctions.StartExecution",
            effect,
            refuse=refused("ThrottlingException", "StartExecution"),
        )

    def list_executions(self, *, stateMachineArn: str, statusFilter: str) -> Any:  # noqa: N803
        """Those that run."""
        assert statusFilter == "RUNNING"

        def effect() -> Any:
            chance, old = self._world.random.random, self._world.now - LISTED_LATE_S
            names = [
                one
                for one in self._running()
                if chance() >= self._old_lists or self._started[one] <= old
            ]
            return {"executions": [{"name": name} for name in names]}

        return self._world.call(
            "StepFunctions.ListExecutions",
            effect,
            refuse=refused("ThrottlingException", "ListExecutions"),
        )


class Execution:
    """One execution, from its start to one of the machine's ends."""

    def __init__(
        self,
        world: World,
        name: str,
        document: dict[str, Any],
        invoke: Task,
        on_end: Callable[["Execution"], object] = lambda _: None,
    ) -> None:
        self._world = world
        self._on_end = on_end
        self._machine = definition()
        self._invoke = invoke
        self._ends_at = world.now + self._machine["TimeoutSeconds"]
        self.name = name
        self.document = document
        self.state = ""
        self.status = "RUNNING"
        self.started_at = world.now
        self.ended_at = math.inf
        self._tries = 0
        self._enter(self._machine["StartAt"])

    def stop(self) -> None:
        """End it from outside; a function that runs goes on, and nobody takes its result."""
        if self.status == "RUNNING":
            self._end("ABORTED")

    def _enter(self, name: str) -> None:
        self.state = name
        self._tries = 0
        self._do()

    def _do(self) -> None:
        if self.status != "RUNNING":
            return
        if self._world.now >= self._ends_at:
            self._end("TIMED_OUT")
            return
        state = self._machine["States"][self.state]
        match state["Type"]:
            case "Wait":
                seconds = self.document[state["SecondsPath"].removeprefix("$.")]
                self._world.after(seconds, lambda: self._enter(state["Next"]))
            case "Task":
                self._task(state)
            case "Choice":
                self._enter(_chosen(state, self.document))
            case "Succeed":
                self._end("SUCCEEDED")
            case "Fail":
                self._end("FAILED")
            case other:
                raise ValueError(f"a state of type {other}")

    def _end(self, status: str) -> None:
        self.status = status
        self.ended_at = self._world.now
        self._on_end(self)

    def _task(self, state: Mapping[str, Any]) -> None:
        is_over = False

        def ended(process: Process) -> None:
            nonlocal is_over
            if is_over or self.status != "RUNNING":
                return
            is_over = True
            if process.error is not None:
                self._retry(state)
                return
            assert isinstance(process.result, dict)
            self.document = process.result
            self._enter(state["Next"])

        def timed_out() -> None:
            nonlocal is_over
            if not is_over and self.status == "RUNNING":
                is_over = True
                self._retry(state)

        self._world.after(state["TimeoutSeconds"], timed_out)
        self._invoke(state["Resource"], dict(self.document), ended)

    def _retry(self, state: Mapping[str, Any]) -> None:
        (rule,) = state["Retry"]
        assert rule["ErrorEquals"] == ["States.ALL"]
        assert rule["JitterStrategy"] == "FULL"
        if self._tries >= rule["MaxAttempts"]:
            self._end("FAILED")
            return
        pause = rule["IntervalSeconds"] * rule["BackoffRate"] ** self._tries
        self._tries += 1
        pause = min(pause, rule["MaxDelaySeconds"]) * self._world.random.random()
        self._world.after(pause, self._do)


def _chosen(state: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    for choice in state["Choices"]:
        if document[choice["Variable"].removeprefix("$.")] == choice["StringEquals"]:
            return str(choice["Next"])
    return str(state["Default"])
