"""Cost per million webhooks with one record each, from the requests that a run makes.

The four handlers run in this process on moto, against a Mateo that takes a minute for an import.
The states of the state machine's own definition are walked, and the clock is moved for its waits.
Counted are requests to AWS by operation, DynamoDB units by the sizes of items, states entered, log
bytes and invocations. Two things are estimated: how long an invocation is billed (its CPU here at
the function's share of a processor, and a latency for each of its requests, one after the other),
and the requests by which Lambda reads the queue.

The bar is on a backlog, where a batch is as full as Lambda makes it. Even traffic costs more:
`pacing` measures it, with the runs of submission that only hold what they receive.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from functools import cached_property
from io import StringIO
from typing import Any

from tests.benchmarks.bill import (
    LOG_EVENT_B,
    MILLION,
    PRICES,
    ROOT,
    Bill,
    Meter,
    Template,
    reading,
)
from tests.benchmarks.measures import Measure
from tests.benchmarks.receive import signed_event
from tests.benchmarks.standing import DASHBOARD_USD, month_without_webhooks
from tests.simulation.queue import BATCH_B, ENVELOPE_B
from tests.support.lambda_context import Context

BAR_USD = 3.0
REPLAY_BAR_USD = 0.15
"""What may be spent per million webhooks of even traffic on keeping items for a replay."""
PROCESSING_S = 60.0
PER_DAY = 25_000
DAY_S = 86_400
EVEN_S = 180
"""Between two imports of such a day, as `pacing` measures it."""
FULL_PROCESSOR_MB = 1769
"""Memory at which a function has one whole processor (AWS: configure memory)."""
MATEO_LATENCY_S = 0.500
REMAINING_MS = 110_000
PLATFORM_LOG_B = 270
"""Lambda's own START, END and REPORT lines of an invocation."""

ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "import-relay",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_EC2_METADATA_DISABLED": "true",
    "CONNECTIONS_FILE": str(ROOT / "layers" / "connections" / "connections.toml"),
    "MATEO_BASE_URL": "https://mateo.example.com/api/v1",
    "ROWS_PER_IMPORT": "5000",
    "REQUESTS_PER_SECOND": "2",
    "REQUESTS_PER_DAY": "10000",
    "ENTITIES_PER_DAY": "25000",
    "BULK_SHARE_PERCENT": "80",
    "LIMIT_TIME_ZONE": "UTC",
    "SEND_REFERENCE_ID": "false",
    "TRACKING_HOURS": "24",
    "PAUSE_SCHEDULE_GROUP": "import-relay-pause",
    "PAUSE_SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/pause",
    "EVENT_SOURCE_MAPPINGS_PARAMETER": "/import-relay/event-source-mappings",
}


def measure() -> Iterator[Measure]:
    """A backlog and what is kept for a replay; prints a month without webhooks."""
    template = Template.read()
    with redirect_stdout(StringIO()) as log:
        run = Run(log, template)
        run.batch(1)  # makes clients and reads secrets, which happens once
        full = run.batch(None)
    print(f"  a backlog, {full.webhooks} webhooks to an import, per million:")
    total = full.show()
    print(f"  {full.log_bytes()}")
    yield Measure("cost per million webhooks", total, BAR_USD, "USD")
    kept = for_replay(EVEN_S)
    yield Measure("of even traffic, kept for a replay at most", kept, REPLAY_BAR_USD, "USD")
    standing = month_without_webhooks()
    parts = ", ".join(f"{name} {usd:.2f}" for name, usd in standing.items())
    print(f"  a month without webhooks: {sum(standing.values()):.2f} USD ({parts})")
    print(f"  the dashboard, if the account has three already: {DASHBOARD_USD:.2f} USD a month")


def per_window(window_s: int) -> int:
    """Webhooks of even traffic within a window."""
    return max(1, round(PER_DAY / DAY_S * window_s))


def for_replay(window_s: int) -> float:
    """What keeping items costs at most, in US dollars per million webhooks of even traffic.

    Items of rows are in objects that are written anyway. Items that end without an import take one
    object for each batch in which there are any, in the worst case for each window.
    """
    return MILLION / per_window(window_s) * PRICES["S3 writes"]


class Run:
    """The relay in this process."""

    def __init__(self, log: StringIO, template: Template) -> None:
        self._log = log
        self._template = template
        self._meter = Meter()
        self._number = 0
        os.environ.update(ENVIRONMENT)
        sys.path[:0] = map(str, (ROOT / "functions").iterdir())
        self._meter.install()
        self._start()

    def _start(self) -> None:
        import httpx
        import time_machine

        from import_relay.wiring import stores as wiring
        from tests.benchmarks.receive import secrets_answer
        from tests.support import aws as resources

        self._travel = time_machine.travel(1_795_262_400.0, tick=True)
        self._clock = self._travel.start()
        self._resources = resources.relay_resources()
        self._aws = self._resources.__enter__()
        secrets = resources.client("secretsmanager")
        text = secrets_answer()["SecretString"]
        token = secrets.create_secret(Name="token", SecretString="token")["ARN"]
        connections = secrets.create_secret(Name="connections", SecretString=text)["ARN"]
        tokens = secrets.create_secret(Name="tokens", SecretString="{}")["ARN"]
        os.environ.update(
            {
                "QUEUE_URL": self._aws.queue_url,
                "BULK_QUEUE_URL": self._aws.bulk_queue_url,
                "HELD_QUEUE_URL": self._aws.held_queue_url,
                "BULK_HELD_QUEUE_URL": self._aws.bulk_held_queue_url,
                "DEAD_LETTER_QUEUE_URL": self._aws.dead_letter_url,
                "BUCKET_NAME": resources.BUCKET,
                "LEDGER_TABLE": resources.LEDGER,
                "WATERMARKS_TABLE": resources.WATERMARKS,
                "STATE_MACHINE_ARN": self._aws.state_machine_arn,
                "MATEO_TOKEN_ARN": token,
                "CONNECTION_SECRETS_ARN": connections,
                "CRM_TOKENS_ARN": tokens,
            }
        )
        transport = httpx.MockTransport(self._mateo)
        setattr(wiring, "http_client", lambda: httpx.Client(transport=transport))  # noqa: B010

    def _mateo(self, request: Any) -> Any:
        self._meter.latency_s += MATEO_LATENCY_S
        self._meter.bill.used["Import API requests"] += 1
        for one in self._imports.imports:
            if time.time() - one.created_at >= PROCESSING_S and one.total_count is None:
                one.finish()
        return self._imports(request)

    @cached_property
    def _imports(self) -> Any:
        from tests.support.mateo import MateoImports
        from tests.support.relay import Clock

        class Now(Clock):
            def __call__(self) -> float:
                return time.time()

        return MateoImports(clock=Now())

    @cached_property
    def _handlers(self) -> Mapping[str, Callable[..., dict[str, Any]]]:
        import receive_webhook
        import submit_imports
        import track_import
        import write_report

        return {
            "receive": receive_webhook.handler,
            "submit": submit_imports.handler,
            "track": track_import.handler,
            "report": write_report.handler,
        }

    def batch(self, webhooks: int | None) -> Bill:
        """Webhooks that become one import, and all that happens to it; None: a full batch."""
        self._meter.bill = bill = Bill()
        bodies: list[str] = []
        wanted = webhooks or 1
        while len(bodies) < wanted:
            self._receive()
            bodies += self._taken_from_queue()
            wanted = webhooks or full_batch(bodies[0])
        bill.webhooks = len(bodies)
        bill.used["API Gateway requests"] += len(bodies)
        bill.log("access log", len(bodies) * self._template.access_log_bytes())
        bill.used["SQS requests"] += reading(bodies)
        self._submit(bodies)
        for reference in self._started():
            self._follow(reference)
        return bill

    def _receive(self) -> None:
        self._number += 1
        body = json.dumps(
            {
                "type": "contact.created",
                "timestamp": "2026-11-21T09:30:00Z",
                "data": {
                    "id": str(self._number),
                    "full_name": f"Ada Example{self._number}",
                    "email": f"c{self._number}@example.com",
                    "phone": f"+49151{12_000_000 + self._number}",
                    "city": "Rostock",
                },
            }
        )
        answer = self._invoke("receive", signed_event(body, number=self._number))
        assert answer["statusCode"] == 200, answer

    def _submit(self, bodies: list[str]) -> None:
        from tests.benchmarks.batch import sqs_event

        assert self._invoke("submit", sqs_event(bodies)) == {"batchItemFailures": []}

    def _follow(self, reference: str) -> None:
        """Walk through the state machine; every state that is entered is a transition."""
        import yaml

        text = (ROOT / "statemachine" / "track_import.asl.yaml").read_text(encoding="utf-8")
        machine = yaml.safe_load(text)
        document: dict[str, Any] = {
            "reference": reference,
            "deadline": time.time(),
            "wait_s": self._first_wait_s(reference),
        }
        name = machine["StartAt"]
        while name:
            state = machine["States"][name]
            self._meter.bill.used["Step Functions transitions"] += 1
            if state["Type"] == "Wait":
                self._clock.shift(document["wait_s"])
            elif state["Type"] == "Task":
                handler = "track" if "TrackImport" in state["Resource"] else "report"
                document = self._invoke(handler, document)
            name = chosen(state, document) if state["Type"] == "Choice" else state.get("Next")
        assert document["status"] == "finished", document

    def _first_wait_s(self, reference: str) -> int:
        """The first wait, as in the input of its execution."""
        from tests.support import aws as resources

        client = resources.client("stepfunctions")
        machine = self._aws.state_machine_arn.replace(":stateMachine:", ":execution:")
        told = client.describe_execution(executionArn=f"{machine}:{reference}")
        return int(json.loads(told["input"])["wait_s"])

    def _invoke(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        meter, used = self._meter, self._meter.bill.used
        handler = self._handlers[name]
        logged, latency, answering = self._log.tell(), meter.latency_s, meter.answering_s
        start = time.process_time()
        answer = handler(event, Context(REMAINING_MS))
        cpu = time.process_time() - start - (meter.answering_s - answering)
        memory = self._template.memory_mb[name]
        seconds = cpu * max(1.0, FULL_PROCESSOR_MB / memory) + meter.latency_s - latency
        used["Lambda requests"] += 1
        used["Lambda GB-seconds"] += seconds * memory / 1024
        written_to_log = self._log.getvalue()[logged:]
        meter.bill.log(name, len(written_to_log) + LOG_EVENT_B * written_to_log.count("\n"))
        if self._template.has_platform_logs[name]:
            meter.bill.log("Lambda itself", PLATFORM_LOG_B + 3 * LOG_EVENT_B)
        self._log.seek(0)
        self._log.truncate()
        return answer

    def _taken_from_queue(self) -> list[str]:
        """The messages of the receiver, taken without a request that would be counted."""
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.sqs.models import sqs_backends

        backend = sqs_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"]
        queue = backend.get_queue(self._aws.queue_url.rsplit("/", 1)[1])
        bodies = [str(one.body) for one in queue._messages]
        queue._messages.clear()
        return bodies

    def _started(self) -> list[str]:
        """References of imports that this run has not followed yet."""
        new = [one for one in self._references() if one not in self._followed]
        self._followed |= set(new)
        return new

    @cached_property
    def _followed(self) -> set[str]:
        return set()

    def _references(self) -> list[str]:
        from tests.support import aws as resources

        listed = resources.client("stepfunctions").list_executions(
            stateMachineArn=self._aws.state_machine_arn
        )
        return [one["name"] for one in listed["executions"]]


def full_batch(body: str) -> int:
    """How many such messages fit Lambda's largest event, and the rows of one import."""
    return min(5_000, BATCH_B // (len(json.dumps(body)) + ENVELOPE_B))


def chosen(state: dict[str, Any], document: dict[str, Any]) -> str:
    """Where a Choice leads."""
    for choice in state["Choices"]:
        if document[choice["Variable"].removeprefix("$.")] == choice["StringEquals"]:
            return str(choice["Next"])
    return str(state["Default"])
