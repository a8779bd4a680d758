"""Puts the emulator together: the API, its files, the admin surface and the documentation.

`__main__` serves it; a test may serve it too. Base path ``/api/v1``, admin surface ``/_sandbox``.
What of it is documented, inferred or unknown is listed in the package's docstring.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from mateo_emulator import documentation
from mateo_emulator.errors import ApiError
from mateo_emulator.gateway import Gateway
from mateo_emulator.imports.store import linked_file
from mateo_emulator.links import LINK_PREFIX
from mateo_emulator.request_log import Arrival
from mateo_emulator.sandbox.admin import Admin
from mateo_emulator.sandbox.index import index

if TYPE_CHECKING:
    from starlette.requests import Request

    from mateo_emulator.emulator import MateoEmulator

BASE_PATH = "/api/v1"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def build_application(emulator: MateoEmulator) -> Starlette:
    """The application around an emulator; its lifespan starts and stops the worker."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        emulator.start()
        yield
        emulator.stop()

    gateway = Gateway(emulator, BASE_PATH)
    files = _Files(emulator)
    application = Starlette(
        routes=[
            *documentation.routes(),
            Route("/_sandbox", index, methods=["GET"]),
            Mount("/_sandbox", routes=Admin(emulator).routes()),
            Route(LINK_PREFIX + "{path:path}", files.answer, methods=["GET"]),
            Route(BASE_PATH + "/{path:path}", gateway.answer, methods=_METHODS),
        ],
        exception_handlers={404: _not_found, 405: _not_allowed},
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False  # an unknown path is a 404 and nothing else
    return application


class _Files:
    """The files behind signed links; logged, but neither counted nor limited."""

    def __init__(self, emulator: MateoEmulator) -> None:
        self._emulator = emulator

    async def answer(self, request: Request) -> Response:
        emulator = self._emulator
        arrival = Arrival.of(request, emulator.clock, emulator.token, counted=False)
        path = request.path_params["path"]
        if not emulator.links.accepts(
            path, request.query_params.get("token", ""), emulator.clock.now_us()
        ):
            response: Response = ApiError(403, "403", "The link is wrong or has expired").response()
        else:
            found = await emulator.storage.read(
                lambda db: linked_file(db, path, emulator.behaviour)
            )
            if found is None:
                response = ApiError(404, "404", "Not found").response()
            else:
                text, media_type = found
                response = Response(text.encode(), headers={"content-type": media_type})
        await emulator.storage.write(arrival.store)
        await emulator.storage.write(lambda db: arrival.store_answer(db, response.status_code))
        return response


async def _not_found(_: Request, __: Exception) -> Response:
    return ApiError(404, "404", "Not found").response()


async def _not_allowed(_: Request, error: Exception) -> Response:
    headers = getattr(error, "headers", None)
    return ApiError(405, "405", "Method not allowed", headers=headers).response()
