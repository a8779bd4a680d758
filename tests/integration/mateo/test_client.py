"""A permit that expires while the connection is made, over a real socket on loopback."""

import socket

import pytest

from import_relay.domain.errors import PermitTooFar
from import_relay.mateo.client import ImportApi, http_client
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
