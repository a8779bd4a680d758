"""Reading many items: all that exist, whatever DynamoDB leaves unanswered."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.retrying import READ_ITEMS
from import_relay.storage.bulk_reads import READ_BATCH, read_items
from tests.support.aws import LEDGER
from tests.support.clients import Overruling, Recording, client_error
from tests.support.relay import Relay


def keys(number: int) -> list[dict[str, Any]]:
    return [{"pk": {"S": f"k{n}"}} for n in range(number)]


@pytest.fixture
def stored(relay: Relay) -> set[str]:
    """The keys of 230 items; that of a 231st is not among them."""
    for key in keys(230):
        relay.aws.dynamodb.put_item(TableName=LEDGER, Item={**key, "note": {"S": "x"}})
    return {key["pk"]["S"] for key in keys(230)}


def names(items: Iterator[Any]) -> list[str]:
    return [item["pk"]["S"] for item in items]


def read(relay: Relay, wanted: Sequence[Any], **methods: Any) -> list[str]:
    """Keys of the items that were found by a client with these methods replaced."""
    client: Any = Overruling(relay.aws.dynamodb, **methods)
    return names(read_items(client, LEDGER, wanted, sleep=relay.clock.sleep))


def test_each_item_that_exists_is_found_once(relay: Relay, stored: set[str]) -> None:
    found = read(relay, keys(231))

    assert len(found) == 230
    assert set(found) == stored


def test_no_call_asks_for_more_keys_than_it_may_and_all_read_consistently(
    relay: Relay, stored: set[str]
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []
    client: Any = Recording(relay.aws.dynamodb, calls)

    found = names(read_items(client, LEDGER, keys(230), sleep=relay.clock.sleep))

    asked = [arguments["RequestItems"][LEDGER] for _, arguments in calls]
    assert len(found) == len(stored)
    assert [len(one["Keys"]) for one in asked] == [READ_BATCH, READ_BATCH, 30]
    assert all(one["ConsistentRead"] is True for one in asked)


def test_without_keys_nothing_is_asked(relay: Relay) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []
    client: Any = Recording(relay.aws.dynamodb, calls)

    assert names(read_items(client, LEDGER, [], sleep=relay.clock.sleep)) == []
    assert calls == []


def test_only_the_attributes_that_are_asked_for_are_read(relay: Relay, stored: set[str]) -> None:
    request = {"ProjectionExpression": "pk"}

    (item,) = read_items(
        relay.aws.dynamodb, LEDGER, keys(1), request=request, sleep=relay.clock.sleep
    )

    assert item == {"pk": {"S": "k0"}}


def test_what_was_left_unread_is_asked_for_again_in_the_same_way(
    relay: Relay, stored: set[str]
) -> None:
    asked: list[Any] = []

    def answer_forty(real: Any, *, RequestItems: Any) -> Any:  # noqa: N803  # boto3's names
        wanted = RequestItems[LEDGER]
        asked.append((len(wanted["Keys"]), wanted["ConsistentRead"]))
        some = {LEDGER: {**wanted, "Keys": wanted["Keys"][:40]}}
        left = {LEDGER: {"Keys": wanted["Keys"][40:]}} if wanted["Keys"][40:] else {}
        return {**real(RequestItems=some), "UnprocessedKeys": left}

    found = read(relay, keys(130), batch_get_item=answer_forty)

    assert sorted(found) == sorted(key["pk"]["S"] for key in keys(130))
    assert asked == [(100, True), (60, True), (20, True), (30, True)]


def test_a_table_that_leaves_all_keys_unread_again_and_again_is_unavailable(relay: Relay) -> None:
    times: list[float] = []

    def nothing(real: Any, *, RequestItems: Any) -> Any:  # noqa: N803
        times.append(relay.clock.now)
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    with pytest.raises(StoreUnavailable):
        read(relay, keys(1), batch_get_item=nothing)

    waits = [after - before for before, after in pairwise(times)]
    assert len(times) == READ_ITEMS.tries
    assert waits == sorted(waits)
    assert 0 < waits[0] < waits[-1]


def test_an_error_of_one_call_is_an_error_of_the_whole(relay: Relay, stored: set[str]) -> None:
    calls = []

    def second_fails(real: Any, **arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise client_error("AccessDeniedException")
        return real(**arguments)

    with pytest.raises(ClientError, match="AccessDenied"):
        read(relay, keys(230), batch_get_item=second_fails)
