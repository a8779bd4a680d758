"""One end-to-end test on a running stack: it sends, waits, and reconciles.

A test sees what an operator sees (answers, the bucket, log events, executions, the pause) and what
Mateo stored; it only ever empties the relay's own tables.
"""

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from import_relay.connectors.contract import Request
from local.demo.balance import objects, reconcile
from local.demo.expected import Expected, id_prefixes
from local.demo.senders import Delivery
from local.stack.examples import example_connections
from local.stack.services import MATEO_TOKEN
from local.stack.stack import RunningStack
from tests.support.senders import erp
from tests.support.toggle import HOST, Toggle
from tests.support.webhooks import request

ENTITIES_PER_DAY = 50
ROWS_PER_IMPORT = 25
STEP_S = 900.0
"""The clock is moved by this much when everything waits for time to pass."""
PAUSED_STEP_S = 14_400.0
MAX_STEPS = 30
QUIET_S = 1.0
PATIENCE_S = 240.0
EVENT_BUS = "aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001CAA"
"""Its name is given so that the function behind it exists; no event comes from it by itself."""
DAILY = {"resume-submission-daily", "resume-bulk-daily"}
"""The schedules in the template; all others were made by a pause."""
FUNCTIONS = ("ReceiveWebhook", "SubmitImports", "TrackImport", "WriteReport")

Line = tuple[str, str]


@contextmanager
def running_stack(folder: Path, **parameters: str) -> Iterator["Rig"]:
    """A stack with small limits, whose way to Mateo leads through a toggle.

    Args:
        parameters: of the template, beside those limits.
    """
    lines: list[Line] = []
    with Toggle() as toggle:
        stack = RunningStack(
            state_dir=folder,
            parameters={
                "MateoBaseUrl": f"http://{HOST}:{toggle.port}/api/v1",
                "EntitiesPerDay": str(ENTITIES_PER_DAY),
                "RowsPerImport": str(ROWS_PER_IMPORT),
                "BatchingWindow": "1",
                "SalesforceEventBus": EVENT_BUS,
                **parameters,
            },
            on_line=lambda function, line: lines.append((function, line)),
        )
        with stack:
            toggle.target = port_of(stack.mateo_url)
            yield Rig(stack, toggle, lines)


def port_of(url: str) -> int:
    """The port that an address names."""
    return int(url.split(":")[2].split("/", maxsplit=1)[0])


class Rig:
    """A running stack on which one test after the other begins with nothing stored."""

    def __init__(self, stack: RunningStack, toggle: Toggle, lines: list[Line]) -> None:
        self.stack = stack
        self.toggle = toggle
        self._lines = lines

    def trial(self) -> "Trial":
        """A new test: queues, bucket, tables, schedules and Mateo are empty, submission is
        running.
        """
        clean(self.stack)
        self.toggle.open()
        del self._lines[:]
        warm(self.stack, "ReceiveWebhook", "SubmitImports")
        return Trial(self.stack, self._lines)


PACE = {"S": "pace"}
"""Key of the item that numbers requests to Mateo. It stays from test to test: processes remember
the last number that they saw, and would take the same one of another test for one of long ago."""
QUEUES = ("QueueUrl", "BulkQueueUrl", "HeldQueueUrl", "BulkHeldQueueUrl", "DeadLetterQueueUrl")
"""Outputs of the template that name a queue of records."""


def clean(stack: RunningStack) -> None:
    """Empty queues, bucket, tables, schedules and Mateo; end executions, resume submission."""
    for _ in range(2):
        _stop_executions(stack)
        for output in QUEUES:
            stack.client("sqs").purge_queue(QueueUrl=stack.outputs[output])
        stack.advance_clock(0.0)  # what was received is submitted: not while the next test runs
    _restore_token(stack)
    _empty_stores(stack)
    stack.mateo("POST", "reset")
    stack.mateo("PUT", "clock", {"offset_s": stack.clock.offset_s})
    stack.resume_submission()


def _restore_token(stack: RunningStack) -> None:
    known = stack.client("secretsmanager").get_secret_value(SecretId=stack.outputs["MateoTokenArn"])
    if known["SecretString"] != MATEO_TOKEN:
        stack.set_secret("MateoToken", MATEO_TOKEN)
        stack.restart_functions()  # they remember the other one


def _stop_executions(stack: RunningStack) -> None:
    machine = stack.client("stepfunctions")
    for one in _executions(stack):
        if one["status"] == "RUNNING":
            machine.stop_execution(executionArn=one["executionArn"])


def _empty_stores(stack: RunningStack) -> None:
    for output in ("LedgerTableName", "WatermarksTableName"):
        table = {"TableName": stack.outputs[output]}
        dynamodb = stack.client("dynamodb")
        for item in dynamodb.scan(**table)["Items"]:
            if item["pk"] != PACE:
                dynamodb.delete_item(**table, Key={"pk": item["pk"]})
    bucket, s3 = stack.outputs["BucketName"], stack.client("s3")
    for key, _ in objects(stack, ""):
        s3.delete_object(Bucket=bucket, Key=key)
    scheduler = stack.client("scheduler")
    for schedule in scheduler.list_schedules()["Schedules"]:
        if schedule["Name"] not in DAILY:
            names = {"Name": schedule["Name"], "GroupName": schedule["GroupName"]}
            scheduler.delete_schedule(**names)


class Trial:
    """The traffic of one test, and what came of it."""

    def __init__(self, stack: RunningStack, lines: list[Line]) -> None:
        self.stack = stack
        self.expected = Expected(id_prefixes(example_connections()))
        self.accepted: dict[str, int] = {}
        """Delivery → how many items it brought."""
        self._lines = lines
        self._earlier = {one["executionArn"] for one in _executions(stack)}

    # ------------------------------------------------------------ send

    def post(self, connection: str, webhook: Request) -> httpx.Response:
        """Send a webhook as it is."""
        return httpx.post(
            f"{self.stack.webhooks_url}/{connection}",
            content=webhook.body,
            headers=dict(webhook.headers),
            timeout=30,
            trust_env=False,
            verify=_tls(),
        )

    def bring(self, connection: str, webhook: Request) -> None:
        """Send a webhook that must be accepted; each of its items must get an outcome."""
        answer = self.post(connection, webhook)
        assert answer.status_code == 200, answer.text
        receipt = answer.json()
        self.accepted[receipt["delivery"]] = receipt["received"]

    def hand_in(self, delivery: Delivery) -> str:
        """Send what a sender of the demo makes; the answer, which need not name the delivery."""
        webhook = request(delivery.body, delivery.headers)
        answer = self.post(delivery.path, webhook)
        assert answer.status_code == 200, answer.text
        self.note_stored(delivery.connection, delivery.items)
        return answer.text

    def note_stored(self, connection: str, items: int) -> None:
        """Wait for the log of a delivery with so many items; each must get an outcome."""

        def new() -> list[dict[str, Any]]:
            stored = [one for one in self.events("webhook.stored") if one["items"] == items]
            known = self.accepted
            return [
                one
                for one in stored
                if one["connection"] == connection and one["delivery"] not in known
            ]

        (event,) = self.stack.wait_until(new, f"the log of {connection}")
        self.accepted[event["delivery"]] = items

    def bring_customers(self, *customers: Mapping[str, object]) -> None:
        """Send records of the ERP in one webhook; Mateo must have them in the end, so named."""
        self.expect(*customers)
        self.bring("json", erp(customers))

    def expect(self, *customers: Mapping[str, object]) -> None:
        """Mateo must have these records of the ERP in the end, and name them so."""
        for one in customers:
            self.expected.contacts.add(str(one["customer_no"]))
            self.expected.names[str(one["customer_no"])] = str(one["name"])

    # ------------------------------------------------------------ wait

    def drain(self) -> None:
        """Let time pass until everything that was accepted has its outcome."""
        for _ in range(MAX_STEPS):
            self.stack.wait_until(self._is_quiet, "quiet", PATIENCE_S)
            if self.is_drained():
                return
            self.let_pass(STEP_S)
        raise AssertionError(f"still under way: {self.stack.status()}")

    def drain_for_days(self, steps: int = MAX_STEPS, step_s: float = STEP_S) -> None:
        """The same, but submission may be paused until another day, Mateo's or ours."""
        for _ in range(steps):
            self.stack.wait_until(self._is_quiet, "quiet", PATIENCE_S)
            if self.is_drained():
                return
            self.let_pass(step_s if self.stack.esm_enabled() else PAUSED_STEP_S)
        raise AssertionError(f"still under way: {self.stack.status()}")

    def let_pass(self, seconds: float) -> None:
        """Move the clock forward, and wait until every import that is followed was looked at."""
        followed, looks = self._followed(), self._looks()
        self.stack.advance_clock(seconds)
        if any(self.stack.lane_counts().values()):
            warm(self.stack, "SubmitImports")
        if followed:
            warm(self.stack, "TrackImport", "WriteReport")
        self.stack.wait_until(
            lambda: self._looks() - looks >= len(followed & self._followed()),
            "a look at each import",
            PATIENCE_S,
        )

    def wait_until_quiet(self) -> None:
        """Wait until nothing happens any more unless time passes or submission resumes."""
        self.stack.wait_until(self._is_quiet_for_long, "quiet", PATIENCE_S)

    def is_drained(self) -> bool:
        """Nothing is queued, and no import is followed."""
        return not any(self.stack.lane_counts().values()) and not self.stack.running_executions()

    def _followed(self) -> set[str]:
        """The executions that have not ended."""
        return {one["name"] for one in _executions(self.stack) if one["status"] == "RUNNING"}

    def _looks(self) -> int:
        return self.stack.functions.counts.get("TrackImport", 0)

    def _is_quiet_for_long(self) -> bool:
        before = self.stack.functions.counts.copy()
        if not self._is_quiet():
            return False
        until = self.stack.clock.time() + QUIET_S
        self.stack.wait_until(lambda: self.stack.clock.time() > until, "a time")
        return self._is_quiet() and before == self.stack.functions.counts

    def _is_quiet(self) -> bool:
        counts, mateo = self.stack.lane_counts(), self.stack.mateo("GET", "state")
        return not (
            (counts["visible"] and self.stack.esm_enabled())
            or counts["in_flight"]
            or any(self.stack.busy(function) for function in FUNCTIONS)
            or (mateo["counts"]["imports_unfinished"] and not mateo["behaviour"]["stalled"])
        )

    # ------------------------------------------------------------ look

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log events of this name since the test began."""
        found = []
        for _, line in self._lines.copy():
            if line.startswith("{"):
                event = json.loads(line)
                if event.get("message") == name:
                    found.append(event)
        return found

    def imports(self) -> list[dict[str, Any]]:
        """The imports that Mateo has."""
        found: list[dict[str, Any]] = self.stack.mateo("GET", "imports?limit=10000")["items"]
        return found

    def requests(self, **wanted: object) -> list[dict[str, Any]]:
        """The requests that Mateo got, with these values of method, status and so on."""
        found = self.stack.mateo("GET", "requests?limit=10000")["items"]
        return [one for one in found if wanted.items() <= one.items()]

    def executions(self) -> Sequence[Mapping[str, Any]]:
        """The executions of this test: one per import that was begun."""
        found = _executions(self.stack)
        return [one for one in found if one["executionArn"] not in self._earlier]

    def summaries(self) -> list[dict[str, Any]]:
        """The summaries of all reports, by reference: oldest first."""
        found = objects(self.stack, "reports/")
        read = [json.loads(content) for key, content in found if key.endswith("summary.json")]
        return sorted(read, key=lambda one: str(one["created_at"]))

    def lines(self, prefix: str) -> list[dict[str, Any]]:
        """The lines of all .ndjson objects below a prefix of the bucket."""
        found = objects(self.stack, prefix)
        texts = [content for key, content in found if key.endswith(".ndjson")]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    # ------------------------------------------------------------ reconcile

    def check(self, *, wrong: Sequence[str] = (), **outcomes: int) -> None:
        """Everything balances but `wrong`, and so many items have each of these outcomes.

        Each accepted item has exactly one outcome, the reports add up, Mateo applied exactly what
        they call imported and holds exactly what was expected, no limit was exceeded.
        """
        reconciliation = reconcile(self.stack, self.accepted, self.expected)
        assert reconciliation.wrong == list(wrong), reconciliation.wrong
        assert dict(reconciliation.outcomes) == outcomes
        assert reconciliation.outcomes.total() == reconciliation.accepted
        assert not any(self.stack.queue_counts("DeadLetterQueueUrl").values())


@cache
def _tls() -> ssl.SSLContext:
    """What httpx would make anew for each request, although none uses TLS."""
    return ssl.create_default_context()


def warm(stack: RunningStack, *functions: str) -> None:
    """Start processes of functions now, all at once, since they will be needed."""
    for function in functions:
        stack.run(stack.functions.warm(function))


def _executions(stack: RunningStack) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = stack.client("stepfunctions").list_executions(
        stateMachineArn=stack.outputs["StateMachineArn"]
    )["executions"]
    return found
