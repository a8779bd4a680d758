"""The faults that a call can meet, and which calls can meet them; `sweep` chooses some.

Error codes and forms: the API references of the services ("Common Errors", and the errors of each
operation), for Mateo its documentation's error table and limits page.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from tests.support.fault_proxy import Answer, Exchange, Fault, PlannedFault

PERSISTENT = 6
"""One more than the tries that the SDK makes, and than those of the relay."""

KILLS, ANSWERS, TIMEOUTS = "kill", "answers", "timeouts"
GROUPS = (KILLS, ANSWERS, TIMEOUTS)

THROTTLED: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "DynamoDB": (400, "ProvisionedThroughputExceededException"),
        "Lambda": (429, "TooManyRequestsException"),
        "S3": (503, "SlowDown"),
        "SFN": (400, "ThrottlingException"),
        "SQS": (400, "RequestThrottled"),
        "SSM": (400, "ThrottlingException"),
        "Scheduler": (429, "ThrottlingException"),
        "SecretsManager": (400, "ThrottlingException"),
    }
)
CONFLICTING = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
BATCHES = ("BatchGetItem", "BatchWriteItem", "SendMessageBatch")
CONTESTED = ("PutItem lease", "PutItem pace", "PutItem round")
"""Conditional writes that a concurrent invocation can win without any other effect."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. `times`: at how many calls of the operation, one after the other."""

    name: str
    group: str
    fits: Callable[[str], bool]
    fault_of: Callable[[str], Fault]
    times: int = 1

    def planned(self, operation: str) -> PlannedFault:
        """As the proxy wants it, for a call of this operation."""
        return PlannedFault(self.name, self.fault_of(operation), self.times)


# ---------------------------------------------------------------- what happens to a call


async def killed_before(exchange: Exchange) -> Answer | None:
    """The caller dies before the call is made."""
    await exchange.kill()
    return None


async def killed_after(exchange: Exchange) -> Answer | None:
    """The call has its effect, the caller dies before it learns of it."""
    await exchange.forward(exchange.request)
    await exchange.kill()
    return None


async def reset_before(_: Exchange) -> Answer | None:
    """The connection is reset, the call had no effect."""
    return None


async def reset_after(exchange: Exchange) -> Answer | None:
    """The call has its effect, then the connection is reset."""
    await exchange.forward(exchange.request)
    return None


async def hung_before(exchange: Exchange) -> Answer | None:
    """There is never an answer, and no effect."""
    await exchange.hung_up()
    return None


async def hung_after(exchange: Exchange) -> Answer | None:
    """The call has its effect, but there is never an answer."""
    await exchange.forward(exchange.request)
    await exchange.hung_up()
    return None


def answered(answer: Answer, *, after: bool = False) -> Fault:
    """Another answer than the service's; `after`: the call has its effect."""

    async def fault(exchange: Exchange) -> Answer | None:
        if after:
            await exchange.forward(exchange.request)
        return answer

    return fault


async def cancelled(exchange: Exchange) -> Answer | None:
    """Another transaction touched the same item just then."""
    items = exchange.request.json()["TransactItems"]
    reasons = [{"Code": "None"} for _ in items]
    reasons[-1] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    return _cancellation(reasons)


async def spent(exchange: Exchange) -> Answer | None:
    """Somebody else took the day's entities just before; a transaction that takes none succeeds."""
    items = exchange.request.json()["TransactItems"]
    if not any(map(_reserves, items)):
        return await exchange.forward(exchange.request)
    failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    return _cancellation([failed if _reserves(item) else {"Code": "None"} for item in items])


async def unprocessed(exchange: Exchange) -> Answer | None:
    """The service takes nothing of a batch."""
    return await _partly(exchange, share=0.0)


async def half_processed(exchange: Exchange) -> Answer | None:
    """The service takes the first half of a batch; of a single entry it takes none."""
    return await _partly(exchange, share=0.5)


async def _partly(exchange: Exchange, *, share: float) -> Answer | None:
    content = exchange.request.json()
    if "Entries" in content:
        return await _sent_partly(exchange, content, share)
    wanted: dict[str, Any] = content["RequestItems"]
    now, later = {}, {}
    for table, of_table in wanted.items():
        entries = of_table if isinstance(of_table, list) else of_table["Keys"]
        cut = int(len(entries) * share)
        if isinstance(of_table, list):
            now[table], later[table] = entries[:cut], entries[cut:]
        else:
            now[table] = {**of_table, "Keys": entries[:cut]}
            later[table] = {**of_table, "Keys": entries[cut:]}
    is_write = any(isinstance(of_table, list) for of_table in wanted.values())
    result: dict[str, Any] = {} if is_write else {"Responses": {table: [] for table in wanted}}
    if share and any(now.values()) and _size(now):
        answer = await exchange.forward(_with(exchange, {**content, "RequestItems": now}))
        result = json.loads(answer.body)
    result["UnprocessedItems" if is_write else "UnprocessedKeys"] = later
    return _json_answer(200, result)


def _size(request_items: Mapping[str, Any]) -> int:
    return sum(len(one if isinstance(one, list) else one["Keys"]) for one in request_items.values())


async def _sent_partly(
    exchange: Exchange, content: Mapping[str, Any], share: float
) -> Answer | None:
    entries = content["Entries"]
    cut = int(len(entries) * share)
    result: dict[str, Any] = {"Successful": []}
    if cut:
        answer = await exchange.forward(_with(exchange, {**content, "Entries": entries[:cut]}))
        result = json.loads(answer.body)
    result["Failed"] = [
        {"Id": one["Id"], "Code": "InternalError", "SenderFault": False} for one in entries[cut:]
    ]
    return _json_answer(200, result)


def _with(exchange: Exchange, content: Mapping[str, Any]) -> Any:
    return replace(exchange.request, body=json.dumps(content).encode())


def _reserves(item: Mapping[str, Any]) -> bool:
    """Whether an operation of a transaction reserves entities: a release has no condition."""
    update = item.get("Update", {})
    is_of_day = str(update.get("Key", {}).get("pk", {}).get("S", "")).startswith("day#")
    return is_of_day and "ConditionExpression" in update


# ---------------------------------------------------------------- what a service may answer


def throttled(operation: str) -> Fault:
    """Too many requests, as the service says it."""
    service = _service(operation)
    return answered(error(service, *THROTTLED.get(service, (400, "ThrottlingException"))))


def broken(operation: str) -> Fault:
    """An internal error; nothing happened."""
    return answered(error(_service(operation), 500, "InternalServerError"))


def broken_after(operation: str) -> Fault:
    """An internal error although the call had its effect."""
    return answered(error(_service(operation), 500, "InternalServerError"), after=True)


def conflicting(operation: str) -> Fault:
    """Somebody else wrote the same item just then."""
    if "TransactWriteItems" in operation:
        return cancelled
    return answered(error("DynamoDB", 400, "TransactionConflictException"))


def outrun(operation: str) -> Fault:
    """Somebody else made the condition false just before."""
    if "TransactWriteItems" in operation:
        return spent
    return answered(error("DynamoDB", 400, "ConditionalCheckFailedException"))


def error(service: str, status: int, code: str) -> Answer:
    """An error in the protocol of an AWS service."""
    if service == "S3":
        text = f"<Error><Code>{code}</Code><Message>A fault</Message></Error>"
        return Answer(status, text.encode(), {"content-type": "application/xml"})
    headers = {"x-amzn-errortype": code} if service in ("Lambda", "Scheduler") else {}
    return _json_answer(status, {"__type": f"aws#{code}", "message": "A fault"}, headers)


def _cancellation(reasons: list[dict[str, str]]) -> Answer:
    listed = ", ".join(reason["Code"] for reason in reasons)
    return _json_answer(
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": f"Transaction cancelled, see reasons for specific details [{listed}]",
            "CancellationReasons": reasons,
        },
    )


def _json_answer(
    status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Answer:
    body = json.dumps(content).encode()
    return Answer(status, body, {"content-type": "application/x-amz-json-1.0", **(headers or {})})


def _mateo(status: int, **headers: str) -> Answer:
    body = json.dumps({"code": str(status), "message": "A fault"}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, {"content-type": "application/json", **named})


HTML = Answer(502, b"<html>Bad Gateway</html>", {"content-type": "text/html"})
NOTHING = Answer(201, b"", {"content-type": "application/json"})


# ---------------------------------------------------------------- which calls can meet which faults


def _service(operation: str) -> str:
    return operation.partition(".")[0]


def _any(_: str) -> bool:
    return True


def _of_aws(operation: str) -> bool:
    return _service(operation) != "Mateo"


def _of_mateo(operation: str) -> bool:
    return _service(operation) == "Mateo"


def _posts(operation: str) -> bool:
    return operation == "Mateo.POST /import"


def _writes_items(operation: str) -> bool:
    return operation.startswith(tuple(f"DynamoDB.{name}" for name in CONFLICTING))


def _is_contested(operation: str) -> bool:
    name = operation.removeprefix("DynamoDB.")
    return name in CONTESTED or (name.startswith("TransactWriteItems") and "day" in name)


def _is_batch(operation: str) -> bool:
    return operation.partition(".")[2].partition(" ")[0] in BATCHES


def _always(fault: Fault) -> Callable[[str], Fault]:
    return lambda _: fault


def _kinds() -> Iterator[Kind]:
    yield Kind("killed-before", KILLS, _any, _always(killed_before))
    yield Kind("killed-after", KILLS, _any, _always(killed_after))
    yield Kind("reset-before", ANSWERS, _any, _always(reset_before))
    yield Kind("reset-after", ANSWERS, _any, _always(reset_after))
    yield Kind("unreachable", ANSWERS, _any, _always(reset_before), PERSISTENT)
    yield Kind("throttled", ANSWERS, _of_aws, throttled)
    yield Kind("throttled-on", ANSWERS, _of_aws, throttled, PERSISTENT)
    yield Kind("broken", ANSWERS, _of_aws, broken)
    yield Kind("broken-after", ANSWERS, _of_aws, broken_after)
    yield Kind("broken-on", ANSWERS, _of_aws, broken, PERSISTENT)
    yield Kind("conflict", ANSWERS, _writes_items, conflicting)
    yield Kind("conflict-on", ANSWERS, _writes_items, conflicting, PERSISTENT)
    yield Kind("outrun", ANSWERS, _is_contested, outrun)
    yield Kind("unprocessed", ANSWERS, _is_batch, _always(unprocessed))
    yield Kind("half-processed", ANSWERS, _is_batch, _always(half_processed))
    yield Kind("unprocessed-on", ANSWERS, _is_batch, _always(unprocessed), PERSISTENT)
    yield Kind("429-soon", ANSWERS, _of_mateo, _always(answered(_mateo(429, retry_after="1"))))
    yield Kind("429-later", ANSWERS, _of_mateo, _always(answered(_mateo(429, retry_after="3600"))))
    yield Kind("429-bare", ANSWERS, _of_mateo, _always(answered(_mateo(429))))
    yield Kind("403", ANSWERS, _of_mateo, _always(answered(_mateo(403))))
    yield Kind("500", ANSWERS, _of_mateo, _always(answered(_mateo(500))))
    yield Kind("500-after", ANSWERS, _of_mateo, _always(answered(_mateo(500), after=True)))
    yield Kind("503-on", ANSWERS, _of_mateo, _always(answered(_mateo(503))), 3)
    yield Kind("html", ANSWERS, _of_mateo, _always(answered(HTML)))
    yield Kind("no-id", ANSWERS, _posts, _always(answered(NOTHING, after=True)))
    yield Kind("hung-before", TIMEOUTS, _any, _always(hung_before))
    yield Kind("hung-after", TIMEOUTS, _any, _always(hung_after))


KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _kinds()})
