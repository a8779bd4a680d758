"""The deployed relay: send webhooks, let time pass, and see what an operator sees."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import httpx

from import_relay.connectors.contract import Request
from local import ports
from local.child import MovedClock
from local.environment import http_json
from local.stack.services import MATEO_TOKEN, Services
from tests.second_aws import faults
from tests.second_aws.deployment import STACK
from tests.support.ministack import REGION, Ministack
from tests.support.webhooks import example_secrets, gateway_event

PATIENCE_S = 240.0
STEP_S = 901.0
"""How far the clock is moved when everything that is left waits for time to pass."""
MAX_STEPS = 15
DAY_S = 86_400
FUNCTIONS = ("receive-webhook", "submit-imports", "track-import", "write-report", "run-watchdog")


class Clock:
    """The time of day of this process, of ministack, of the functions and of Mateo."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "offset"
        self._here = MovedClock()
        self.offset_s = 0.0
        self.set(0.0)

    def set(self, offset_s: float) -> None:
        """Move it so far ahead of the machine's; the processes follow shortly after."""
        new = self.file.with_suffix(".new")
        new.write_text(repr(offset_s), encoding="ascii")
        new.replace(self.file)
        self._here.move(offset_s)
        self.offset_s = offset_s
        time.sleep(0.3)


class Mateo:
    """The Import API, as a process."""

    def __init__(self, folder: Path, limits: Mapping[str, str]) -> None:
        self._services = Services(folder)
        with ports.listen_on_loopback(0, "Mateo", "nothing") as listening:
            self._port = ports.port_of(listening)
        self._services.start_mateo(self._port, limits)
        self._services.wait_for("mateo", f"http://127.0.0.1:{self._port}/_sandbox/state")
        self.url = f"http://127.0.0.1:{self._port}/api/v1"

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        return http_json(method, f"http://127.0.0.1:{self._port}/_sandbox/{path}", body)

    def stop(self) -> None:
        self._services.stop()


@dataclass
class Relay:
    """The relay's stack on ministack."""

    aws: Ministack
    mateo: Mateo
    clock: Clock
    template: faults.Template
    api: str = ""
    accepted: dict[str, int] = field(default_factory=dict)
    """Delivery → how many items it had."""

    # ------------------------------------------------------------ set up

    def client(self, service: str) -> Any:
        """A client with the rights of the account's owner, who may do anything."""
        return _client(self.aws.url, service)

    @property
    def outputs(self) -> Mapping[str, str]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}

    def set_up(self) -> None:
        """What docs/deploy.md asks for after a deployment: two secrets."""
        self.api = faults.complete(self.client, STACK, self.template)
        secrets = self.client("secretsmanager")
        secrets.put_secret_value(SecretId=self.outputs["MateoTokenArn"], SecretString=MATEO_TOKEN)
        secrets.put_secret_value(
            SecretId=self.outputs["ConnectionSecretsArn"],
            SecretString=json.dumps(example_secrets()),
        )

    # ------------------------------------------------------------ send

    def post(self, webhook: Request) -> tuple[int, str]:
        """Send a webhook to its path; status and body of the answer."""
        if not faults.arrives_unchanged(webhook.body):
            event = gateway_event(webhook, webhook.path.split("/")[2])
            answered = self.invoke("receive-webhook", event)
            return answered["statusCode"], answered["body"]
        answer = httpx.post(
            f"{self.aws.url}/_aws/execute-api/{self.api}/$default{webhook.path}",
            content=webhook.body,
            headers=dict(webhook.headers),
            timeout=60,
            trust_env=False,
        )
        return answer.status_code, answer.text

    def deliver(self, webhook: Request) -> None:
        """Send a webhook that must be accepted, and note its items."""
        status, answer = self.post(webhook)
        assert status == 200, answer
        self.note_stored()

    def invoke(self, function: str, event: object) -> Any:
        """Hand an event to a function, e.g. `receive-change-events`."""
        answer = self.client("lambda").invoke(
            FunctionName=f"{STACK}-{function}", Payload=json.dumps(event)
        )
        content = json.loads(answer["Payload"].read() or b"null")
        assert "FunctionError" not in answer, content
        return content

    def note_stored(self) -> None:
        """Learn from the log what was stored."""
        for function in ("receive-webhook", "receive-change-events"):
            for event in self.events(function, "webhook.stored"):
                self.accepted[event["delivery"]] = event["items"]

    # ------------------------------------------------------------ look

    def lines(self, function: str) -> list[str]:
        """All that a function logged."""
        pages = self.client("logs").get_paginator("filter_log_events")
        group = f"/aws/lambda/{STACK}-{function}"
        return [
            line["message"]
            for page in pages.paginate(logGroupName=group)
            for line in page["events"]
        ]

    def events(self, function: str, name: str) -> list[dict[str, Any]]:
        """The log events of this name."""
        found = [_event(line) for line in self.lines(function) if f'"{name}"' in line]
        return [event for event in found if event.get("message") == name]

    def mapping_states(self) -> list[str]:
        """The states of the event source mappings that a pause disables."""
        name = f"/import-relay/{STACK}/event-source-mappings"
        ids = self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"].split(",")
        lambda_ = self.client("lambda")
        return [str(lambda_.get_event_source_mapping(UUID=one)["State"]) for one in ids]

    def is_paused(self) -> bool:
        return all(one in ("Disabled", "Disabling") for one in self.mapping_states())

    def counts(self, output: str = "QueueUrl") -> tuple[int, int, int]:
        """How many messages of a queue are visible, in flight, and delayed."""
        attributes = self.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[output], AttributeNames=["All"]
        )["Attributes"]
        name = "ApproximateNumberOfMessages"
        visible, hidden, delayed = (
            int(attributes.get(name + which, 0)) for which in ("", "NotVisible", "Delayed")
        )
        return visible, hidden, delayed

    def running(self) -> int:
        """Executions that have not ended."""
        executions = self.client("stepfunctions").list_executions(
            stateMachineArn=self.outputs["StateMachineArn"], statusFilter="RUNNING"
        )
        return len(executions["executions"])

    # ------------------------------------------------------------ wait

    def wait_until(self, holds: Callable[[], Any], what: str) -> Any:
        """Wait for a condition, at most for `PATIENCE_S`."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if value := holds():
                return value
            time.sleep(0.25)
        raise AssertionError(f"waited in vain for {what}: {self.diagnosis()}")

    def diagnosis(self) -> str:
        """What helps to find out why nothing goes on."""
        machine = self.client("stepfunctions")
        running = machine.list_executions(
            stateMachineArn=self.outputs["StateMachineArn"], statusFilter="RUNNING"
        )["executions"]
        last = [
            machine.get_execution_history(
                executionArn=one["executionArn"], reverseOrder=True, maxResults=3
            )["events"]
            for one in running[:2]
        ]
        lines = [line for name in FUNCTIONS for line in self.lines(name)[-4:]]
        return "\n".join([str(self.counts()), *map(str, last), *lines, self.aws.log()[-2_000:]])

    def let_pass(self, seconds: float) -> None:
        """Move the clock of everything forward."""
        self.clock.set(self.clock.offset_s + seconds)
        self.mateo("PUT", "clock", {"offset_s": self.clock.offset_s})

    def keep_clear_of_midnight(self) -> None:
        """If the day is nearly over, go on to the next, so that a test does not span two days."""
        if DAY_S - time.time() % DAY_S < 900:
            self.let_pass(900 + 120)

    def to_next_day(self) -> None:
        """Let the rest of the day pass, and the two minutes after it."""
        self.let_pass(DAY_S - time.time() % DAY_S + 120)

    def watch(self) -> None:
        """Run the watchdog now: ministack runs it within ten seconds of when it is due."""
        self.invoke("run-watchdog", {})

    def drain(self) -> None:
        """Let time pass until everything that was accepted has come to its end."""
        for _ in range(MAX_STEPS):
            self.wait_until(lambda: not self.counts()[0] and not self.running(), "quiet")
            if not any(self.counts()):
                return
            self.let_pass(STEP_S)
        raise AssertionError(f"still under way: {self.diagnosis()}")


@cache
def _client(url: str, service: str) -> Any:
    return boto3.session.Session("test", "test", region_name=REGION).client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
    )


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
