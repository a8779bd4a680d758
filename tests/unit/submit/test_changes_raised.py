"""An item that raises an error nobody expects ends none of the others."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ReadTimeoutError

from import_relay.domain.errors import LeaseHeld, StoreUnavailable
from import_relay.domain.models import Outcome
from import_relay.submit import changes
from import_relay.submit.changes import OF_NO_ITEM, RAISED, Mapped
from import_relay.submit.connection_mappings import ConnectionMappings
from import_relay.submit.fetched_records import RecordsFetched
from tests.support.builders import occurrence
from tests.support.clients import client_error
from tests.unit.submit.interpreted import CAUGHT_UP, JO, ZOHO, mapped, notified

SECRET = "canary.mail@example.com"
OF_NO_ITEMS = [
    MemoryError(),
    ConnectionResetError(),
    TimeoutError(),
    client_error("ThrottlingException"),
    ReadTimeoutError(endpoint_url="aws"),
    StoreUnavailable(),
    LeaseHeld(),
]
STEPS = ["interpret", "wants_record", "paths", "map"]
"""What `Mapper` asks the mappings of a connection for, for each item."""


def fail(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, error: Exception, *, first: int = 0
) -> None:
    """Raise an error in one call of a function, and do as ever in the others."""
    real: Callable[..., Any] = getattr(owner, name)
    calls = iter(range(1_000))

    def method(*given: Any, **more: Any) -> Any:
        if next(calls) == first:
            raise error
        return real(*given, **more)

    monkeypatch.setattr(owner, name, method)


def three() -> Mapped:
    """Id-only records are neither read nor gone here, so they are mapped as far as they are known.

    The last one is the notification of a deletion.
    """
    items = [notified(n, values={"Last_Name": "A"}) for n in range(2)]
    return mapped([*items, notified(2, operation="delete")], text=ZOHO)


def assert_the_first_was_set_apart(result: Mapped, error: type[Exception]) -> None:
    (one,) = result.raised
    assert (one.occurrence.item_id, one.outcome, one.reason) == ("d1/0", Outcome.REJECTED, RAISED)
    assert one.detail.startswith(f"{error.__name__} at ")
    assert SECRET not in one.detail
    others = [one.occurrence.item_id for one in result.changes]
    others += [one.occurrence.item_id for one in result.outcomes]
    assert sorted(others) == ["d1/1", "d1/2"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [KeyError(SECRET), RecursionError(SECRET), OSError(SECRET)])
def test_an_error_in_any_step_of_an_item_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    fail(monkeypatch, ConnectionMappings, step, error)

    assert_the_first_was_set_apart(three(), type(error))


@pytest.mark.parametrize("step", ["interpret", "map"])
@pytest.mark.parametrize("error", OF_NO_ITEMS, ids=lambda one: type(one).__name__)
def test_an_error_that_says_nothing_of_the_item_is_raised(
    monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    fail(monkeypatch, ConnectionMappings, step, error)

    with pytest.raises(OF_NO_ITEM):
        three()


@pytest.mark.parametrize("name", ["identified", "alias"])
def test_an_item_whose_end_raises_an_error_has_no_outcome_besides(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    gone = RecordsFetched(gone={JO}, at=CAUGHT_UP)
    twice = [notified(0), notified(1)]
    fail(monkeypatch, changes, name, KeyError(SECRET))

    result = mapped(twice, gone, ZOHO)

    assert [one.occurrence.item_id for one in result.raised] == ["d1/0"]
    assert [one.occurrence.item_id for one in result.outcomes] == ["d1/1"]
    assert result.fetched_keys.keys() == {"d1/1"}


def test_what_was_set_apart_before_is_kept() -> None:
    def raise_error(_: object) -> NoReturn:
        raise KeyError(SECRET)

    both = Mapped()
    for number in range(2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ConnectionMappings, "interpret", lambda _, item: raise_error(item))
            both.add(mapped([occurrence(number, item={"id": 1})]))

    assert [one.occurrence.item_id for one in both.raised] == ["d1/0", "d1/1"]
