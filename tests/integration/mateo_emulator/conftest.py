"""One emulator for all tests of this folder, emptied for each of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mateo_emulator.application import build_application
from mateo_emulator.emulator import MateoEmulator
from mateo_emulator.server import listen, make_server
from mateo_emulator.settings import Start
from tests.integration.mateo_emulator.emulator import AT_ONCE, NO_LIMITS, Emulator


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an emulator that is served from a thread."""
    bound = listen("127.0.0.1", 0)
    port = bound.getsockname()[1]
    state: Path = tmp_path_factory.mktemp("mateo")
    ready = threading.Event()
    instance = make_server(build_application(MateoEmulator(Start(state=state))), ready.set)
    thread = threading.Thread(target=instance.run, args=([bound],))
    thread.start()
    assert ready.wait(10)
    yield f"http://127.0.0.1:{port}"
    instance.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """One client: making one takes longer than most tests."""
    with httpx.Client(timeout=60) as client:
        yield client


@pytest.fixture
def emulator(server: str, http: httpx.Client) -> Emulator:
    """An empty emulator without limits that processes at once."""
    http.post(f"{server}/_sandbox/reset").raise_for_status()
    client = Emulator(server, http)
    client.change("limits", **NO_LIMITS)
    client.change("behaviour", **AT_ONCE)
    return client
