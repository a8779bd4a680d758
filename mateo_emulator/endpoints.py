"""What the documented resources below ``/api/v1`` answer, once a request has been let in.

`gateway` calls these; everything about tokens, limits and faults happens there.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from mateo_emulator.errors import ApiError, too_deep
from mateo_emulator.imports.body import NewImport, read_import
from mateo_emulator.imports.listing import Link, find_import, import_schema, list_imports
from mateo_emulator.imports.store import create_import
from mateo_emulator.postgrest.api_request.preferences import count_preference
from mateo_emulator.postgrest.api_request.query_params import read_query_params
from mateo_emulator.postgrest.api_request.select import read_select
from mateo_emulator.postgrest.media_type import Representation, negotiate
from mateo_emulator.postgrest.plan import ReadPlan, plan_read, plan_select
from mateo_emulator.postgrest.range_query import content_range, status_of
from mateo_emulator.postgrest.response import Found
from mateo_emulator.records import contact_details, custom_field_list

if TYPE_CHECKING:
    from starlette.requests import Request

    from mateo_emulator.emulator import MateoEmulator
    from mateo_emulator.postgrest.schema_cache import SchemaCache
    from mateo_emulator.request_log import Arrival

_CREATED_RANGE = "*/*"
NO_CONTENT = 204


class Find(Protocol):
    """Finds the rows of one list."""

    def __call__(self, db: sqlite3.Connection, query: ReadPlan, *, counted: bool) -> Found:
        """The rows that the query finds."""


class Endpoints:
    """The documented endpoints of one emulator."""

    def __init__(self, emulator: MateoEmulator) -> None:
        self._emulator = emulator

    async def list_imports(self, request: Request) -> Response:
        """``GET`` or ``HEAD``: 200, or 206 where a total was asked for and rows are missing.

        Raises:
            ApiError: 400, 406 or 416; see `query_params`, `media_type` and `range_query`.
        """
        emulator = self._emulator

        def find(db: sqlite3.Connection, query: ReadPlan, *, counted: bool) -> Found:
            return list_imports(
                db,
                query,
                emulator.behaviour,
                now_us=emulator.clock.now_us(),
                link=self._link(request),
                counted=counted,
            )

        return await self._list(request, "/import", import_schema(emulator.behaviour), find)

    async def list_custom_fields(self, request: Request) -> Response:
        """``GET`` or ``HEAD`` of the account's custom fields; otherwise as `list_imports`."""
        emulator = self._emulator

        def find(db: sqlite3.Connection, query: ReadPlan, *, counted: bool) -> Found:
            return custom_field_list.list_custom_fields(
                db,
                query,
                emulator.behaviour,
                organisation_id=emulator.organisation_id,
                counted=counted,
            )

        known = custom_field_list.custom_field_schema(emulator.behaviour)
        return await self._list(request, "/custom_field", known, find)

    async def list_contacts(self, request: Request) -> Response:
        """``GET`` or ``HEAD`` of the account's contacts; otherwise as `list_imports`."""
        emulator = self._emulator
        columns = contact_details.columns(emulator.behaviour, emulator.organisation_id)

        def find(db: sqlite3.Connection, query: ReadPlan, *, counted: bool) -> Found:
            return contact_details.list_contacts(db, query, columns, counted=counted)

        known = contact_details.contact_schema(emulator.behaviour, columns)
        return await self._list(request, "/contact_details", known, find)

    async def delete_contacts(self, request: Request) -> Response:
        """``DELETE``: 204, or 200 with what was deleted where ``select`` is given.

        Without a filter everybody is deleted. ``limit``, ``offset`` and ``order`` bound nothing.

        Raises:
            ApiError: 400, 404 or 406; then nothing was deleted.
        """
        emulator = self._emulator
        columns = contact_details.columns(emulator.behaviour, emulator.organisation_id)
        known = contact_details.contact_schema(emulator.behaviour, columns)
        params = read_query_params(request.query_params.multi_items())
        query = plan_read(params, known, emulator.clock.local_time())
        representation = negotiate(request.headers.get("accept"))
        answers: list[Response] = []

        def work(db: sqlite3.Connection) -> None:
            found = contact_details.delete_contacts(db, query, columns)
            shown = query.select is not None
            # Within the transaction: one object that cannot be shown deletes nothing.
            answers.append(_written(representation, found, 200) if shown else Response(None, 204))

        await emulator.storage.write(work)
        answers[0].headers["content-range"] = _CREATED_RANGE
        return answers[0]

    async def _list(self, request: Request, path: str, known: SchemaCache, find: Find) -> Response:
        headers, parameters = request.headers, request.query_params.multi_items()
        wanted_range = headers.get("range") if request.method == "GET" else None
        params = read_query_params(parameters, wanted_range)
        query = plan_read(params, known, self._emulator.clock.local_time())
        representation = negotiate(headers.get("accept"))
        count = count_preference(headers.getlist("prefer"))
        found = await self._emulator.storage.read(
            lambda db: find(db, query, counted=count is not None)
        )
        offset, returned = query.window.offset, len(found.rows)
        status = status_of(offset, returned, found.total)
        response = _written(representation, found, status)
        response.headers["content-range"] = content_range(offset, returned, found.total)
        response.headers["content-location"] = _location(path, parameters)
        if count is not None:
            response.headers["preference-applied"] = f"count={count}"
        return response

    async def create_import(self, request: Request, arrival: Arrival, body: bytes) -> Response:
        """``POST``: 201 with the import for ``select``, else the configured empty answer.

        ``Prefer`` is left to Mateo's own gateway and means nothing here.

        Raises:
            ApiError: 400, 406, 409, 413 or 429; then nothing was created.
        """
        emulator = self._emulator
        behaviour, bounds, timestamp = emulator.behaviour, emulator.limits, emulator.timestamp()
        wanted = request.query_params.get("select")
        select = plan_select(read_select(wanted), import_schema(behaviour))
        representation = negotiate(request.headers.get("accept")).single()
        new = await emulator.storage.read(lambda _: read_import(body, behaviour))
        arrival.rows = len(new.rows)
        self._refuse_rows(new, arrival)

        def work(connection: sqlite3.Connection) -> Found:
            arrival.import_id = create_import(connection, new, timestamp, (bounds, behaviour))
            link, now_us = self._link(request), emulator.clock.now_us()
            return find_import(
                connection, arrival.import_id, select, behaviour, link, now_us=now_us
            )

        created = await emulator.storage.write(work)
        emulator.worker.wake()
        status = behaviour.created_status
        if status == NO_CONTENT or (behaviour.empty_answer == "no_content" and wanted is None):
            response = Response(status_code=NO_CONTENT)
        elif wanted is not None and behaviour.obeys_select:
            response = _written(representation, created, status)
        elif behaviour.empty_answer == "object":
            response = JSONResponse({}, status)
        else:
            response = Response(status_code=status)
        response.headers["content-range"] = _CREATED_RANGE
        return response

    def _refuse_rows(self, new: NewImport, arrival: Arrival) -> None:
        fault = self._emulator.faults.take_refusal(new.rows)
        if fault is not None:
            arrival.fault = fault.kind
            code, message = fault.code or "22P02", fault.message or "invalid input in payload"
            raise ApiError(fault.status, code, message, headers=fault.headers)

    def _link(self, request: Request) -> Link:
        base_url = str(request.base_url).rstrip("/")
        return lambda path: self._emulator.link(base_url, path)


def _written(representation: Representation, found: Found, status: int) -> Response:
    try:
        body = representation.write(found.rows, found.kinds)
    except RecursionError as error:
        raise too_deep() from error
    return Response(body, status, {"content-type": representation.content_type})


def _location(path: str, parameters: list[tuple[str, str]]) -> str:
    """The path of the list and its parameters by their names, as PostgREST has it."""
    pairs = sorted(parameters, key=lambda pair: pair[0])
    text = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs)
    return f"{path}?{text}" if text else path
