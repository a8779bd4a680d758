"""What AWS bills for: prices, units and requests, counted below boto3's clients; used by `cost`."""

import json
import math
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FUNCTIONS = {
    "receive": "ReceiveWebhook",
    "submit": "SubmitImports",
    "track": "TrackImport",
    "report": "WriteReport",
}
ACCESS = {
    "requestTimeEpoch": "1795262400000",
    "requestTime": "21/Nov/2026:12:00:00 +0000",
    "requestId": "AbCdEfGhIjKlMnO=",
    "routeKey": "POST /webhooks/{connection}",
    "path": "/webhooks/standard",
    "status": "200",
    "responseLength": "60",
    "responseLatency": "12",
    "integrationStatus": "200",
    "error.responseType": "-",
}
"""What the variables of the access log stand for in a usual request."""
LOG_EVENT_B = 26
"""What CloudWatch counts for each line besides its text."""
MILLION = 1_000_000
PRICES: Mapping[str, float] = {
    "API Gateway requests": 1.00 / MILLION,
    "Lambda requests": 0.20 / MILLION,
    "Lambda GB-seconds": 0.0000133334,
    "SQS requests": 0.40 / MILLION,
    "DynamoDB write units": 0.625 / MILLION,
    "DynamoDB read units": 0.125 / MILLION,
    "Step Functions transitions": 25.0 / MILLION,
    "S3 writes": 5.0 / MILLION,
    "S3 reads": 0.40 / MILLION,
    "Secrets Manager requests": 5.0 / MILLION,
    "Log bytes": 0.50 / 10**9,
}
"""US dollars in us-east-1, on arm64, without free tiers; autumn 2026."""
AWS_LATENCY_S = 0.010
LATENCY_S = {"s3": 0.030, "secretsmanager": 0.020}
SQS_CHUNK_B = 64 * 1024
RECEIVE_BATCH = 10


@dataclass(frozen=True)
class Template:
    """What template.yaml says about logs, memory and batches."""

    memory_mb: Mapping[str, int]
    has_platform_logs: Mapping[str, bool]
    access_log_format: str

    @classmethod
    def read(cls) -> "Template":
        """Read it, functions of CloudFormation left as they are written."""
        import yaml

        class Loader(yaml.SafeLoader):
            pass

        Loader.add_multi_constructor("!", lambda loader, suffix, node: str(node.value))
        text = (ROOT / "template.yaml").read_text(encoding="utf-8")
        content: dict[str, Any] = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
        resources = {name: one["Properties"] for name, one in content["Resources"].items()}
        functions = {name: resources[logical_id] for name, logical_id in FUNCTIONS.items()}
        return cls(
            {name: one["MemorySize"] for name, one in functions.items()},
            {
                name: one.get("LoggingConfig", {}).get("SystemLogLevel") != "WARN"
                for name, one in functions.items()
            },
            resources["Api"].get("AccessLogSettings", {}).get("Format", ""),
        )

    def access_log_bytes(self) -> int:
        """One line of the HTTP API's access log."""
        line = self.access_log_format
        for name, value in ACCESS.items():
            line = line.replace(f"$context.{name}", value)
        return len(line) + LOG_EVENT_B if line else 0


@dataclass
class Bill:
    """What `webhooks` webhooks used, by the names of `PRICES`."""

    webhooks: int = 0
    used: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def cost(self) -> float:
        """US dollars for a million webhooks."""
        return sum(self.of_a_million(name) * price for name, price in PRICES.items())

    def of_a_million(self, name: str) -> float:
        """How much of something a million webhooks use."""
        return self.used[name] / self.webhooks * MILLION

    def show(self) -> float:
        """Print each item; the sum in US dollars for a million webhooks."""
        for name, price in PRICES.items():
            amount = self.of_a_million(name)
            print(f"    {name:<28} {amount:>16,.0f} {amount * price:>8.3f} USD")
        return self.cost()

    def log_bytes(self) -> str:
        """Where the log bytes of a webhook come from."""
        parts = [name for name in self.used if name.startswith("log of ")]
        shown = ", ".join(f"{name} {self.used[name] / self.webhooks:.0f}" for name in parts)
        return f"log bytes of a webhook: {shown}"

    def log(self, part: str, size: int) -> None:
        """Count bytes of a log."""
        self.used["Log bytes"] += size
        self.used[f"log of {part}"] += size


class Meter:
    """Counts what boto3 sends, below the clients, and how long moto took to answer it."""

    def __init__(self) -> None:
        self.bill = Bill()
        self.latency_s = 0.0
        self.answering_s = 0.0

    def install(self) -> None:
        """Count in every client that is made from now on, before moto answers."""
        import botocore.handlers
        from moto.core.botocore_stubber import BotocoreStubber

        botocore.handlers.BUILTIN_HANDLERS.insert(0, ("before-send", self._count))
        answer = BotocoreStubber.__call__

        def timed(stubber: Any, *arguments: Any, **named: Any) -> Any:
            start = time.thread_time()
            try:
                return answer(stubber, *arguments, **named)
            finally:
                self.answering_s += time.thread_time() - start

        setattr(BotocoreStubber, "__call__", timed)  # noqa: B010 - wrapped, not replaced

    def _count(self, event_name: str, request: Any, **_: object) -> None:
        service, operation = event_name.split(".")[1:]
        self.latency_s += LATENCY_S.get(service, AWS_LATENCY_S)
        used = self.bill.used
        if service == "dynamodb":
            content = json.loads(request.body)
            used["DynamoDB write units"] += written(operation, content)
            used["DynamoDB read units"] += read(operation, content)
        elif service == "sqs":
            entries = json.loads(request.body).get("Entries", [])
            used["SQS requests"] += chunks(sum(len(one.get("MessageBody", "")) for one in entries))
        elif service == "s3":
            used["S3 writes" if operation == "PutObject" else "S3 reads"] += 1
        elif service == "secretsmanager":
            used["Secrets Manager requests"] += 1


def chunks(size: int) -> int:
    """Requests that SQS bills for a request of this size."""
    return max(1, math.ceil(size / SQS_CHUNK_B))


def written(operation: str, content: dict[str, Any]) -> float:
    """Write units of a call: one per KB of an item, twice that in a transaction, and the index."""
    if operation == "BatchWriteItem":
        items = [one["PutRequest"] for of in content["RequestItems"].values() for one in of]
        return float(sum(units(one["Item"]) for one in items))
    if operation == "TransactWriteItems":
        parts = [next(iter(one.values())) for one in content["TransactItems"]]
        return float(sum(2 * units(one.get("Item", {})) + indexed(one) for one in parts))
    if operation in ("PutItem", "UpdateItem", "DeleteItem"):
        return float(units(content.get("Item", {})) + indexed(content))
    return 0.0


def indexed(content: dict[str, Any]) -> int:
    """Write units of the index of open imports: one if the call writes an import."""
    key = content.get("Key", content.get("Item", {})).get("pk", {}).get("S", "")
    return int(key.startswith("import#"))


def read(operation: str, content: dict[str, Any]) -> float:
    """Read units of a call: all reads are consistent, items are below 4 KB."""
    if operation == "GetItem":
        return 1.0
    if operation == "BatchGetItem":
        return float(sum(len(of["Keys"]) for of in content["RequestItems"].values()))
    return 2.5 if operation == "Query" else 0.0  # fifty open imports of the index, at most


def units(item: Mapping[str, Any]) -> int:
    """Kilobytes of an item, rounded up."""
    return max(1, math.ceil(sum(len(name) + size_of(value) for name, value in item.items()) / 1024))


def size_of(attribute: Mapping[str, Any]) -> int:
    """Bytes that DynamoDB counts for a value."""
    ((kind, value),) = attribute.items()
    if kind == "M":
        return 3 + sum(1 + len(name) + size_of(one) for name, one in value.items())
    return len(str(value).encode())


def reading(bodies: list[str]) -> int:
    """Requests by which Lambda receives and deletes these messages, ten at a time."""
    groups = [bodies[n : n + RECEIVE_BATCH] for n in range(0, len(bodies), RECEIVE_BATCH)]
    return sum(chunks(sum(len(one) for one in group)) + 1 for group in groups)
