"""Limits under parallel requests, faults, the clock and the log of requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.mateo_emulator.emulator import TOKEN, Emulator, contact

WINDOW_US = 1_000_000


def in_parallel(call: Callable[[int], httpx.Response], count: int) -> list[int]:
    with ThreadPoolExecutor(8) as pool:
        return [response.status_code for response in pool.map(call, range(count))]


def test_parallel_requests_never_exceed_the_limit_per_second(emulator: Emulator) -> None:
    emulator.change("limits", requests_per_second=2)
    statuses = in_parallel(lambda _: emulator.get(select="id"), 12)
    allowed = sorted(
        one["arrived_real_us"] for one in emulator.items("requests") if one["status"] == 200
    )
    assert statuses.count(200) == len(allowed)
    assert statuses.count(429) == 12 - len(allowed)
    triples = zip(allowed, allowed[2:], strict=False)
    assert all(later - first >= WINDOW_US for first, later in triples)


def test_parallel_requests_never_exceed_the_limit_per_day(emulator: Emulator) -> None:
    emulator.change("limits", requests_per_day=7)
    statuses = in_parallel(lambda _: emulator.get(select="id"), 20)
    assert (statuses.count(200), statuses.count(429)) == (7, 13)
    assert emulator.look("state")["usage"]["requests"] == 20


def test_parallel_imports_never_exceed_the_entities_of_a_day(emulator: Emulator) -> None:
    emulator.change("limits", entities_per_day=25)
    statuses = in_parallel(lambda n: emulator.post([contact(n), contact(n + 100)]), 20)
    assert (statuses.count(201), statuses.count(429)) == (12, 8)
    assert emulator.look("state")["usage"]["entities"] == 24


def test_an_import_over_the_entities_of_a_day_is_refused_whole(emulator: Emulator) -> None:
    emulator.change("limits", entities_per_day=2)
    refused = emulator.post([contact(n) for n in range(3)])
    assert (refused.status_code, refused.headers["ratelimit-limit"]) == (429, "2")
    assert emulator.post([contact(n) for n in range(2)]).status_code == 201


def test_a_limit_of_a_day_says_how_long_the_day_lasts(emulator: Emulator) -> None:
    emulator.change("limits", requests_per_day=0)
    emulator.change("clock", now="2026-11-21T12:00:00Z")
    assert 43_000 < int(emulator.get().headers["retry-after"]) <= 43_200


@pytest.mark.parametrize(
    ("style", "names"),
    [
        ("all", {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"}),
        ("no_retry_after", {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}),
        ("none", set()),
    ],
)
def test_the_headers_of_a_429_can_be_chosen(
    emulator: Emulator, style: str, names: set[str]
) -> None:
    emulator.change("behaviour", rate_limit_headers=style)
    emulator.change("limits", requests_per_second=0)
    response = emulator.get()
    found = {name for name in response.headers if name.startswith(("ratelimit", "retry"))}
    assert (response.status_code, found) == (429, names)


def test_every_answer_tells_the_rate_limit(emulator: Emulator) -> None:
    emulator.change("limits", requests_per_second=100)
    assert emulator.get().headers["ratelimit-remaining"] == "99"
    assert emulator.get({}).headers["ratelimit-limit"] == "100"


def test_a_new_day_begins_with_all_its_limits(emulator: Emulator) -> None:
    emulator.change("limits", entities_per_day=1, requests_per_day=2)
    assert [emulator.post([contact(n)]).status_code for n in (1, 2, 3)] == [201, 429, 429]
    emulator.change("clock", day="2030-01-01")
    assert emulator.look("state")["usage"] == {"day": "2030-01-01", "requests": 0, "entities": 0}
    assert emulator.post([contact(4)]).status_code == 201


def test_the_time_zone_decides_the_day(emulator: Emulator) -> None:
    emulator.change("clock", now="2026-11-21T23:30:00Z")
    assert emulator.look("clock")["day"] == "2026-11-21"
    emulator.change("limits", time_zone="Europe/Berlin")
    assert emulator.look("clock")["day"] == "2026-11-22"


def test_the_log_knows_every_request_and_no_admin_call(emulator: Emulator) -> None:
    import_id = emulator.post([contact(1), contact(2)]).json()["id"]
    emulator.get({"authorization": "Bearer wrong"}, select="id")
    first, second = emulator.items("requests")
    assert (first["method"], first["path"], first["query"]) == (
        "POST",
        "/api/v1/import",
        "select=id",
    )
    assert (first["status"], first["rows"], first["import_id"]) == (201, 2, import_id)
    assert (second["status"], second["credentials"]) == (403, "wrong")
    assert emulator.items("requests", after=first["n"]) == [second]


def test_downloads_are_logged_but_not_counted(emulator: Emulator) -> None:
    emulator.change("behaviour", failed_inline_max=0)
    done = emulator.imported([{"external_id": "1", "email": "wrong"}])
    used = emulator.look("state")["usage"]["requests"]
    emulator.http.get(done["failed_url"])
    (logged,) = emulator.items("requests", counted=0)
    assert (logged["status"], logged["credentials"]) == (200, "missing")
    assert emulator.look("state")["usage"]["requests"] == used


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
