"""A local Import API with the documented endpoints, limits and background processing.

`__main__` serves it; a test may serve it too. Base path ``/api/v1``, admin surface ``/_sandbox``.

Documented, and done here
    * ``POST /import``: one object with ``type``, ``payload``, ``contact_list_id``,
      ``contact_list_external_id``, ``allow_deal_reassignment``, ``allow_appointment_reassignment``;
      201, with the object when ``select`` is given.
    * ``GET /import``: columns as filters, ``select``, ``order``, ``limit``, ``offset``, at most 50
      rows.
    * Bearer token; 401 missing, 403 wrong; errors ``{code, message, hint, status}``.
    * 2 requests per second, 10,000 requests and 25,000 imported entities per day, 2 seconds per
      request; 429; ``ratelimit-limit`` and ``ratelimit-remaining`` on every answer.
    * Background processing without a promise on time; ``total_count``, ``success_count``,
      ``failed_count``; ``failed`` as ``{code, message, input}``; ``failed_url``; ``payload_url``
      for large imports; at most 20 ``hints``.
    * Contacts: ``external_id`` and every handle are unique, an existing value updates. Flat custom
      fields and marketing channels. Lists of phone numbers with ``country_codes``. Datetimes
      without a zone are UTC. Deals and appointments with ``contact_id`` or ``contact_external_id``.

Inferred, and chosen here (most of it can be switched, see `settings.Behaviour`)
    * The codes of row failures, of 401, 403 and 429, and that the three 429 look alike.
    * ``ratelimit-reset`` and ``retry-after``.
    * ``reference_id`` in a POST is refused with 400 ``PGRST204``.
    * ``failed`` cannot be selected by name; it is shown when nothing is selected and the failures
      are few (100), more of them are behind ``failed_url`` (``failed_url_always``: behind both).
    * An import of more than 1,000 rows has ``payload_url`` instead of ``payload``.
    * Both links are signed, expire and need no token; behind them is a JSON array.
    * Every request counts, refused ones too; an import over the day's entities is refused whole.
    * The day begins at midnight in ``time_zone`` (UTC).
    * Which contact a row means when its ids and handles disagree: `contacts`.
    * The columns of deals. An unknown contact list is 409 ``23503``.
    * No phone number valid, unreadable datetime, unknown contact: that row fails.

Unknown, and therefore never to be relied upon
    * The largest import, the largest body, how long imports stay readable.
    * The order in which imports are processed, and two rows with the same key in one import.
    * Whether a request that took too long left an import behind: here it may or may not.
    * The format of hints.

Not here yet: ``cs`` and ``cd``, JSON paths and casts, ``Range``, ``Prefer``, single objects,
custom fields managed through an endpoint, ``/format`` and the other resources of the API.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from local.mateo.admin import Admin, index
from local.mateo.errors import ApiError
from local.mateo.gateway import Gateway
from local.mateo.imports import file_of
from local.mateo.links import PREFIX
from local.mateo.request_log import Arrival

if TYPE_CHECKING:
    from starlette.requests import Request

    from local.mateo.sandbox import Sandbox

BASE_PATH = "/api/v1"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def build_application(sandbox: Sandbox) -> Starlette:
    """The application around a sandbox; its lifespan starts and stops the worker."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sandbox.start()
        yield
        sandbox.stop()

    gateway = Gateway(sandbox, BASE_PATH)
    files = _Files(sandbox)
    return Starlette(
        routes=[
            Route("/", index, methods=["GET"]),
            Route("/_sandbox", index, methods=["GET"]),
            Mount("/_sandbox", routes=Admin(sandbox).routes()),
            Route(PREFIX + "{path:path}", files.answer, methods=["GET"]),
            Route(BASE_PATH + "/{path:path}", gateway.answer, methods=_METHODS),
        ],
        exception_handlers={404: _not_found, 405: _not_allowed},
        lifespan=lifespan,
    )


class _Files:
    """The files behind signed links; logged, but neither counted nor limited."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def answer(self, request: Request) -> Response:
        sandbox = self._sandbox
        arrival = Arrival.of(request, sandbox, counted=False)
        path = request.path_params["path"]
        if not sandbox.links.accepts(
            path, request.query_params.get("token", ""), sandbox.clock.now_us()
        ):
            response: Response = ApiError(403, "403", "The link is wrong or has expired").response()
        else:
            text = await sandbox.storage.read(lambda db: file_of(db, path))
            response = (
                ApiError(404, "404", "Not found").response()
                if text is None
                else Response(text.encode(), media_type="application/json")
            )
        await sandbox.storage.write(arrival.store)
        await sandbox.storage.write(lambda db: arrival.store_answer(db, response.status_code))
        return response


async def _not_found(_: Request, __: Exception) -> Response:
    return ApiError(404, "404", "Not found").response()


async def _not_allowed(_: Request, error: Exception) -> Response:
    headers = getattr(error, "headers", None)
    return ApiError(405, "405", "Method not allowed", headers=headers).response()
