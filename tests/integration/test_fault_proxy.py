"""The proxy passes calls on, numbers them, and makes chosen calls meet a fault."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.crash.faults import KINDS
from tests.support.fault_proxy import AWS, HOST, MATEO, FaultProxy, Point, at_points
from tests.support.loopback import serving

FUNCTION = "SubmitImports"
POST = "Mateo.POST /import"


class Behind:
    """The service behind the proxy, a caller before it, and the kills that the proxy asked for."""

    def __init__(self, proxy: FaultProxy, got: list[httpx.Request], killed: list[str]) -> None:
        self.proxy = proxy
        self.got = got
        self.killed = killed

    def ask(self, service: str = MATEO, **request: object) -> httpx.Response:
        url = f"http://{HOST}:{self.proxy.ports[FUNCTION, service]}"
        values = {"method": "POST", "url": f"{url}/api/v1/import", **request}
        return httpx.request(**values, trust_env=False, timeout=10)  # type: ignore[arg-type]

    def meet(self, kind: str, number: int = 1, operation: str = POST) -> None:
        point = Point(FUNCTION, operation, number)
        self.proxy.begin(at_points({point: KINDS[kind].planned(operation)}))


@contextmanager
def proxied() -> Iterator[Behind]:
    got: list[httpx.Request] = []
    killed: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(201, content=f'{{"id": "{len(got)}"}}')

    with serving(answer) as address, FaultProxy([FUNCTION], killed.append) as proxy:
        port = int(address.rpartition(":")[2])
        proxy.targets = {AWS: port, MATEO: port}
        proxy.begin(at_points({}))
        yield Behind(proxy, got, killed)


@pytest.fixture
def behind() -> Iterator[Behind]:
    with proxied() as behind:
        yield behind


def test_without_a_fault_request_and_answer_pass_as_they_are(behind: Behind) -> None:
    body = b'{"payload": [1, 2]}'

    answer = behind.ask(content=body, headers={"x-own": "yes"})

    assert (answer.status_code, answer.json()) == (201, {"id": "1"})
    (request,) = behind.got
    assert (request.content, request.headers["x-own"]) == (body, "yes")


def test_a_body_in_chunks_arrives_whole(behind: Behind) -> None:
    behind.ask(content=iter([b"one ", b"two"]))

    assert behind.got[0].content == b"one two"


def test_the_calls_of_an_operation_are_numbered(behind: Behind) -> None:
    behind.ask()
    behind.ask(method="GET")
    behind.ask()

    assert [(call.point.operation, call.point.number) for call in behind.proxy.calls] == [
        (POST, 1),
        ("Mateo.GET /import", 1),
        (POST, 2),
    ]
    assert {call.status for call in behind.proxy.calls} == {201}


@pytest.mark.parametrize(("kind", "effects"), [("killed-before", 0), ("killed-after", 1)])
def test_the_caller_is_killed_before_or_after_the_effect(
    behind: Behind, kind: str, effects: int
) -> None:
    behind.meet(kind)

    with pytest.raises(httpx.TransportError):
        behind.ask()

    assert len(behind.got) == effects
    assert behind.killed == [FUNCTION]
    assert [(call.fault, call.status) for call in behind.proxy.calls] == [(kind, 0)]


def test_only_the_chosen_call_meets_the_fault(behind: Behind) -> None:
    behind.meet("500", number=2)

    assert [behind.ask().status_code for _ in range(3)] == [201, 500, 201]
    assert len(behind.got) == 2


def test_a_transaction_is_taken_once_under_one_token(behind: Behind) -> None:
    operation = "DynamoDB.TransactWriteItems"
    behind.meet("reset-after", operation=operation)
    credential = "Credential=test/20261121/us-east-1/dynamodb/aws4_request"
    headers = {
        "x-amz-target": "DynamoDB_20120810.TransactWriteItems",
        "authorization": f"AWS4-HMAC-SHA256 {credential}, Signature=0",
    }

    def transact(token: str) -> httpx.Response:
        content = json.dumps({"ClientRequestToken": token, "TransactItems": []})
        return behind.ask(AWS, content=content, headers=headers)

    with pytest.raises(httpx.TransportError):
        transact("first")
    assert transact("first").status_code == 201
    assert len(behind.got) == 1
    transact("second")
    assert len(behind.got) == 2
