"""Sends data that is easy to recognise through every function and every way out of it.

`test_canaries` uses it and looks for the data in everything that is written down about it.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from import_relay.check.check_connections import check
from local.child import CLOCK_SHIFT
from local.demo.balance import objects
from local.lambda_runtime.runtime_api import InvocationResult
from local.stack.stack import STACK_NAME, Stack
from local.template.loading import load
from tests.support.builders import message
from tests.support.signers import hubspot
from tests.support.stack import EVENT_BUS, QUEUES
from tests.support.webhooks import ROOT, request

CANARIES: Mapping[str, str] = {
    "phone": "+4915198765432",
    "e-mail address": "canary.mail@example.com",
    "name": "Kanarienvogel",
    "webhook secret": "canary-webhook-secret-1",
    "CRM token": "canary-crm-token-1",
    "Mateo's token": "canary-mateo-token-1",
    "path secret": "canary0path0secret0value",
}
TEXT = " ".join(CANARIES.values())
PERSON = {
    "name": CANARIES["name"],
    "email": CANARIES["e-mail address"],
    "phone": CANARIES["phone"],
}
HUBSPOT_URL = "https://relay.example.com/webhooks/hub"
CONNECTIONS = """
[erp]
kind = "json"
id_prefix = ""
header = "X-Relay-Secret"
[erp.contact]
custom_fields = ["loyalty_level"]
[erp.contact.fields]
external_id = "id"
full_name = "name"
email = "email"
whatsapp = "phone"
loyalty_level = "level"

[hub]
kind = "hubspot"
id_prefix = "hub-"
public_url = "https://relay.example.com/webhooks/hub"
portal_id = "62515"
api_url = "{crm}"

[campaign]
kind = "activecampaign"
id_prefix = "campaign-"
"""
SECRETS = {
    "erp": [CANARIES["webhook secret"]],
    "hub": [CANARIES["webhook secret"]],
    "hub.token": [CANARIES["CRM token"]],
    "campaign": [CANARIES["path secret"]],
}
LOGGED = ("ReceiveWebhook", "ReceiveChangeEvents", "SubmitImports", "TrackImport", "WriteReport")
PATIENCE_S = 90.0
KILLED_AFTER_S = 10.0
"""Of an invocation: enough to come to a CRM, and less than waiting for it takes."""


class _BrokenCrm(BaseHTTPRequestHandler):
    """A CRM that answers each request with an error that repeats everything it knows.

    It does not answer at all while `answers` is cleared.
    """

    asked = 0
    answers = threading.Event()

    def do_GET(self) -> None:
        _BrokenCrm.asked += 1
        if not _BrokenCrm.answers.wait(PATIENCE_S):
            return
        self.rfile.read(int(self.headers.get("content-length") or 0))
        content = json.dumps({"message": TEXT}).encode()
        self.send_response(500, TEXT)
        self.send_header("content-length", str(len(content)))
        with suppress(ConnectionError):  # who asked was killed
            self.end_headers()
            self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def broken_crm() -> Iterator[str]:
    """Its address."""
    _BrokenCrm.answers.set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _BrokenCrm)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def project(folder: Path, crm: str) -> Path:
    """The repository with connections of its own."""
    for name in ("template.yaml", "functions", "statemachine"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "layers" / "connections").mkdir(parents=True)
    for name in ("import_relay", "dependencies"):
        (folder / "layers" / name).symlink_to(ROOT / "layers" / name)
    text = CONNECTIONS.replace("{crm}", crm)
    file = folder / "layers" / "connections" / "connections.toml"
    file.write_text(text, encoding="utf-8")
    assert not list(check(file))
    return folder


class Flight:
    """One round of canaries through a running stack, at one log level."""

    def __init__(self, stack: Stack, root: Path, level: str) -> None:
        self.stack = stack
        self.level = level
        self.answers: list[str] = []
        self.outcomes: list[InvocationResult] = []
        parameters = {"LogLevel": level, "SalesforceEventBus": EVENT_BUS}
        described = load(root / "template.yaml", parameters, STACK_NAME)
        self._hosting = described.hosting

    def prepare(self) -> None:
        """Replace the functions by those that a deployment with this LogLevel would have."""
        self.stack.mateo("PUT", "token", {"token": CANARIES["Mateo's token"]})
        self.stack.set_secret("MateoToken", CANARIES["Mateo's token"])
        self.stack.run(self._replace(*LOGGED))

    async def _replace(
        self, *names: str, timeout_s: float | None = None, clock_shift_s: float = 0.0
    ) -> None:
        functions = self.stack.functions
        of_the_run = float(os.environ.get(CLOCK_SHIFT, "0"))
        async with functions.paused():
            await functions.replace()
            for name in names:
                before = functions.find(name)
                group = before.hosting.log_group
                functions.add(
                    replace(
                        before,
                        variables={
                            **before.variables,
                            "LOG_LEVEL": self.level,
                            CLOCK_SHIFT: repr(of_the_run + clock_shift_s),
                        },
                        hosting=replace(self._hosting[name], log_group=group),
                        timeout_s=timeout_s or before.timeout_s,
                    )
                )

    def fly(self) -> None:
        """Every way through."""
        self.success_and_failed_rows()
        self.rejection()
        self.refusals()
        self.quarantine()
        self.fetcher_failure()
        self.mateo_failures()
        self.exceptions()
        self.timeout()

    # ------------------------------------------------------------ single ways

    def success_and_failed_rows(self) -> None:
        behaviour = {"custom_fields": {"contact": {"loyalty_level": "number"}}}
        self.stack.mateo("PUT", "behaviour", behaviour)
        before = len(self._keys("reports/"))
        records = [PERSON | {"id": f"{self.level}-1"}]
        records += [PERSON | {"id": f"{self.level}-2", "level": TEXT}]
        self.post("erp", json.dumps(records), x_relay_secret=CANARIES["webhook secret"])
        self._until(lambda: len(self._keys("reports/")) >= before + 4, "a report with failures")

    def rejection(self) -> None:
        before = len(self._keys("rejected/"))
        record = {"name": CANARIES["name"], "phone": f"no number {TEXT}"}
        self.post("erp", json.dumps([record]), x_relay_secret=CANARIES["webhook secret"])
        self._until(lambda: len(self._keys("rejected/")) > before, "a rejection")

    def refusals(self) -> None:
        body = json.dumps([PERSON])
        self.post("erp", body, x_relay_secret=f"{TEXT} wrong")
        self.post("erp", body)
        self.post(f"campaign/{CANARIES['path secret']}x", body)
        self.post(CANARIES["path secret"], body)
        self.post("hub", body, x_hubspot_signature_v3=TEXT, x_hubspot_request_timestamp=TEXT)

    def quarantine(self) -> None:
        before = len(self._keys("quarantine/"))
        path = f"campaign/{CANARIES['path secret']}"
        self.post(path, json.dumps([PERSON]))
        self.post_as_hubspot(f'{{"a": "{TEXT}')
        self._until(lambda: len(self._keys("quarantine/")) > before, "a quarantine")

    def fetcher_failure(self) -> None:
        changed = {
            "eventId": f"{self.level}-1",
            "subscriptionType": "contact.creation",
            "portalId": 62515,
            "objectId": 123,
            "occurredAt": 1_795_262_400_000,
            "propertyName": "city",
            "propertyValue": TEXT,
        }
        asked = _BrokenCrm.asked
        self.post_as_hubspot(json.dumps([changed]))
        self._until(lambda: _BrokenCrm.asked >= asked + 3, "three requests at the CRM")
        self._until(self._is_idle, "the end of the submission")

    def mateo_failures(self) -> None:
        for fault in (
            {"kind": "status", "method": "POST", "status": 400, "message": TEXT, "code": TEXT},
            {"kind": "status", "method": "POST", "status": 500, "body": TEXT},
            {"kind": "status", "method": "POST", "status": 401, "message": TEXT},
        ):
            self.stack.mateo("POST", "faults", fault)
            record = PERSON | {"id": f"{self.level}-{fault['status']}"}
            self.post("erp", json.dumps([record]), x_relay_secret=CANARIES["webhook secret"])
            self._until(lambda: not self.stack.mateo("GET", "faults")["faults"], "the fault")
            self._until(self._is_idle, "the end of the submission")
            self.stack.resume_submission()

    def exceptions(self) -> None:
        """Errors that no handler expects, with data in their texts."""
        queue = self.stack.outputs["QueueUrl"]
        self.stack.client("sqs").send_message(QueueUrl=queue, MessageBody=f'{{"format": "{TEXT}"')
        nothing: Mapping[str, object] = {}
        for function, event in (
            ("ReceiveWebhook", {"pathParameters": {"connection": "erp"}, "body": TEXT}),
            ("ReceiveWebhook", {TEXT: TEXT}),
            ("ReceiveChangeEvents", {"source": TEXT, "detail": PERSON}),
            ("ReceiveChangeEvents", {TEXT: TEXT}),
            ("SubmitImports", {"Records": [{"messageId": TEXT, "body": TEXT}]}),
            ("SubmitImports", {"Records": TEXT}),
            ("TrackImport", {"reference": TEXT}),
            ("TrackImport", {"reference": "r", "deadline": TEXT}),
            ("TrackImport", nothing),
            ("WriteReport", {"reference": "r", "status": "finished", "deadline": TEXT}),
            ("WriteReport", {TEXT: TEXT}),
        ):
            self.outcomes.append(self.stack.invoke(function, event))

    def timeout(self) -> None:
        """A function is killed at work: it has interpreted records and waits for a CRM.

        A function keeps its deadline, so its clock is late, and it believes to have more time.
        """
        self.stack.run(self._replace("SubmitImports", timeout_s=KILLED_AFTER_S, clock_shift_s=-90))
        changed = {"portalId": 62515, "objectId": 124, "subscriptionType": "contact.creation"}
        bodies = [
            message([PERSON | {"id": f"{self.level}-killed"}] * 50, connection="erp"),
            message([changed | {"eventId": TEXT, "occurredAt": 1}], connection="hub"),
        ]
        sent_at = str(int(self.stack.clock.time() * 1_000))
        attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": sent_at}
        records = [
            {
                "messageId": f"m{number}",
                "body": body,
                "attributes": attributes,
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:relay",
            }
            for number, body in enumerate(bodies)
        ]
        asked = _BrokenCrm.asked
        _BrokenCrm.answers.clear()
        killed = self.stack.invoke("SubmitImports", {"Records": records})
        _BrokenCrm.answers.set()
        assert _BrokenCrm.asked > asked, killed.payload
        assert b"Task timed out" in killed.payload, killed.payload
        self.outcomes.append(killed)
        self.stack.run(self._replace("SubmitImports", timeout_s=120.0))

    # ------------------------------------------------------------ what it uses

    def post(self, path: str, body: str, **headers: str) -> None:
        """Send a request; the answer is kept."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = httpx.post(
            f"{self.stack.webhooks_url}/{path}",
            content=body.encode(),
            headers={"content-type": "application/json", **sent},
            timeout=30,
            trust_env=False,
        )
        self.answers.append(f"{answer.status_code} {answer.text} {dict(answer.headers)}")

    def post_as_hubspot(self, body: str) -> None:
        """Send a request that HubSpot signed just now."""
        unsigned = replace(request(body), received_at=int(self.stack.clock.time() * 1_000_000))
        signed = hubspot(CANARIES["webhook secret"], HUBSPOT_URL)(unsigned)
        named = {name.lower().replace("-", "_"): value for name, value in signed.headers.items()}
        self.post("hub", body, **named)

    def _keys(self, prefix: str) -> list[str]:
        return [key for key, _ in objects(self.stack, prefix)]

    def _is_idle(self) -> bool:
        return not self.stack.busy("SubmitImports")

    def _until(self, condition: Any, what: str) -> None:
        self.stack.wait_until(condition, f"{what} at {self.level}", PATIENCE_S)


def written_down(stack: Stack) -> Sequence[tuple[str, str]]:
    """(where, text) of everything that AWS shows besides the stores: logs apart."""
    found = [("metrics", json.dumps(stack.client("cloudwatch").list_metrics()["Metrics"]))]
    for output in QUEUES:
        url = stack.outputs[output]
        told = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        found.append((f"attributes of {output}", json.dumps(told["Attributes"])))
    machine = stack.client("stepfunctions")
    listed = machine.list_executions(stateMachineArn=stack.outputs["StateMachineArn"])
    for one in listed["executions"]:
        history = machine.get_execution_history(executionArn=one["executionArn"])["events"]
        found.append((f"history of {one['name']}", json.dumps([one, history], default=str)))
    scheduler = stack.client("scheduler")
    for one in scheduler.list_schedules()["Schedules"]:
        told = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
        found.append((f"schedule {one['Name']}", json.dumps(told, default=str)))
    keys = [key for key, _ in objects(stack, "")]
    return [*found, ("object keys", json.dumps(keys))]
