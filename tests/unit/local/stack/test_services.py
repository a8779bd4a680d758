"""Before the clock moves, no request counts any more towards those that Mateo takes in a second."""

from typing import Any

import pytest

from local.stack.services import let_requests_pass

NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("arrived_at", "waits_s"),
    [
        pytest.param([], [], id="none"),
        pytest.param([NOW - 60], [0.0], id="long ago"),
        pytest.param([NOW - 60, NOW - 0.25], [0.75], id="just now"),
    ],
)
def test_a_request_counts_for_a_second(
    arrived_at: list[float], waits_s: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("local.stack.services.time.sleep", slept.append)
    monkeypatch.setattr("local.stack.services.time.time", lambda: NOW)

    def mateo(_: str, path: str) -> Any:
        if path == "state":
            return {"counts": {"requests": len(arrived_at)}}
        first = int(path.partition("offset=")[2])
        return {"items": [{"arrived_real_us": at * 1_000_000} for at in arrived_at[first:]]}

    let_requests_pass(mateo)

    assert slept == pytest.approx(waits_s)
