"""Everything between a request under ``/api/v1`` and its answer.

`application` sends all of them here. In this order: note the arrival, check the token, check the
two request limits, meet a fault, do the work within the request timeout, note the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
import traceback
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from mateo_emulator.endpoints import Endpoints
from mateo_emulator.errors import ApiError, statement_timeout
from mateo_emulator.limits import LimitStanding, count_request, too_many
from mateo_emulator.request_log import Arrival

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from mateo_emulator.emulator import MateoEmulator
    from mateo_emulator.faults import Fault

T = TypeVar("T")
_METHODS = {
    "/import": ("GET", "HEAD", "POST"),
    "/custom_field": ("GET", "HEAD"),
    "/contact_details": ("GET", "HEAD", "DELETE"),
}
"""What can be asked for, below the base path."""


class ConnectionDroppedError(Exception):
    """The connection is to be dropped without an answer."""


class Gateway:
    """Answers every request under the API's base path."""

    def __init__(self, emulator: MateoEmulator, base_path: str) -> None:
        self._emulator = emulator
        self._base_path = base_path
        self._endpoints = Endpoints(emulator)

    async def answer(self, request: Request) -> Response:
        """The answer to one request; its arrival counts from this time."""
        emulator = self._emulator
        arrival = Arrival.of(request, emulator.clock, emulator.token)
        standing = emulator.window.arrive(
            arrival.arrived_real_us, emulator.limits.requests_per_second
        )
        response: Response | None = None
        try:
            response = await self._guarded(request, arrival, standing)
        except (ConnectionDroppedError, ClientDisconnect):
            pass
        finally:
            status = None if response is None else response.status_code
            # Not waited for: what a request that took too long still does in that thread must not
            # make its sender wait for the error. Whatever asks for the log comes after it.
            emulator.storage.write_soon(lambda db: arrival.store_answer(db, status))
        if response is None:
            return await _drop(request)
        if arrival.fault != "status":
            for name, value in standing.headers(emulator.behaviour.rate_limit_headers).items():
                response.headers.setdefault(name, value)
        return response

    async def _guarded(
        self, request: Request, arrival: Arrival, standing: LimitStanding
    ) -> Response:
        """Any error as an answer."""
        try:
            day = await self._admit(arrival)
            body = await request.body()
            self._check(arrival, standing, day)
            return await self._with_fault(request, arrival, body)
        except ApiError as error:
            return error.response()
        except (ConnectionDroppedError, ClientDisconnect):
            raise
        except Exception:  # noqa: BLE001 - an error of this program, shown as the API would
            traceback.print_exc(file=sys.stderr)
            return ApiError(500, "XX000", "internal error").response()

    async def _admit(self, arrival: Arrival) -> LimitStanding:
        """Log and count the request; every request counts, the refused ones as well."""
        emulator = self._emulator
        day = emulator.clock.today()

        def work(connection: sqlite3.Connection) -> int:
            arrival.store(connection)
            return count_request(connection, day)

        count = await emulator.storage.write(work)
        limit = emulator.limits.requests_per_day
        return LimitStanding(
            limit,
            0 if limit is None else max(0, limit - count),
            emulator.clock.seconds_until_tomorrow(),
            exceeded=limit is not None and count > limit,
        )

    def _check(self, arrival: Arrival, second: LimitStanding, day: LimitStanding) -> None:
        if arrival.credentials == "missing":
            raise ApiError(401, "401", "No API key found in request")
        if arrival.credentials == "wrong":
            raise ApiError(403, "403", "Invalid API key")
        for standing in (day, second):
            if standing.exceeded:
                raise too_many(standing, self._emulator.behaviour.rate_limit_headers)
        methods = _METHODS.get(arrival.path.removeprefix(self._base_path))
        if methods is None:
            raise ApiError(404, "404", "Not found")
        if arrival.method not in methods:
            raise ApiError(405, "405", "Method not allowed", headers={"allow": ", ".join(methods)})

    async def _with_fault(self, request: Request, arrival: Arrival, body: bytes) -> Response:
        fault = self._emulator.faults.take(arrival.method)
        if fault is None:
            return await self._in_time(self._work(request, arrival, body))
        arrival.fault = fault.kind
        timeout_s = self._emulator.limits.request_timeout_s
        if fault.kind == "drop_before":
            raise ConnectionDroppedError
        if fault.kind == "timeout_before":
            await asyncio.sleep(timeout_s)
            raise statement_timeout()
        if fault.kind == "slow":
            await asyncio.sleep(min(fault.seconds, timeout_s))
        if fault.kind == "status" and not fault.created:
            return self._status(fault)
        response = await self._work_or_release(request, arrival, body, fault)
        return await self._after(fault, response)

    async def _work_or_release(
        self, request: Request, arrival: Arrival, body: bytes, fault: Fault
    ) -> Response:
        try:
            return await self._in_time(self._work(request, arrival, body))
        except ApiError:
            arrival.fault = None
            self._emulator.faults.release(fault)
            raise

    async def _after(self, fault: Fault, response: Response) -> Response:
        timeout_s = self._emulator.limits.request_timeout_s
        if fault.kind == "answer_lost_after_create":
            raise ConnectionDroppedError
        if fault.kind == "timeout_after":
            await asyncio.sleep(timeout_s)
            raise statement_timeout()
        if fault.kind == "slow" and fault.seconds >= timeout_s:
            raise statement_timeout()
        return self._status(fault) if fault.kind == "status" else response

    def _status(self, fault: Fault) -> Response:
        headers = dict(fault.headers)
        if fault.status == 429 and fault.rate_limit_headers:
            standing = LimitStanding(
                self._emulator.limits.requests_per_second or 0,
                0,
                fault.retry_after_s,
                exceeded=True,
            )
            headers = {**standing.headers(self._emulator.behaviour.rate_limit_headers), **headers}
        if fault.body is not None:
            return Response(fault.body.encode(), fault.status, headers, "application/json")
        code, message = fault.code or str(fault.status), fault.message or "Injected fault"
        return ApiError(fault.status, code, message, headers=headers).response()

    async def _in_time(self, work: Awaitable[T]) -> T:
        """Give up waiting after the request timeout; the import may or may not exist then."""
        try:
            async with asyncio.timeout(self._emulator.limits.request_timeout_s):
                return await work
        except TimeoutError as error:
            raise statement_timeout() from error

    async def _work(self, request: Request, arrival: Arrival, body: bytes) -> Response:
        if arrival.method == "POST":
            return await self._endpoints.create_import(request, arrival, body)
        if arrival.method == "DELETE":
            return await self._endpoints.delete_contacts(request)
        if arrival.path.endswith("/custom_field"):
            return await self._endpoints.list_custom_fields(request)
        if arrival.path.endswith("/contact_details"):
            return await self._endpoints.list_contacts(request)
        return await self._endpoints.list_imports(request)


async def _drop(request: Request) -> Response:
    """Reset the connection; the answer that is returned reaches nobody."""
    state: Mapping[str, object] = request.scope.get("state", {})
    abort = state.get("abort_connection")
    if not callable(abort):
        message = "the server cannot drop connections"
        raise ConnectionAbortedError(message)
    with contextlib.suppress(OSError):
        abort()
    await asyncio.sleep(0.01)
    return Response(status_code=500)
