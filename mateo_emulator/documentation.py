"""Shows what can be asked here: ``/openapi.json`` for programs, ``/docs`` for people.

`application` mounts it. The page is made from ``openapi.yaml`` in the reader's browser and sends
requests from there; it needs nothing that is not in this folder.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from mateo_emulator.sandbox.index import index

if TYPE_CHECKING:
    from starlette.requests import Request

_HERE = Path(__file__).parent
_FILES = {"page.css": "text/css", "page.js": "text/javascript"}


@cache
def openapi() -> dict[str, Any]:
    """The description of everything that is served, as OpenAPI 3.1."""
    text = (_HERE / "openapi.yaml").read_text(encoding="utf-8")
    return cast("dict[str, Any]", yaml.safe_load(text))


def routes() -> list[Route]:
    """The page and its parts, and the first thing that a visitor sees."""
    return [
        Route("/", _welcome, methods=["GET"]),
        Route("/openapi.json", _openapi, methods=["GET"]),
        Route("/docs", _page, methods=["GET"]),
        Route("/docs/{name}", _part, methods=["GET"]),
    ]


async def _welcome(request: Request) -> Response:
    """The page for a browser, a text for anything else."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/docs")
    return await index(request)


async def _openapi(_: Request) -> Response:
    return JSONResponse(openapi())


async def _page(_: Request) -> Response:
    return FileResponse(_HERE / "page" / "page.html", media_type="text/html")


async def _part(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        return Response(status_code=404)
    return FileResponse(_HERE / "page" / name, media_type=_FILES[name])
