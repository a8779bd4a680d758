"""The gateway makes an HTTP API event (format 2.0) of a request, and a response of the answer."""

import asyncio
import base64
import json
from typing import Any

import pytest

from local.clock import StackClock
from local.lambda_runtime.functions import PayloadTooLarge
from local.lambda_runtime.runtime_api import InvocationResult
from local.stack.gateway import (
    MAX_BODY_BYTES,
    GatewayRequest,
    Response,
    StackGateway,
    make_event,
    shape,
)
from local.template.routes import Route

ROUTE = Route(method="POST", path="/webhooks/{connection}", function="Receive")


def request(**changes: Any) -> GatewayRequest:
    values: dict[str, Any] = {
        "method": "POST",
        "path": "/webhooks/json",
        "query": "",
        "headers": [("host", "127.0.0.1:3000"), ("content-type", "application/json")],
        "body": b'{"a":1}',
        "source_ip": "127.0.0.1",
    }
    return GatewayRequest(**(values | changes))


def event(**changes: Any) -> dict[str, Any]:
    return make_event(request(**changes), ROUTE, {"connection": "json"}, StackClock())


class FakeFunctions:
    """Keeps the last event and answers with what it is given."""

    def __init__(self, outcome: InvocationResult | Exception) -> None:
        self.outcome = outcome
        self.event: dict[str, Any] = {}

    async def __call__(self, function: str, event: bytes) -> InvocationResult:
        self.event = json.loads(event)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def answer(outcome: InvocationResult | Exception, **changes: Any) -> Response:
    gateway = StackGateway([ROUTE], FakeFunctions(outcome), StackClock())
    return asyncio.run(gateway.respond(request(**changes)))


def header(response: Response, name: str) -> str:
    return dict(response.headers)[name]


def test_a_request_before_the_stack_is_up_is_answered_503() -> None:
    async def admin(_: GatewayRequest) -> Response:
        raise AssertionError("nothing is there to administer yet")

    functions = FakeFunctions(KeyError("Receive"))
    gateway = StackGateway([ROUTE], functions, StackClock(), admin=admin, is_up=lambda: False)
    for path in ("/webhooks/json", "/_stack/status", "/elsewhere"):
        assert asyncio.run(gateway.respond(request(path=path))).status == 503


OK = InvocationResult(payload=b'{"statusCode": 202, "body": "stored"}')


def test_an_event_has_route_path_and_context_of_the_request() -> None:
    made = event(query="a=1&a=2&b=", headers=[("host", "relay.example.com"), ("user-agent", "x")])

    assert made["version"] == "2.0"
    assert made["routeKey"] == "POST /webhooks/{connection}"
    assert made["rawPath"] == "/webhooks/json"
    assert made["rawQueryString"] == "a=1&a=2&b="
    assert made["queryStringParameters"] == {"a": "1,2", "b": ""}
    assert made["pathParameters"] == {"connection": "json"}
    context = made["requestContext"]
    assert context["http"] == {
        "method": "POST",
        "path": "/webhooks/json",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "x",
    }
    assert context["domainName"] == "relay.example.com"
    assert context["stage"] == "$default"
    assert {"requestId", "timeEpoch", "time", "accountId", "apiId", "routeKey"} <= set(context)


def test_repeated_headers_are_joined_and_cookies_stand_apart() -> None:
    made = event(headers=[("x-a", "1"), ("x-a", "2"), ("cookie", "c=1; d=2")])

    assert made["headers"] == {"x-a": "1,2"}
    assert made["cookies"] == ["c=1", "d=2"]


def test_a_request_without_query_cookies_or_body_has_no_such_members() -> None:
    made = event(body=b"")

    assert not {"queryStringParameters", "cookies", "body"} & set(made)
    assert made["isBase64Encoded"] is False


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "text/plain", "application/x+json"],
)
def test_a_text_body_is_handed_on_as_it_is(kind: str) -> None:
    made = event(headers=[("content-type", kind)], body='{"ü":1}'.encode())

    assert [made["body"], made["isBase64Encoded"]] == ['{"ü":1}', False]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("content-type", "application/octet-stream")], b"\x00\x01"),
        ([("content-type", "application/x-www-form-urlencoded")], b"a=1"),
        ([], b"{}"),
        ([("content-type", "application/json"), ("content-encoding", "gzip")], b"{}"),
        ([("content-type", "application/json")], b"\xff"),
    ],
)
def test_any_other_body_is_encoded(headers: list[tuple[str, str]], body: bytes) -> None:
    made = event(headers=headers, body=body)

    assert [base64.b64decode(made["body"]), made["isBase64Encoded"]] == [body, True]


def test_the_functions_answer_is_the_response() -> None:
    response = answer(OK)

    assert [response.status, response.body] == [202, b"stored"]


@pytest.mark.parametrize(
    "changes", [{"method": "GET"}, {"path": "/"}, {"path": "/webhooks/a/b"}, {"path": "/webhooks/"}]
)
def test_only_the_templates_routes_exist(changes: dict[str, str]) -> None:
    response = answer(OK, **changes)

    assert [response.status, json.loads(response.body)] == [404, {"message": "Not Found"}]


def test_a_path_parameter_is_decoded() -> None:
    functions = FakeFunctions(OK)
    gateway = StackGateway([ROUTE], functions, StackClock())

    asyncio.run(gateway.respond(request(path="/webhooks/a%20b")))

    assert functions.event["pathParameters"] == {"connection": "a b"}


def test_a_function_that_fails_is_an_internal_server_error() -> None:
    response = answer(InvocationResult(payload=b'{"errorType": "E"}', failed=True))

    assert response.status == 500
    assert json.loads(response.body) == {"message": "Internal Server Error"}


def test_an_event_that_lambda_refuses_is_too_large() -> None:
    assert answer(PayloadTooLarge()).status == 413


def test_a_slow_function_is_a_503_and_runs_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.stack.gateway.INTEGRATION_TIMEOUT_S", 0.001)
    ended = []

    async def slow(_: str, __: bytes) -> InvocationResult:
        await asyncio.sleep(0.05)
        ended.append(True)
        return OK

    async def both() -> Response:
        response = await StackGateway([ROUTE], slow, StackClock()).respond(request())
        await asyncio.sleep(0.1)
        return response

    assert asyncio.run(both()).status == 503
    assert ended


def test_an_answer_without_status_is_the_body_of_a_200() -> None:
    response = shape(b'{"a": 1}')

    assert [response.status, json.loads(response.body)] == [200, {"a": 1}]
    assert header(response, "content-type") == "application/json"


def test_headers_cookies_and_encoded_bodies_of_an_answer_are_sent() -> None:
    payload = {
        "statusCode": 200,
        "headers": {"Retry-After": 5, "Content-Type": "a/b"},
        "cookies": ["c=1"],
        "body": base64.b64encode(b"\x00").decode(),
        "isBase64Encoded": True,
    }
    response = shape(json.dumps(payload).encode())

    assert response.body == b"\x00"
    assert header(response, "retry-after") == "5"
    assert header(response, "set-cookie") == "c=1"
    assert header(response, "content-type") == "a/b"


@pytest.mark.parametrize(
    "payload", [b'{"statusCode": "x"}', b'{"statusCode": 200, "headers": 5}', b"no json"]
)
def test_an_answer_that_makes_no_response_is_a_500(payload: bytes) -> None:
    assert shape(payload).status == 500


def test_a_body_over_10_mb_is_refused_before_any_function() -> None:
    functions = FakeFunctions(OK)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * (MAX_BODY_BYTES + 1)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/webhooks/json", "headers": []}
    asyncio.run(StackGateway([ROUTE], functions, StackClock())(scope, receive, send))

    assert [sent[0]["status"], functions.event] == [413, {}]
