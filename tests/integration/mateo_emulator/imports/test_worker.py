"""Background processing: when and in which order imports are processed, and what the API shows."""

from __future__ import annotations

import pytest

from tests.integration.mateo_emulator.emulator import AT_ONCE, Emulator, Json, contact, wait_for

HOURS = 10_000
A_CHUNK = 200


def state(emulator: Emulator, import_id: str) -> str:
    return str(emulator.look(f"imports/{import_id}")["state"])


def in_order_of_end(emulator: Emulator, count: int, **behaviour: object) -> list[Json]:
    """Collect imports, then process them; they are returned in the order in which they ended."""
    emulator.change("behaviour", stalled=True, **behaviour)
    for number in range(count):
        emulator.post([contact(number)])
    emulator.change("behaviour", stalled=False)
    wait_for(lambda: not emulator.look("state")["counts"]["imports_unfinished"], "the imports")
    return sorted(emulator.items("imports"), key=lambda one: int(one["finished_real_us"]))


@pytest.mark.parametrize("setting", ["processing_delay_s", "processing_jitter_s"])
def test_an_import_waits_for_its_delay_and_no_longer(emulator: Emulator, setting: str) -> None:
    emulator.change("behaviour", **{setting: HOURS})
    waiting = emulator.post([contact(1)]).json()["id"]
    emulator.change("behaviour", **AT_ONCE)
    emulator.imported([contact(2)])
    assert state(emulator, waiting) == "done"
    emulator.change("behaviour", **{setting: HOURS})
    waiting = emulator.post([contact(3)]).json()["id"]
    assert state(emulator, waiting) == "waiting"


def test_imports_are_processed_in_the_order_in_which_they_came(emulator: Emulator) -> None:
    ended = in_order_of_end(emulator, 5)
    assert ended == sorted(ended, key=lambda one: int(one["sequence"]))


def test_the_newest_import_can_be_processed_first(emulator: Emulator) -> None:
    ended = in_order_of_end(emulator, 5, processing_order="newest")
    assert ended == sorted(ended, key=lambda one: -int(one["sequence"]))


def test_imports_can_be_processed_in_any_order(emulator: Emulator) -> None:
    ended = in_order_of_end(emulator, 5, processing_order="random")
    assert ended == sorted(ended, key=lambda one: float(one["lottery"]))


def test_jitter_lets_a_later_import_overtake(emulator: Emulator) -> None:
    jitter_s = 0.3
    ended = in_order_of_end(emulator, 6, processing_jitter_s=jitter_s)
    assert ended == sorted(
        ended, key=lambda one: one["created_real_us"] + one["lottery"] * jitter_s * 1e6
    )


def test_updated_at_moves_while_rows_are_processed(emulator: Emulator) -> None:
    emulator.change("behaviour", processing_per_row_us=1e8)
    created = emulator.post(
        [contact(number) for number in range(A_CHUNK + 1)], select="id,created_at,updated_at"
    ).json()
    stored = f"imports/{created['id']}"
    wait_for(lambda: emulator.look(stored)["next_row"] == A_CHUNK, "the first chunk")
    (halfway,) = emulator.get(id=f"eq.{created['id']}").json()
    emulator.change("behaviour", **AT_ONCE)
    done = emulator.finished(created["id"])
    assert created["created_at"] == created["updated_at"]
    assert created["updated_at"] < halfway["updated_at"] < done["updated_at"]
    assert (halfway["total_count"], done["total_count"]) == (None, A_CHUNK + 1)


def test_an_import_that_has_begun_is_finished_before_newer_ones(emulator: Emulator) -> None:
    emulator.change("behaviour", processing_per_row_us=1e8, processing_order="newest")
    first = emulator.post([contact(number) for number in range(A_CHUNK + 1)]).json()["id"]
    wait_for(lambda: state(emulator, first) == "processing", "the first import")
    second = emulator.post([contact(1)]).json()["id"]
    emulator.change("behaviour", **AT_ONCE)
    emulator.finished(second)
    ended = sorted(emulator.items("imports"), key=lambda one: int(one["finished_real_us"]))
    assert [one["id"] for one in ended] == [first, second]


def test_of_two_rows_with_one_key_the_later_wins(emulator: Emulator) -> None:
    done = emulator.imported([contact(1, city="Berlin"), contact(1, city="Bonn")])
    assert done["success_count"] == 2
    assert emulator.contact("C-1")["fields"]["city"] == "Bonn"


def test_a_request_that_takes_too_long_is_an_error_whether_or_not_its_import_exists(
    emulator: Emulator,
) -> None:
    rows = [contact(number) for number in range(3_000)]
    emulator.change("limits", request_timeout_s=0.000_001)
    response = emulator.post(rows)
    assert (response.status_code, response.json()["code"]) == (500, "57014")
    emulator.change("limits", request_timeout_s=60)
    assert emulator.look("state")["counts"]["imports"] in (0, 1)
    assert emulator.post(rows[:1]).status_code == 201
