"""`relay token`: Mateo's token is replaced, and tried."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.stack import Stack
from tests.integration.relay_ops.commands.opened import given, stack, stored
from tests.support.relay import Relay

__all__ = ["given", "stack"]  # fixtures


@pytest.mark.parametrize("status", [200, 403])
def test_a_token_is_stored_and_tried(
    relay: Relay,
    stack: Stack,
    given: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    relay.pause.begin(relay.clock.now + 3_600, "mateo.credentials")
    asked = []

    def answer(client: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
        asked.append(options["headers"]["authorization"])
        return httpx.Response(status, json=[], request=httpx.Request(method, url))

    monkeypatch.setattr(httpx.Client, "request", answer)
    given("new-token\n")

    ended = run(["token", "--yes"])

    assert ended == (ExitCode.DONE if status == 200 else ExitCode.UNAVAILABLE)
    assert stored(stack, "MateoTokenArn") == "new-token"
    assert asked == ["Bearer new-token"]
    assert relay.quota.usage().requests == 1
    assert relay.lambda_.enabled == (status == 200)
