"""The admin surface changes limits, behaviour, clock and token, and resets them."""

from __future__ import annotations

import json

import pytest

from tests.integration.mateo_emulator.emulator import TOKEN, Emulator, contact


def test_a_reset_returns_to_the_start(emulator: Emulator) -> None:
    emulator.imported([contact(1)])
    emulator.change("token", token="rotated")
    emulator.change("clock", advance_s=86_400)
    emulator.fault("drop_before")
    state = emulator.http.post(f"{emulator.root}/_sandbox/reset").json()
    assert set(state["counts"].values()) == {0}
    assert (state["faults"], state["clock"]["offset_s"]) == ([], 0)
    assert state["limits"]["requests_per_second"] == 2
    assert emulator.get({"authorization": f"Bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("limits", {"requests_per_minute": 1}),
        ("limits", {"requests_per_second": -1}),
        ("limits", {"time_zone": "Mars/Olympus"}),
        ("behaviour", {"reference_id": "maybe"}),
        ("clock", {}),
        ("clock", {"day": "2026-11-22", "offset_s": 0}),
        ("clock", {"offset_s": 1e18}),
        ("clock", {"now": "9999-12-31T23:59:59Z"}),
        ("token", {}),
        ("token", {"token": ""}),
        ("limits", {"request_timeout_s": 0}),
        ("behaviour", {"processing_delay_s": 1e9}),
        ("behaviour", {"processing_order": "oldest"}),
        ("behaviour", {"\ud800": 1}),
    ],
)
def test_a_wrong_change_is_400_and_changes_nothing(
    emulator: Emulator, what: str, changes: dict[str, object]
) -> None:
    before = emulator.look("state")
    response = emulator.http.put(
        f"{emulator.root}/_sandbox/{what}", content=json.dumps(changes).encode()
    )
    after = emulator.look("state")
    assert response.status_code == 400
    assert all(before[name] == after[name] for name in ("limits", "behaviour"))


@pytest.mark.parametrize("path", ["/", "/_sandbox", "/_sandbox/"])
def test_the_index_explains_itself(emulator: Emulator, path: str) -> None:
    response = emulator.http.get(f"{emulator.root}{path}")
    assert "/_sandbox/requests" in response.text
