"""Limits under parallel requests and over days."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.integration.mateo_emulator.emulator import Emulator, contact

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
