"""What functions do in the worlds, their roles allow them to do as deployed: no fake refuses it."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.simulation import queue, simulation
from tests.simulation.aws import S3
from tests.simulation.dynamodb import DynamoDB
from tests.support.aws import LEDGER, WATERMARKS
from tests.template.calls import OTHERWISE, PARTS
from tests.template.expanded import expand, listed, source, text

SEEDS = (*range(1, 60), 500, 750)
"""The last two have a change that is taken back, and items that are too large for a message."""
FUNCTIONS = {
    "receive": "ReceiveWebhook",
    "submit": "SubmitImports",
    "track": "TrackImport",
    "report": "WriteReport",
    "files": "ImportFiles",
    "watchdog": "RunWatchdog",
}
TABLES = {LEDGER: "LedgerTable", WATERMARKS: "WatermarksTable"}
QUEUES = {
    queue.URL: "Queue",
    queue.BULK_URL: "BulkQueue",
    queue.HELD_URL: "HeldQueue",
    queue.BULK_HELD_URL: "BulkHeldQueue",
    queue.DEAD_LETTER_URL: "DeadLetterQueue",
}
WATCHED: Mapping[type, Sequence[str]] = {
    DynamoDB: (
        "get_item",
        "put_item",
        "update_item",
        "delete_item",
        "batch_get_item",
        "batch_write_item",
        "transact_write_items",
        "query",
    ),
    S3: ("put_object", "get_object", "delete_object"),
    queue.Queue: (
        "send_message_batch",
        "receive_message",
        "delete_message_batch",
        "get_queue_attributes",
    ),
}
Call = tuple[str, str, str]
"""Function, action, and the logical id of a table or queue or the key of an object."""


def needed(type_: type, name: str, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions that a call of boto3's client needs, and on what."""
    if name == "transact_write_items":
        for operation in request["TransactItems"]:
            ((part, one),) = operation.items()
            yield PARTS[part], TABLES[one["TableName"]]
    elif type_ is DynamoDB:
        table = request.get("TableName") or next(iter(request["RequestItems"]))
        yield f"dynamodb:{camel(name)}", TABLES[table]
    elif type_ is S3:
        yield f"s3:{camel(name)}", request["Key"]
    else:
        action = f"sqs:{camel(name)}"
        yield OTHERWISE.get(action, action), QUEUES[request["QueueUrl"]]


def camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> set[Call]:
    """The calls to DynamoDB, S3 and SQS of all functions in some worlds."""
    found: set[Call] = set()

    def watch(type_: type, name: str) -> None:
        real = getattr(type_, name)

        def noted(fake: Any, **request: Any) -> Any:
            process = fake._world.current
            if process is not None and process.environment.function in FUNCTIONS:
                for action, what in needed(type_, name, request):
                    found.add((FUNCTIONS[process.environment.function], action, what))
            return real(fake, **request)

        monkeypatch.setattr(type_, name, noted)

    for type_, names in WATCHED.items():
        for name in names:
            watch(type_, name)
    for seed in SEEDS:
        simulation.run(simulation.scenario_of(seed))
    return found


def test_roles_allow_what_functions_do_in_the_worlds(calls: set[Call]) -> None:
    template = expand(source())
    allowed = {
        (role, action, place(resource))
        for role, statement in template.statements()
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }

    refused = {
        call
        for call in calls
        if not any(
            (f"{call[0]}Role", call[1]) == (role, action) and fnmatchcase(call[2], resource)
            for role, action, resource in allowed
        )
    }

    assert refused == set()


def test_the_worlds_have_a_call_of_each_kind(calls: set[Call]) -> None:
    assert ("SubmitImports", "dynamodb:UpdateItem", "WatermarksTable") in calls
    assert {"s3:GetObject", "s3:PutObject"} <= {
        action for _, action, what in calls if what.startswith("oversize/")
    }
    assert {function for function, _, _ in calls} == set(FUNCTIONS.values())


def place(resource: object) -> str:
    """The logical id of a table or queue, or the pattern of keys of the bucket."""
    said = text(resource)
    for table in TABLES.values():
        if f"${{{table}.Arn}}/index/" in said:
            return table
    if isinstance(resource, dict) and "Fn::GetAtt" in resource:
        return str(resource["Fn::GetAtt"][0])
    return said.rpartition("${Bucket.Arn}/")[2].rstrip('"}')
