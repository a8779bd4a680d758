"""Items that were stored apart are loaded one after the other, as many as a batch may hold."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.models import Occurrence, Pointer
from import_relay.domain.reasons import reason_of
from import_relay.submit.loading import (
    MAX_BATCH_B,
    MAX_BATCH_VALUES,
    MAX_ITEM_VALUES,
    MAX_LOADED_ITEM_B,
    Loading,
    count_values,
)
from tests.support.builders import occurrence
from tests.support.clients import client_error

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def pointed(number: int) -> Occurrence:
    return occurrence(number, item=Pointer(f"oversize/d1/{number}.json"))


def loading(
    fetch: Callable[[str], bytes], is_in_time: Callable[[], bool] = lambda: True
) -> Loading:
    return Loading(lambda key, *, most: fetch(key)[: most + 1], is_in_time)


def item_ids(occurrences: list[Occurrence]) -> list[str]:
    return [one.item_id for one in occurrences]


def count_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(count_of, value.values()))
    return 1 + sum(map(count_of, value)) if isinstance(value, list) else 1


@given(VALUES)
def test_no_value_is_overlooked(value: object) -> None:
    assert count_values(json.dumps(value).encode()) >= count_of(value)


def test_what_was_not_stored_apart_needs_no_loading() -> None:
    one = occurrence(item={"id": 1})

    assert loading(lambda key: b"").load([one]) == [one]


def test_a_pointer_becomes_its_item() -> None:
    (one,) = loading(lambda key: json.dumps({"key": key}).encode()).load([pointed(3)])

    assert one.item == {"key": "oversize/d1/3.json"}


def test_an_item_of_far_too_many_values_or_bytes_is_rejected_alone() -> None:
    """Six megabytes of `[],` would be 240 MB of lists."""
    texts = {
        "oversize/d1/0.json": b"[" + b"[]," * MAX_ITEM_VALUES + b"[]]",
        "oversize/d1/1.json": b'"' + b"x" * MAX_LOADED_ITEM_B + b'"',
        "oversize/d1/2.json": b'{"id": 2}',
    }
    loader = loading(texts.__getitem__)

    found = loader.load([pointed(n) for n in range(3)])

    assert [one.item for one in found] == [{"id": 2}]
    assert [(one.occurrence.number, one.reason) for one in loader.outcomes] == [
        (0, "row.too_many_values"),
        (1, "row.too_many_values"),
    ]


def test_what_does_not_fit_into_a_batch_waits_and_is_not_even_fetched() -> None:
    fetched: list[str] = []

    def fetch(key: str) -> bytes:
        fetched.append(key)
        return json.dumps("x" * 6_000_000).encode()

    loader = loading(fetch)

    found = loader.load([pointed(n) for n in range(1_000)])

    assert sum(len(str(one.item)) for one in found) <= MAX_BATCH_B
    assert item_ids(found) == [f"d1/{n}" for n in range(5)]
    assert len(loader.waiting) == 995
    assert len(fetched) == 6


def test_many_values_fill_a_batch_as_well() -> None:
    loader = loading(lambda key: b"[" + b"1," * (MAX_ITEM_VALUES - 2) + b"1]")

    found = loader.load([pointed(n) for n in range(9)])

    assert len(found) == MAX_BATCH_VALUES // MAX_ITEM_VALUES
    assert len(loader.waiting) == 9 - len(found)


def test_without_time_nothing_is_loaded() -> None:
    loader = loading(lambda key: b"{}", lambda: False)

    assert loader.load([pointed(0)]) == []
    assert loader.waiting == {"d1/0"}


def test_an_item_that_cannot_be_loaded_hurts_no_other() -> None:
    def fetch(key: str) -> bytes:
        if key.endswith("/0.json"):
            raise client_error("NoSuchKey")
        return b"no JSON" if key.endswith("/1.json") else b"{}"

    loader = loading(fetch)

    assert item_ids(loader.load([pointed(n) for n in range(3)])) == ["d1/2"]
    assert loader.failed == {
        "d1/0": "ClientError: NoSuchKey in Anything",
        "d1/1": "JSONDecodeError",
    }


@pytest.mark.parametrize("error", [KeyError("key"), OSError("TLS"), StoreUnavailable("S3")])
def test_whatever_fails_the_loading_of_an_item_hurts_no_other(error: Exception) -> None:
    def fetch(key: str) -> bytes:
        if key.endswith("/0.json"):
            raise error
        return b"{}"

    loader = loading(fetch)

    assert item_ids(loader.load([pointed(n) for n in range(2)])) == ["d1/1"]
    assert loader.failed == {"d1/0": reason_of(error)}


def test_memory_that_runs_out_may_be_any_items_fault() -> None:
    def fetch(_: str) -> bytes:
        raise MemoryError

    with pytest.raises(MemoryError):
        loading(fetch).load([pointed(0)])
