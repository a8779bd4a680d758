"""Answers: for each kind of connection, the CPU from the gateway's event to the answer.

The floor is the same authentication and parsing by the standard library, and boto3's own
SendMessageBatch; in both, boto3 is answered below botocore. The first figure in brackets is
authentication and parsing alone, and after it come the modules that the kind's first request
imports. `receive` measures the start of the receiver, with a connection of every kind.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import fromstring

from import_relay.connectors.contract import Request
from import_relay.connectors.kinds import kinds
from tests.benchmarks import receive
from tests.benchmarks.measures import Measure, best_of_alternating, discarded_log
from tests.benchmarks.stub_aws import StubAws
from tests.support.authentic import received_at, requests_of, secrets_of, sender_of, sign_of
from tests.support.lambda_context import Context
from tests.support.webhooks import gateway_event

CALLS = 100
CALL_BAR = 2.5
"""More than for the webhook of `receive`: other kinds have more to parse in a body."""
FUNCTIONS = receive.FUNCTION.parent
FIRST_REQUEST = """
import json, sys, time
from contextlib import suppress
from tests.benchmarks.stub_aws import StubAws
given = json.load(sys.stdin)
StubAws(GetSecretValue={"SecretString": given["secrets"], "ARN": "a", "Name": "n"}).install()
module = __import__(given["function"])
intake = module.intake()
intake.store.send(["{}"], give_up_at=time.monotonic() + 5)
intake.secrets.of("x")
from tests.support.lambda_context import Context
with suppress(Exception):
    module.handler({"pathParameters": {"connection": "x"}, "source": "x"}, Context())
before = set(sys.modules)
module.handler(given["event"], Context())
print(*sorted(set(sys.modules) - before))
"""


def measure() -> Iterator[Measure]:
    """The answer of every kind."""
    os.environ.update(receive.ENVIRONMENT)
    aws = StubAws(GetSecretValue={"SecretString": secrets(), "ARN": "a", "Name": "n"})
    aws.install()
    for kind in sorted(kinds()):
        yield answer(kind)


def secrets() -> str:
    """The connection secrets of every kind."""
    return json.dumps({kind: secrets_of(kind) for kind in sorted(kinds())})


@discarded_log()
def answer(kind: str) -> Measure:
    """One request of a kind."""
    import boto3

    handler, event, given = prepared(kind)
    from import_relay.storage.intake_store import CLIENT_CONFIG

    sqs = boto3.client("sqs", config=CLIENT_CONFIG)
    parse, sign, text = parser(given.body), sign_of(kind), given.body.decode()
    context: Any = Context()

    def ours() -> None:
        for _ in range(CALLS):
            handler(event, context)

    def auth_and_parsing() -> None:
        for _ in range(CALLS):
            sign(given)
            parse(given.body)

    def floor() -> None:
        auth_and_parsing()
        for _ in range(CALLS):
            entries: Any = [{"Id": "0", "MessageBody": text}]
            sqs.send_message_batch(QueueUrl=receive.QUEUE_URL, Entries=entries)

    ours()
    floor()
    best, least = best_of_alternating(ours, floor)
    bare = min(best_of_alternating(auth_and_parsing, auth_and_parsing))
    name = f"answer {kind} [{bare / CALLS * 1e6:.0f} µs; imports {', '.join(imported(kind))}]"
    return Measure(name, best / CALLS * 1e3, CALL_BAR, "ms", floor=least / CALLS * 1e3)


def prepared(kind: str) -> tuple[Callable[[Any, Any], Any], dict[str, Any], Request]:
    """The handler for a kind, and its first sample, received now, as an event and as a request."""
    function = function_of(kind)
    sys.path.insert(0, str(FUNCTIONS / function))
    module = __import__(function)
    given = received_at(kind, next(iter(requests_of(kind).values())), time.time())
    event = event_of(kind, given)
    answered = module.handler(event, Context())
    assert answered.get("statusCode", 200) == 200, answered  # an event has no status: it raises
    return module.handler, event, given


def function_of(kind: str) -> str:
    """The function that receives the kind's requests."""
    over_http = sender_of(kind).transport == "http"
    return "receive_webhook" if over_http else "receive_change_events"


def event_of(kind: str, given: Request) -> dict[str, Any]:
    """What Lambda is invoked with."""
    if sender_of(kind).transport == "http":
        return gateway_event(given, kind)
    event: dict[str, Any] = json.loads(given.body)
    return event


def parser(body: bytes) -> Callable[[bytes], object]:
    """The parser of such a body in the standard library."""
    start = body.lstrip()[:1]
    if start in (b"{", b"["):
        return json.loads
    return fromstring if start == b"<" else lambda form: parse_qsl(form.decode())


def imported(kind: str) -> list[str]:
    """Modules that the kind's first request imports in a new process; those of a package as one."""
    given = received_at(kind, next(iter(requests_of(kind).values())), time.time())
    function = function_of(kind)
    paths = [str(FUNCTIONS / function), str(receive.ROOT), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", FIRST_REQUEST],
        input=json.dumps(
            {
                "secrets": secrets(),
                "function": function,
                "event": event_of(kind, given),
            }
        ),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=True,
    )
    names = done.stdout.splitlines()[-1].split()
    own = [name for name in names if name.startswith("import_relay.")]
    others = {name.partition(".")[0] for name in names if name not in own} - {"encodings"}
    short = (name.removeprefix("import_relay.").removeprefix("connectors.") for name in own)
    return [*short, *sorted(others)]
