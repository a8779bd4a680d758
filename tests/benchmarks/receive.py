"""Receive: how fast a new process is ready, and what one verified webhook costs in CPU.

Start: import of the handler and the set-up of its first call, against `import boto3;
boto3.client("sqs")`, each by the CPU time of a new process, in turns. Webhook: a signed request
with one record, against HMAC, json.loads and boto3's own SendMessageBatch, whose client differs
from the relay's in its user agent; in both, boto3 is answered below botocore.
"""

import base64
import hmac
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.measures import Measure, best_of_alternating, discarded_log
from tests.support.lambda_context import Context

ROOT = Path(__file__).parents[2]
FUNCTION = ROOT / "functions" / "receive_webhook"
PROCESSES = 9
START_BAR = 1.15
CALLS = 300
CALL_BAR = 1.4

QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/relay"
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "import-relay",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "QUEUE_URL": QUEUE_URL,
    "BUCKET_NAME": "bucket",
    "CONNECTIONS_FILE": str(ROOT / "layers" / "connections" / "connections.toml"),
    "CONNECTION_SECRETS_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:s",
}
TIMED = "import time\nstart = time.process_time()\n{}\nprint(time.process_time() - start)"
OURS = TIMED.format("import receive_webhook\nreceive_webhook.intake()")
FLOOR = TIMED.format('import boto3\nboto3.client("sqs")')


def measure() -> Iterator[Measure]:
    """The start, and one webhook."""
    yield start()
    yield webhook()


def start() -> Measure:
    """A new process, until it can take its first request."""
    seconds_of(OURS), seconds_of(FLOOR)  # writes bytecode that is not there yet
    rounds = [(seconds_of(FLOOR), seconds_of(OURS)) for _ in range(PROCESSES)]
    ours = statistics.median(one for _, one in rounds)
    floor = statistics.median(one for one, _ in rounds)
    return Measure("receive start", ours * 1e3, START_BAR, "ms", floor=floor * 1e3)


def seconds_of(code: str) -> float:
    """CPU seconds that the code prints of itself in a new process."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **ENVIRONMENT,
        "AWS_LAMBDA_FUNCTION_NAME": "receive-webhook",
        "PYTHONPATH": os.pathsep.join([str(FUNCTION), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


BODY = json.dumps(
    {
        "type": "contact.created",
        "timestamp": "2026-11-21T09:30:00Z",
        "data": {
            "id": "4711",
            "email": "ada@example.com",
            "name": "Ada Example",
            "phones": ["+4915112345678"],
            "address": {"city": "Rostock", "zip": "18055"},
        },
    }
)
KEY = b"k" * 24


def signed_event(body: str = BODY, *, number: int = 1) -> dict[str, Any]:
    """A signed webhook as the HTTP API passes it on."""
    identifier, timestamp = f"msg_{number}", str(int(time.time()))
    signature = base64.b64encode(digest(identifier, timestamp, body)).decode()
    return {
        "version": "2.0",
        "routeKey": "POST /webhooks/{connection}",
        "rawPath": "/webhooks/standard_webhooks",
        "rawQueryString": "",
        "headers": {
            "content-type": "application/json",
            "user-agent": "Svix-Webhooks/1.0",
            "webhook-id": identifier,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{signature}",
        },
        "requestContext": {"http": {"method": "POST", "path": "/webhooks/standard_webhooks"}},
        "pathParameters": {"connection": "standard_webhooks"},
        "body": body,
        "isBase64Encoded": False,
    }


def digest(identifier: str, timestamp: str, body: str) -> bytes:
    """What the sender signs."""
    return hmac.digest(KEY, f"{identifier}.{timestamp}.{body}".encode(), "sha256")


def secrets_answer() -> dict[str, Any]:
    """What Secrets Manager gives for the connection secrets."""
    secret = "whsec_" + base64.b64encode(KEY).decode()
    return {"SecretString": json.dumps({"standard_webhooks": [secret]}), "ARN": "a", "Name": "n"}


@discarded_log()
def webhook() -> Measure:
    """One verified webhook with one record."""
    sys.path.insert(0, str(FUNCTION))
    os.environ.update(ENVIRONMENT)
    import boto3

    from tests.benchmarks.stub_aws import StubAws

    aws = StubAws(GetSecretValue=secrets_answer())
    aws.install()
    from botocore.config import Config

    import receive_webhook

    usual = Config(connect_timeout=1, read_timeout=1.5, retries={"total_max_attempts": 1})
    sqs = boto3.client("sqs", config=usual)
    event = signed_event()
    context: Any = Context()

    def ours() -> None:
        for _ in range(CALLS):
            answer = receive_webhook.handler(event, context)
        assert answer["statusCode"] == 200

    def floor() -> None:
        for _ in range(CALLS):
            digest("msg_1", "1", BODY)
            json.loads(BODY)
            sqs.send_message_batch(QueueUrl=QUEUE_URL, Entries=[{"Id": "0", "MessageBody": BODY}])

    ours()
    floor()
    before = aws.requests["SendMessageBatch"]
    best, least = (one / CALLS * 1e3 for one in best_of_alternating(ours, floor))
    assert aws.requests["SendMessageBatch"] - before == 2 * 5 * CALLS
    return Measure("receive webhook CPU", best, CALL_BAR, "ms", floor=least)
