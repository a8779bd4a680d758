"""The admin surface ``/_sandbox``: look at everything stored, change limits, clock and behaviour,
ask for faults.

`application` mounts it. It needs no token, is not limited, not counted and not logged.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mateo_emulator.clock import MICROSECONDS
from mateo_emulator.errors import ApiError
from mateo_emulator.faults import Fault
from mateo_emulator.imports.store import add_contact_list, failures_of
from mateo_emulator.limits import used_on
from mateo_emulator.sandbox.definitions import Definitions
from mateo_emulator.sandbox.index import index
from mateo_emulator.sandbox.inspection import count_all, table_page
from mateo_emulator.sandbox.json_body import json_object, json_value

if TYPE_CHECKING:
    from starlette.requests import Request

    from mateo_emulator.emulator import MateoEmulator


class ClockChange(BaseModel):
    """Exactly one way to set the clock."""

    model_config = ConfigDict(extra="forbid")

    day: date | None = None
    offset_s: float | None = None
    advance_s: float | None = None
    now: datetime | None = None


class TokenChange(BaseModel):
    """The token that is valid from now on."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=1)


class NewContactList(BaseModel):
    """A contact list that imports may name."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    external_id: str | None = None
    name: str | None = None


class Admin:
    """The endpoints of the admin surface for one emulator."""

    def __init__(self, emulator: MateoEmulator) -> None:
        self._emulator = emulator

    def routes(self) -> list[Route]:
        """All routes, relative to ``/_sandbox``."""
        definitions = Definitions(self._emulator)
        table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("GET", "/", index),
            ("GET", "/contacts", self._lists("contact")),
            ("GET", "/deals", self._lists("deal")),
            ("GET", "/appointments", self._lists("appointment")),
            ("GET", "/imports", self._lists("import")),
            ("GET", "/imports/{id}", self._import),
            ("GET", "/requests", self._lists("request")),
            ("GET", "/contact-lists", self._lists("contact_list")),
            ("POST", "/contact-lists", self._add_contact_list),
            ("GET", "/custom-fields", definitions.fields),
            ("POST", "/custom-fields", definitions.add_field),
            ("DELETE", "/custom-fields/{entity}/{key:path}", definitions.delete_field),
            ("GET", "/marketing-channels", definitions.channels),
            ("POST", "/marketing-channels", definitions.add_channel),
            ("DELETE", "/marketing-channels/{key:path}", definitions.delete_channel),
            ("GET", "/state", self._state),
            ("GET", "/clock", self._clock),
            ("PUT", "/clock", self._change_clock),
            ("PUT", "/limits", self._change_limits),
            ("PUT", "/behaviour", self._change_behaviour),
            ("PUT", "/token", self._change_token),
            ("GET", "/faults", self._faults),
            ("POST", "/faults", self._add_faults),
            ("DELETE", "/faults", self._clear_faults),
            ("POST", "/reset", self._reset),
        ]
        return [
            Route(path, _answering(endpoint), methods=[method]) for method, path, endpoint in table
        ]

    def _lists(self, table: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            found = await self._emulator.storage.read(
                lambda db: table_page(db, table, request.query_params)
            )
            return JSONResponse(found)

        return endpoint

    async def _import(self, request: Request) -> Response:
        def work(connection: sqlite3.Connection) -> dict[str, object] | None:
            found = table_page(connection, "import", request.path_params)
            items = found["items"]
            if not isinstance(items, list) or not items:
                return None
            (body,) = connection.execute(
                "SELECT body FROM import_payload WHERE import_id = ?", (request.path_params["id"],)
            ).fetchone()
            failures = failures_of(connection, request.path_params["id"])
            failed = [failure for _, failure in failures]
            return {**items[0], "payload": json.loads(body), "failed": failed}

        found = await self._emulator.storage.read(work)
        if found is None:
            raise ApiError(404, "404", "No such import")
        return JSONResponse(found)

    async def _state(self, _: Request) -> Response:
        emulator = self._emulator
        day = emulator.clock.today()
        requests, entities = await emulator.storage.read(lambda db: used_on(db, day))
        return JSONResponse(
            {
                "limits": emulator.limits.model_dump(),
                "usage": {"day": day, "requests": requests, "entities": entities},
                "clock": self._clock_state(),
                "behaviour": emulator.behaviour.model_dump(),
                "faults": emulator.faults.listing(),
                "counts": await emulator.storage.read(count_all),
                "organisation_id": emulator.organisation_id,
            }
        )

    def _clock_state(self) -> dict[str, object]:
        clock = self._emulator.clock
        return {
            "now": clock.local_time().isoformat(),
            "now_us": clock.now_us(),
            "day": clock.today(),
            "time_zone": str(clock.zone),
            "offset_s": clock.offset_us / MICROSECONDS,
            "seconds_until_tomorrow": clock.seconds_until_tomorrow(),
        }

    async def _clock(self, _: Request) -> Response:
        return JSONResponse(self._clock_state())

    async def _change_clock(self, request: Request) -> Response:
        change = ClockChange.model_validate(await json_object(request))
        if len(change.model_dump(exclude_none=True)) != 1:
            raise ApiError(400, "400", "give exactly one of day, offset_s, advance_s, now")
        try:
            await self._emulator.change_clock(self._offset(change))
        except (OverflowError, ValueError, OSError) as error:
            raise ApiError(400, "400", "the clock cannot be set to that time") from error
        return JSONResponse(self._clock_state())

    def _offset(self, change: ClockChange) -> int:
        clock = self._emulator.clock
        if change.day is not None:
            return clock.offset_for_day(change.day)
        if change.now is not None:
            timestamp = change.now if change.now.tzinfo else change.now.replace(tzinfo=UTC)
            return clock.offset_for_time(timestamp)
        if change.advance_s is not None:
            return clock.offset_us + round(change.advance_s * MICROSECONDS)
        return round((change.offset_s or 0.0) * MICROSECONDS)

    async def _change_limits(self, request: Request) -> Response:
        await self._emulator.change_limits(await json_object(request))
        return JSONResponse(self._emulator.limits.model_dump())

    async def _change_behaviour(self, request: Request) -> Response:
        await self._emulator.change_behaviour(await json_object(request))
        return JSONResponse(self._emulator.behaviour.model_dump())

    async def _change_token(self, request: Request) -> Response:
        change = TokenChange.model_validate(await json_object(request))
        await self._emulator.change_token(change.token)
        return JSONResponse({"token": self._emulator.token})

    async def _add_contact_list(self, request: Request) -> Response:
        new = NewContactList.model_validate(await json_object(request))
        given = new.model_dump(mode="json")

        def work(connection: sqlite3.Connection) -> str:
            try:
                return add_contact_list(connection, **given)
            except sqlite3.IntegrityError as error:
                raise ApiError(409, "23505", "this contact list exists") from error

        list_id = await self._emulator.storage.write(work)
        return JSONResponse({**given, "id": list_id}, 201)

    async def _faults(self, _: Request) -> Response:
        return JSONResponse({"faults": self._emulator.faults.listing()})

    async def _add_faults(self, request: Request) -> Response:
        given = await json_value(request)
        for fault in [
            Fault.model_validate(item) for item in (given if isinstance(given, list) else [given])
        ]:
            self._emulator.faults.add(fault)
        return JSONResponse({"faults": self._emulator.faults.listing()}, 201)

    async def _clear_faults(self, request: Request) -> Response:
        self._emulator.faults.clear()
        return await self._faults(request)

    async def _reset(self, request: Request) -> Response:
        await self._emulator.reset()
        return await self._state(request)


def _answering(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ApiError as error:
            return error.response()
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            text = f"{where}: {first['msg']}".encode(errors="replace").decode()
            return ApiError(400, "400", text).response()

    return answer
