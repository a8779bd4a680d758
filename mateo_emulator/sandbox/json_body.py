"""Reads the JSON body of a request to the admin surface; used by `admin` and `definitions`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mateo_emulator.errors import ApiError

if TYPE_CHECKING:
    from starlette.requests import Request


async def json_value(request: Request) -> object:
    """The body as a JSON value, an empty object where there is none.

    Raises:
        ApiError: 400 when it is not JSON.
    """
    try:
        value: object = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "400", "the body is not JSON") from error
    return value


async def json_object(request: Request) -> dict[str, object]:
    """The body as a JSON object, raising `ApiError` 400 for anything else."""
    value = await json_value(request)
    if not isinstance(value, dict):
        raise ApiError(400, "400", "the body is not a JSON object")
    return value
