"""A stub of the relay, for the sweeps that are tested."""

import pytest

from tests.unit.crash.swept import Relay


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Relay:
    return Relay(monkeypatch)
