"""Data that is easy to recognise, a stack that holds it, and everything that the stack shows of it.

`canaries` sends the data through every function; `test_canaries` looks for it afterwards.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from import_relay.check.check_connections import check
from local.demo.balance import objects
from local.stack.stack import RunningStack
from tests.support.stack import QUEUES
from tests.support.webhooks import ROOT

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
PATIENCE_S = 90.0
MAIL_QUEUE = "canary-mails"


class BrokenCrm(BaseHTTPRequestHandler):
    """A CRM that answers each request with an error that repeats everything it knows.

    It does not answer at all while `answers` is cleared.
    """

    asked = 0
    answers = threading.Event()

    def do_GET(self) -> None:
        BrokenCrm.asked += 1
        if not BrokenCrm.answers.wait(PATIENCE_S):
            return
        self.rfile.read(int(self.headers.get("content-length") or 0))
        content = json.dumps({"message": TEXT}).encode()
        self.send_response(500, TEXT)
        self.send_header("content-length", str(len(content)))
        with suppress(ConnectionError):  # the caller was killed
            self.end_headers()
            self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


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


def written_down(stack: RunningStack) -> Sequence[tuple[str, str]]:
    """(where, text) of everything that AWS shows, without the stores and the logs."""
    stack.metrics.put()
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
    keys = [_named_by_relay(key) for key, _ in objects(stack, "")]
    return [*found, *_mails(stack), ("object keys", json.dumps(keys))]


def _named_by_relay(key: str) -> str:
    """The part of a key that is not the name which somebody gave to a file."""
    if key.startswith("inbox/"):
        return ""
    return "/".join(key.split("/")[-2:]) if key.startswith("files/") else key


def take_mails(stack: RunningStack) -> None:
    """Let a queue have whatever is mailed to the address of the alarms."""
    queue = stack.client("sqs").create_queue(QueueName=MAIL_QUEUE)["QueueUrl"]
    asked = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    stack.client("sns").subscribe(
        TopicArn=str(stack.provisioned.resources["AlarmTopic"]["Ref"]),
        Protocol="sqs",
        Endpoint=asked["Attributes"]["QueueArn"],
    )


def _mails(stack: RunningStack) -> Iterator[tuple[str, str]]:
    sqs = stack.client("sqs")
    queue = sqs.get_queue_url(QueueName=MAIL_QUEUE)["QueueUrl"]
    while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for one in received:
            yield "mail", one["Body"]
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
