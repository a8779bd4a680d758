"""Serves moto's WSGI application with connections that stay open; `aws` runs it.

moto's own server (werkzeug's development server) closes each connection after a pause of 10 ms and
looks through moto's folders on each request; both cost more than the call itself.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterable
from http.client import HTTPMessage
from typing import Any

from moto import backends
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

MAX_HEADER_BYTES = 65_536

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class KeepAliveHandler(MotoRequestHandler):
    """One request after the other on one connection; head and body leave in one write."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1024 * 1024
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        """Read the request's head; plain string work, since the base's mail parser costs more."""
        words = self.raw_requestline.decode("latin-1").rstrip("\r\n").split(" ")
        if len(words) != 3:
            self.close_connection = True
            return False
        self.requestline = " ".join(words)
        self.command, self.path, self.request_version = words
        self.headers = HTTPMessage()
        while (line := self.rfile.readline(MAX_HEADER_BYTES)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            self.headers[name] = value.strip()
        self.close_connection = self.headers.get("Connection", "").lower() == "close"
        return True

    def run_wsgi(self) -> None:
        """Answer one request: read its whole body, call the application, write the answer at
        once.
        """
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        if "wsgi.input_terminated" in environ:
            body = environ["wsgi.input"].read()
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        else:
            body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)
        self._answer(*_call(self.server.app, environ))

    def _answer(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        names = {name.lower() for name, _ in headers}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        if "content-length" not in names and not status.startswith(("204", "304")):
            lines.append(f"Content-Length: {len(content)}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        self.wfile.write(content)
        self.wfile.flush()

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing: a line per request would cost more than the request."""


def _call(app: Any, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        started.append((status, headers))

    chunks = app(environ, start_response)
    try:
        content = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return status, headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else content


def moto_application() -> Application:
    """The application of moto for all services, with its look-up of services remembered."""
    modules = tuple(backends.list_of_moto_modules())
    werkzeug_app.backends.list_of_moto_modules = lambda: modules  # type: ignore[attr-defined]
    application = DomainDispatcherApplication(create_backend_app)
    application.get_backend_for_host = functools.lru_cache(maxsize=None)(  # type: ignore[method-assign]
        application.get_backend_for_host
    )
    return application


def serve_wsgi(app: Application, file_descriptor: int) -> BaseWSGIServer:
    """A server on a socket that already listens; call its `serve_forever`."""
    return make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=KeepAliveHandler, fd=file_descriptor
    )
