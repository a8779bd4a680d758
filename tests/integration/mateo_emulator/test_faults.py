"""Faults as a client meets them."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.mateo_emulator.emulator import Emulator, contact


def created(emulator: Emulator) -> int:
    return int(emulator.look("state")["counts"]["imports"])


def test_a_lost_answer_leaves_an_import_behind(emulator: Emulator) -> None:
    emulator.fault("answer_lost_after_create", method="POST")
    with pytest.raises(httpx.TransportError):
        emulator.post([contact(1)])
    (logged,) = emulator.items("requests")
    assert created(emulator) == 1
    assert (logged["status"], logged["fault"]) == (None, "answer_lost_after_create")
    assert logged["import_id"] is not None


def test_a_dropped_connection_leaves_nothing_behind(emulator: Emulator) -> None:
    emulator.fault("drop_before")
    with pytest.raises(httpx.TransportError):
        emulator.post([contact(1)])
    assert created(emulator) == 0
    assert emulator.post([contact(1)]).status_code == 201


@pytest.mark.parametrize(
    ("kind", "options", "imports"),
    [
        ("timeout_before", {}, 0),
        ("timeout_after", {}, 1),
        ("slow", {"seconds": 5}, 1),
    ],
)
def test_a_timeout_is_500_57014_whether_or_not_the_import_exists(
    emulator: Emulator, kind: str, options: dict[str, object], imports: int
) -> None:
    emulator.change("limits", request_timeout_s=0.05)
    emulator.fault(kind, **options)
    response = emulator.post([])
    assert (response.status_code, response.json()["code"]) == (500, "57014")
    assert created(emulator) == imports


def test_a_slow_answer_within_the_timeout_is_an_answer(emulator: Emulator) -> None:
    emulator.fault("slow", seconds=0.01)
    assert emulator.post([contact(1)]).status_code == 201


@pytest.mark.parametrize("status", [400, 413, 422, 429, 500, 503])
def test_any_status_can_be_asked_for(emulator: Emulator, status: int) -> None:
    emulator.fault("status", status=status)
    response = emulator.post([contact(1)])
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert created(emulator) == 0


def test_a_429_comes_with_and_without_headers(emulator: Emulator) -> None:
    emulator.fault("status", status=429, retry_after_s=30)
    emulator.fault("status", status=429, rate_limit_headers=False)
    told, untold = emulator.get(), emulator.get()
    assert told.headers["retry-after"] == told.headers["ratelimit-reset"] == "30"
    assert not [name for name in untold.headers if name.startswith(("ratelimit", "retry"))]


@pytest.mark.parametrize("status", [200, 204])
def test_a_status_can_be_answered_although_the_import_exists(
    emulator: Emulator, status: int
) -> None:
    emulator.fault("status", status=status, created=True, body="")
    response = emulator.post([contact(1)])
    assert (response.status_code, response.content, created(emulator)) == (status, b"", 1)


def test_a_refused_row_refuses_its_whole_import_until_the_fault_is_deleted(
    emulator: Emulator,
) -> None:
    emulator.fault("refuse_row", column="external_id", value="C-2")
    bad = [emulator.post([contact(1), contact(2)]).status_code for _ in range(2)]
    assert (bad, emulator.post([contact(1)]).status_code) == ([400, 400], 201)
    emulator.http.delete(f"{emulator.root}/_sandbox/faults").raise_for_status()
    assert emulator.post([contact(1), contact(2)]).status_code == 201


def test_a_fault_is_not_used_up_by_a_request_that_is_refused_anyway(emulator: Emulator) -> None:
    emulator.fault("answer_lost_after_create")
    assert emulator.get({}).status_code == 401
    assert emulator.post("no rows").status_code == 400
    with pytest.raises(httpx.TransportError):
        emulator.post([contact(1)])
