"""``kill -9`` at random times, again and again: nothing is lost and nothing happens twice."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.integration.mateo_emulator.emulator import (
    AT_ONCE,
    NO_LIMITS,
    Emulator,
    contact,
    wait_for,
)
from tests.integration.mateo_emulator.test_main import running

LIVES = 5
ROWS = 450
PEOPLE = 700


def some_rows(life: int, part: int) -> list[dict[str, object]]:
    """Rows whose contacts are also in other imports; one of them fails."""
    chosen = random.Random(100 * life + part).sample(range(PEOPLE), ROWS)  # noqa: S311
    return [contact(number) for number in chosen] + [{"external_id": "bad", "email": "wrong"}]


def post_until_it_dies(emulator: Emulator, life: int) -> None:
    """Keep sending; of the request during which it dies, nobody knows whether its import exists."""
    with httpx.Client(timeout=15, trust_env=False) as http:
        own = Emulator(emulator.root, http)
        try:
            for part in range(1, 6):
                own.post(some_rows(life, part))
        except httpx.TransportError:
            return


def test_kills_at_any_time_lose_and_repeat_nothing(tmp_path: Path) -> None:
    draw = random.Random(20261121)  # noqa: S311 - the same times in each run
    answered: set[str] = set()
    for life in range(LIVES):
        with running(tmp_path) as (emulator, process):
            emulator.change("limits", **NO_LIMITS)
            emulator.change("behaviour", **{**AT_ONCE, "processing_per_row_us": 50})
            answered.add(emulator.post(some_rows(life, 0)).json()["id"])
            sender = threading.Thread(target=post_until_it_dies, args=(emulator, life))
            sender.start()
            time.sleep(draw.uniform(0, 0.25))
            process.kill()
            sender.join()
    with running(tmp_path) as (emulator, _):
        emulator.change("behaviour", **AT_ONCE)
        wait_for(lambda: not emulator.look("state")["counts"]["imports_unfinished"], "the imports")
        stored = emulator.items("imports")
        assert answered <= {one["id"] for one in stored}
        assert {(one["success_count"], one["failed_count"]) for one in stored} == {(ROWS, 1)}
        expected: Counter[str] = Counter()
        for one in stored:
            whole = emulator.look(f"imports/{one['id']}")
            expected.update(row["external_id"] for row in whole["payload"][:-1])
            assert [failed["input"] for failed in whole["failed"]] == whole["payload"][-1:]
        applied = {one["external_id"]: one["rows_applied"] for one in emulator.items("contacts")}
        assert applied == expected
        assert emulator.look("state")["usage"]["entities"] == len(stored) * (ROWS + 1)
