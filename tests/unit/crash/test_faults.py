"""Faults answer as the services do, and let just that part of a call happen that they should."""

import asyncio
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from import_relay.storage.quota import Limits, Quota
from import_relay.storage.reservations import Reservation
from tests.crash.faults import KINDS, PERSISTENT
from tests.crash.run import Planned, Result
from tests.support.fault_proxy import Answer, Call, Exchange, Point, at_points
from tests.support.operations import Request


class Service:
    """Takes what is passed on to it, and is told of kills."""

    def __init__(self, **content: object) -> None:
        self.answer = Answer(200, json.dumps(content).encode())
        self.taken: list[dict[str, Any]] = []
        self.kills = 0

    async def forward(self, request: Request) -> Answer:
        self.taken.append(request.json())
        return self.answer

    async def kill(self) -> None:
        self.kills += 1

    async def hung_up(self) -> None:
        """The caller hangs up at once."""


def meet(kind: str, operation: str, service: Service, **content: object) -> Answer | None:
    request = Request("POST", "/", {}, json.dumps(content).encode())
    exchange = Exchange(request, service.forward, service.kill, service.hung_up)

    async def met() -> Answer | None:
        return await KINDS[kind].planned(operation).fault(exchange)

    return asyncio.run(met())


@pytest.mark.parametrize(
    ("kind", "effects", "kills"),
    [
        ("killed-before", 0, 1),
        ("killed-after", 1, 1),
        ("reset-before", 0, 0),
        ("reset-after", 1, 0),
        ("hung-before", 0, 0),
        ("hung-after", 1, 0),
    ],
)
def test_a_call_without_an_answer_had_its_effect_or_not(
    kind: str, effects: int, kills: int
) -> None:
    service = Service()

    assert meet(kind, "S3.PutObject imports", service) is None

    assert (len(service.taken), service.kills) == (effects, kills)


@pytest.mark.parametrize(("kind", "effects"), [("broken", 0), ("broken-after", 1)])
def test_an_internal_error_may_hide_an_effect(kind: str, effects: int) -> None:
    service = Service()

    answer = meet(kind, "SFN.StartExecution", service)

    assert answer is not None
    assert answer.status == 500
    assert len(service.taken) == effects


def test_a_part_of_messages_is_stored_and_the_rest_named_as_failed() -> None:
    service = Service(Successful=[{"Id": "0"}])
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(2)]

    answer = meet("half-processed", "SQS.SendMessageBatch", service, Entries=entries)

    assert service.taken == [{"Entries": entries[:1]}]
    assert answer is not None
    content = json.loads(answer.body)
    assert [one["Id"] for one in content["Successful"]] == ["0"]
    assert [(one["Id"], one["SenderFault"]) for one in content["Failed"]] == [("1", False)]


def test_a_part_of_keys_is_read_and_the_rest_named_as_unprocessed() -> None:
    service = Service(Responses={"table": [{"pk": {"S": "a"}}]})
    keys = [{"pk": {"S": "a"}}, {"pk": {"S": "b"}}]
    wanted = {"table": {"Keys": keys, "ConsistentRead": True}}

    answer = meet("half-processed", "DynamoDB.BatchGetItem a", service, RequestItems=wanted)

    assert service.taken[0]["RequestItems"]["table"]["Keys"] == keys[:1]
    assert answer is not None
    assert json.loads(answer.body) == {
        "Responses": {"table": keys[:1]},
        "UnprocessedKeys": {"table": {"Keys": keys[1:], "ConsistentRead": True}},
    }


def test_of_an_unprocessed_batch_nothing_is_written() -> None:
    service = Service()
    wanted: dict[str, Any] = {"table": [{"PutRequest": {"Item": {}}}]}

    answer = meet("unprocessed", "DynamoDB.BatchWriteItem a", service, RequestItems=wanted)

    assert not service.taken
    assert answer is not None
    assert json.loads(answer.body) == {"UnprocessedItems": wanted}


def _of_the_day(rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parts of a transaction that reserve entities, and that release them."""
    client: Any = None
    limits = Limits(2.0, 10_000, 25_000, ZoneInfo("UTC"))
    quota = Quota(client, "ledger", limits, clock=lambda: 0.0)
    reservation = Reservation("2026-11-01", rows)
    return quota.reserve_operation(reservation), quota.release_operation(reservation)


def test_somebody_else_took_the_entities_that_a_transaction_reserves() -> None:
    reserve, release = _of_the_day(5)
    put = {"Put": {"Item": {"pk": {"S": "import#1"}}, "ConditionExpression": "c"}}

    answer = meet(
        "outrun",
        "DynamoDB.TransactWriteItems day+import",
        Service(),
        TransactItems=[put, release, reserve],
    )

    assert answer is not None
    reasons = [one["Code"] for one in json.loads(answer.body)["CancellationReasons"]]
    assert reasons == ["None", "None", "ConditionalCheckFailed"]


def test_a_transaction_that_only_releases_entities_is_not_outrun() -> None:
    _, release = _of_the_day(5)
    service = Service()

    answer = meet(
        "outrun", "DynamoDB.TransactWriteItems day+import", service, TransactItems=[release]
    )

    assert answer == service.answer
    assert service.taken == [{"TransactItems": [release]}]


@pytest.mark.parametrize(
    ("operation", "missing"),
    [
        ("Mateo.GET /import?id", {"throttled", "conflict", "unprocessed", "no-id", "outrun"}),
        ("DynamoDB.GetItem pause", {"conflict", "unprocessed", "429-soon", "outrun"}),
        ("DynamoDB.UpdateItem day", {"outrun", "unprocessed"}),
        ("S3.PutObject imports", {"conflict", "unprocessed", "429-soon"}),
    ],
)
def test_a_call_meets_only_what_its_service_can_do(operation: str, missing: set[str]) -> None:
    fitting = {kind.name for kind in KINDS.values() if kind.fits(operation)}

    assert {"killed-before", "killed-after", "reset-after"} <= fitting
    assert not fitting & missing


def test_a_fault_that_persists_meets_the_calls_that_follow() -> None:
    point = Point("SubmitImports", "S3.PutObject imports", 2)
    choose = at_points({point: KINDS["throttled-on"].planned(point.operation)})

    met = [choose(point._replace(number=number)) is not None for number in range(1, 10)]

    assert met == [False, *[True] * PERSISTENT, *[False] * 2]


def test_a_planned_fault_is_read_as_it_is_written() -> None:
    text = "TrackImport/Mateo.GET /import?id/12/killed-after"

    assert str(Planned.parsed(text)) == text


@pytest.mark.parametrize("text", ["", "TrackImport/1/killed-after", "A/B/1/unknown", "A/B/x/html"])
def test_what_is_no_planned_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fault at a point|invalid literal"):
        Planned.parsed(text)


def a_result(*operations: str) -> Result:
    points = [Point("SubmitImports", operation, 1) for operation in operations]
    return Result("changes", calls=[Call(one, Request("POST", "/", {})) for one in points])


def test_a_point_that_was_not_reached_is_reported() -> None:
    planned = Planned(Point("SubmitImports", "SFN.StartExecution", 3), "killed-after")
    result = a_result("SFN.StartExecution")
    result.faults = [planned]

    assert result.not_hit == [planned]

    result.calls = [Call(planned.point, Request("POST", "/", {}), fault="killed-after")]
    assert result.not_hit == []
