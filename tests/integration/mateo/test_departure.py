"""A permit that expires while the connection is made, over a real socket on loopback."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from import_relay.domain.errors import PermitTooFar
from import_relay.mateo.client import ImportApi, http_client
from import_relay.mateo.post_results import PostResult
from import_relay.storage.pacing import Permit


def test_a_permit_that_expires_while_connecting_is_not_used() -> None:
    looks = iter([True, False])
    with socket.create_server(("127.0.0.1", 0)) as server, http_client() as http:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        api = ImportApi(http, url, lambda: "token", is_in_time=lambda _: next(looks))

        with pytest.raises(PermitTooFar):
            api.create(Permit("2026-11-21"), b"{}")

        connection, _ = server.accept()
        with connection:
            assert connection.recv(1) == b""


class Creates(BaseHTTPRequestHandler):
    """Creates every import."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = b'[{"id": "i1"}]'
        self.send_response(201)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def mateo() -> Iterator[str]:
    """The address of a Mateo that creates every import."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Creates) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


LOST, RENEWED = Permit("2026-11-21", 1.0), Permit("2026-11-21", 2.0)


def test_a_request_leaves_in_another_permit_if_connecting_took_longer_than_its_own() -> None:
    looks, lost = iter([True, False, True]), list[Permit]()

    def renew(permit: Permit) -> Permit:
        lost.append(permit)
        return RENEWED

    with mateo() as url, http_client() as http:
        api = ImportApi(http, url, lambda: "token", is_in_time=lambda _: next(looks), renew=renew)

        posted = api.create(LOST, b"{}")

    assert (posted.outcome, posted.import_id) == (PostResult.SENT, "i1")
    assert lost == [LOST]


def test_a_request_whose_second_permit_expires_as_well_does_not_leave() -> None:
    looks = iter([True, False, False])
    with mateo() as url, http_client() as http:
        api = ImportApi(
            http,
            url,
            lambda: "token",
            is_in_time=lambda _: next(looks),
            renew=lambda _: RENEWED,
        )

        with pytest.raises(PermitTooFar):
            api.create(LOST, b"{}")
