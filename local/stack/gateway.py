"""The HTTP API in front of the functions, on the webhooks port; `stack` serves it.

Turns a request into the event that API Gateway's HTTP API hands to a function (payload format
2.0) and the function's answer into a response. Only the template's routes exist. Shapes and
limits from "Working with AWS Lambda proxy integrations for HTTP APIs" and the HTTP API quotas.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from local.aws.provisioning import API_ID
from local.clock import StackClock
from local.environment import ACCOUNT
from local.lambda_runtime.functions import PayloadTooLarge
from local.lambda_runtime.runtime_api import InvocationResult
from local.template.routes import Route

MAX_BODY_BYTES = 10 * 1024 * 1024
"""Payload of an HTTP API (HTTP API quotas)."""

INTEGRATION_TIMEOUT_S = 30.0
"""Longest wait for a function (HTTP API quotas); the function itself runs on."""

_TEXT_TYPES = re.compile(r"text/.*|application/(.*\+)?(json|xml|javascript)", re.IGNORECASE)
"""Bodies of these types are handed on as text, all others in base64."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
InvokeFunction = Callable[[str, bytes], Awaitable[InvocationResult]]


@dataclass(frozen=True, kw_only=True)
class GatewayRequest:
    """A request as it came in."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str


@dataclass(frozen=True, kw_only=True)
class Response:
    """A response on its way out."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    @classmethod
    def of_json(cls, status: int, content: object) -> Response:
        """A JSON response, as API Gateway words its own ones."""
        body = json.dumps(content).encode()
        return cls(status=status, headers=(("content-type", "application/json"),), body=body)


Respond = Callable[[GatewayRequest], Awaitable[Response]]
"""Answers a request to `/_stack/…`."""

NOT_FOUND = Response.of_json(404, {"message": "Not Found"})
TOO_LARGE = Response.of_json(413, {"message": "Request Entity Too Large"})
FAILED_RESPONSE = Response.of_json(500, {"message": "Internal Server Error"})
UNAVAILABLE = Response.of_json(503, {"message": "Service Unavailable"})


class StackGateway:
    """An ASGI application with the template's routes and the stack's own paths under `/_stack/`.

    It answers 503 while `is_up` says no: the stack is starting or stopping.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        invoke: InvokeFunction,
        clock: StackClock,
        *,
        admin: Respond | None = None,
        is_up: Callable[[], bool] = lambda: True,
    ) -> None:
        self._routes = [(route, _pattern(route.path)) for route in routes]
        self._invoke = invoke
        self._clock = clock
        self._admin = admin
        self._is_up = is_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        body = await _read_body(receive)
        response = TOO_LARGE if body is None else await self.respond(_request(scope, body))
        headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers
        ]
        headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    async def respond(self, request: GatewayRequest) -> Response:
        """The response to a request."""
        if not self._is_up():
            return UNAVAILABLE
        if request.path.startswith("/_stack/") and self._admin is not None:
            return await self._admin(request)
        for route, pattern in self._routes:
            match = pattern.fullmatch(request.path)
            if match and route.method in (request.method, "ANY"):
                event = make_event(request, route, match.groupdict(), self._clock)
                return await self._call(route.function, json.dumps(event).encode())
        return NOT_FOUND

    async def _call(self, function: str, event: bytes) -> Response:
        invocation = asyncio.ensure_future(self._invoke(function, event))
        try:
            outcome = await asyncio.wait_for(asyncio.shield(invocation), INTEGRATION_TIMEOUT_S)
        except TimeoutError:
            invocation.add_done_callback(lambda one: one.cancelled() or one.exception())
            return UNAVAILABLE
        except PayloadTooLarge:
            # Lambda refuses what the gateway would accept; that the sender is told 413 is an
            # assumption.
            return TOO_LARGE
        return FAILED_RESPONSE if outcome.failed else shape(outcome.payload)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\+?\})", path)
    return re.compile(
        "".join(
            f"(?P<{part.strip('{}+')}>{'.+' if part.endswith('+}') else '[^/]+'})"
            if part.startswith("{")
            else re.escape(part)
            for part in parts
        )
    )


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None if it is too large."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY_BYTES:
            chunks.append(chunk)
        if not message.get("more_body", False):
            break
    return b"".join(chunks) if size <= MAX_BODY_BYTES else None


def _request(scope: Scope, body: bytes) -> GatewayRequest:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    client = scope.get("client") or ("127.0.0.1", 0)
    return GatewayRequest(
        method=scope["method"],
        path=raw.split(b"?")[0].decode("latin-1"),
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=[
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in scope["headers"]
        ],
        body=body,
        source_ip=client[0],
    )


def make_event(
    request: GatewayRequest, route: Route, path_parameters: Mapping[str, str], clock: StackClock
) -> dict[str, Any]:
    """The event of payload format 2.0; members without a value are left out, as API Gateway
    does.
    """
    headers = _joined((name, value) for name, value in request.headers if name != "cookie")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{route.method} {route.path}",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": _request_context(request, route, headers, clock),
    }
    if cookies := _cookies(request):
        event["cookies"] = cookies
    if request.query:
        event["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if path_parameters:
        event["pathParameters"] = {name: unquote(value) for name, value in path_parameters.items()}
    return event | _body_members(request.body, headers)


def _cookies(request: GatewayRequest) -> list[str]:
    return [
        cookie.strip()
        for name, value in request.headers
        if name == "cookie"
        for cookie in value.split(";")
    ]


def _request_context(
    request: GatewayRequest, route: Route, headers: Mapping[str, str], clock: StackClock
) -> dict[str, Any]:
    now, host = clock.now(), headers.get("host", "localhost")
    return {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": f"{route.method} {route.path}",
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _joined(pairs: Any) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body_members(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    if not body:
        return {"isBase64Encoded": False}
    kind = headers.get("content-type", "").split(";")[0].strip()
    encoded = headers.get("content-encoding", "identity") != "identity"
    if _TEXT_TYPES.fullmatch(kind) and not encoded:
        try:
            return {"body": body.decode("utf-8"), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def shape(payload: bytes) -> Response:
    """The response that a function's answer describes.

    An object with `statusCode` is the response; anything else is the body of a 200 in JSON; an
    object whose members make no response is a 500.
    """
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return FAILED_RESPONSE
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        return Response(status=200, headers=(("content-type", "application/json"),), body=body)
    try:
        status = HTTPStatus(int(answer["statusCode"]))
        text = answer.get("body") or ""
        encoded = answer.get("isBase64Encoded", False)
        body = base64.b64decode(text) if encoded else str(text).encode()
        given = answer.get("headers") or {}
        headers = [(str(name).lower(), _header_text(value)) for name, value in given.items()]
        headers += [("set-cookie", str(cookie)) for cookie in answer.get("cookies") or []]
    except (ValueError, TypeError, AttributeError):
        return FAILED_RESPONSE
    if body and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    own = ("content-length", "connection", "transfer-encoding")
    return Response(
        status=status, headers=[pair for pair in headers if pair[0] not in own], body=body
    )


def _header_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
