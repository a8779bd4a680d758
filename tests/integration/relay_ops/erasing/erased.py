"""A person of whom every store has something, and what is stored before and after an erasure."""

import gzip
from typing import Any

import httpx
import pytest

import relay_ops.mateo
from relay_ops.erasing.choosing import Choosing
from relay_ops.erasing.erasure import Erasure
from relay_ops.erasing.person import Known
from relay_ops.matching import needle
from relay_ops.stack import Stack
from tests.support.builders import message
from tests.support.finishing import finish
from tests.support.following import ADA, BOB
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

PHONE = "+491712345678"
EVE = {"id": 7, "v": 1, "name": "Eve Example", "email": "eve@example.com", "phone": PHONE}
REJECTED = {"v": 1, "name": "Eve", "note": "eve@example.com", "phone": "12"}


class Contacts:
    """Mateo's contacts. `left`: external id → Mateo's id. `asked`: every request."""

    def __init__(self, *external_ids: str) -> None:
        self.left = {
            one: f"00000000-0000-4000-8000-{number:012}" for number, one in enumerate(external_ids)
        }
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.busy = 0
        """How many requests are refused with 429 from now on."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        connected = request.extensions["trace"]
        connected("http11.send_request_headers.started", None)
        parameters = dict(request.url.params)
        self.asked.append((request.method, parameters))
        if self.busy:
            self.busy -= 1
            return httpx.Response(429)
        if request.method == "DELETE":
            assert list(parameters) == ["id"]
            self.left = {k: v for k, v in self.left.items() if f"eq.{v}" != parameters["id"]}
            return httpx.Response(204)
        wanted = parameters.get("external_id", "").removeprefix("eq.")
        rows = [{"id": self.left[wanted], "external_id": wanted}] if wanted in self.left else []
        return httpx.Response(200, json=rows)


@pytest.fixture
def contacts(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Contacts:
    """Mateo has Ada, Bob and Eve."""
    found = Contacts("1", "2", "7")
    settings = {
        "REQUESTS_PER_SECOND": "1000",
        "REQUESTS_PER_DAY": "10000",
        "ENTITIES_PER_DAY": "25000",
        "BULK_SHARE_PERCENT": "50",
        "MATEO_BASE_URL": "https://mateo.example/api/v1",
    }
    monkeypatch.setitem(stack.__dict__, "settings", settings)
    monkeypatch.setattr(relay_ops.mateo, "_token", lambda _: "token")
    real = httpx.Client

    def client(**options: Any) -> httpx.Client:
        return real(**{"transport": httpx.MockTransport(found), **options})

    monkeypatch.setattr(httpx, "Client", client)
    return found


def person(stack: Stack, text: str) -> Known:
    (found,) = Choosing(stack, needle(text)).persons()
    return found


def erase(relay: Relay, stack: Stack, text: str) -> dict[str, Any]:
    erasure = Erasure(stack, sleep=relay.clock.sleep)
    listed = erasure.list_places(person(stack, text))
    return erasure.erase(listed.known)


def stored(relay: Relay) -> dict[str, str]:
    return {
        key: (gzip.decompress(body) if key.endswith(".gz") else body).decode("utf-8", "replace")
        for key, body in relay.aws.objects().items()
    }


def mentions(relay: Relay, *texts: str) -> list[str]:
    """The keys of the objects that hold one of the texts."""
    return [key for key, text in stored(relay).items() if any(one in text for one in texts)]


def fill_stores(relay: Relay, mateo: MateoImports) -> None:
    """Import Ada, Bob and Eve; Eve's row fails, one record is rejected, two are superseded."""
    relay.submit(message([ADA, BOB, EVE, REJECTED], delivery="d1"))
    row = next(one for one in mateo.imports[-1].payload if one["external_id"] == "7")
    finish(relay, mateo, {"code": "23514", "message": "(email)=(eve@example.com)", "input": row})
    relay.submit(message([{**EVE, "v": 0}, {**ADA, "v": 0}], delivery="d2"))
