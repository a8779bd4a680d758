"""The stack's own paths under `/_stack/` on the webhooks port, for `python -m local` and for `aws`.

GET  /_stack/status            what is going on
PUT  /_stack/clock             {"advance_s": seconds} or {"to": "next-day"}
POST /_stack/resume            resume submission
POST /_stack/invoke/{function} an invocation through Lambda's API, handed over by the AWS
process
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from local.lambda_runtime.functions import FunctionsStopped, PayloadTooLarge
from local.lambda_runtime.runtime_api import InvocationResult
from local.stack.gateway import GatewayRequest, Response

if TYPE_CHECKING:
    from local.stack.stack import RunningStack

KNOWN = "GET status, PUT clock, POST resume, POST invoke/{function}"


class StackAdmin:
    """Answers requests about one stack."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._started: set[asyncio.Future[InvocationResult]] = set()

    async def respond(self, request: GatewayRequest) -> Response:
        """The response to a request under `/_stack/`."""
        match (request.method, *request.path.removeprefix("/_stack/").split("/")):
            case ("POST", "invoke", name):
                return await self._invoke(name, request)
            case ("GET", "status"):
                return Response.of_json(200, await asyncio.to_thread(self._stack.status))
            case ("PUT", "clock"):
                return await self._move_clock(request.body)
            case ("POST", "resume"):
                await asyncio.to_thread(self._stack.resume_submission)
                return Response.of_json(200, {"submission": "running"})
        return Response.of_json(404, {"message": f"there are {KNOWN}"})

    async def _move_clock(self, body: bytes) -> Response:
        try:
            wanted = json.loads(body)
            if wanted.get("to") == "next-day":
                now = await asyncio.to_thread(self._stack.advance_to_next_day)
            else:
                now = await asyncio.to_thread(self._stack.advance_clock, float(wanted["advance_s"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            message = 'send {"advance_s": seconds} or {"to": "next-day"}'
            return Response.of_json(400, {"message": message})
        return Response.of_json(200, {"time": now.isoformat()})

    async def _invoke(self, name: str, request: GatewayRequest) -> Response:
        invocation = asyncio.ensure_future(self._stack.functions.invoke(name, request.body))
        if dict(request.headers).get("x-amz-invocation-type") == "Event":
            self._started.add(invocation)
            invocation.add_done_callback(self._ended)
            return Response(status=202)
        try:
            outcome = await invocation
        except PayloadTooLarge:
            return Response.of_json(413, {"message": "Request must be smaller than 6291556 bytes"})
        except FunctionsStopped:
            return Response.of_json(503, {"message": "the stack is stopping"})
        headers = (("x-amz-function-error", "Unhandled"),) if outcome.failed else ()
        return Response(status=200, headers=headers, body=outcome.payload)

    def _ended(self, invocation: asyncio.Future[InvocationResult]) -> None:
        # Nobody waits for the outcome of an asynchronous invocation; its error is in the
        # function's log.
        self._started.discard(invocation)
        if not invocation.cancelled():
            invocation.exception()
