"""Which items a replay puts back, and in which messages."""

import gzip
import json
from collections.abc import Sequence
from typing import Any

import pytest

from import_relay.domain.queue_messages import (
    MAX_ITEM_B,
    MAX_ITEMS_PER_MESSAGE,
    MAX_MESSAGE_B,
)
from import_relay.storage.replays import Selection
from tests.integration.bulk.put_back import (
    ADA,
    BAD,
    D1,
    D2,
    DAY_S,
    EVERYTHING,
    close,
    contents,
    counts,
    imported,
    put_back,
    received,
    relay,
    replaying,
)
from tests.support import aws as resources
from tests.support.builders import NOON
from tests.support.relay import Relay

__all__ = ["relay"]  # fixtures


# which items


def test_what_has_not_ended_is_not_put_back(relay: Relay) -> None:
    relay.submit(received(ADA))  # its import is open

    assert not put_back(relay)


def test_an_item_whose_row_was_retried_is_put_back_with_its_last_import_only(
    relay: Relay,
) -> None:
    relay.submit(received(ADA, ADA | {"id": "2"}))
    close(relay, "ref-1", retried="0")

    (content,) = contents(put_back(relay))

    assert [one["n"] for one in content["items"]] == [1]


def test_an_item_in_two_objects_is_put_back_once(relay: Relay) -> None:
    relay.submit(received(BAD))
    found = replaying(relay).parts.items
    (key,) = found.keys(written_after=0.0)
    relay.aws.s3.put_object(
        Bucket=resources.BUCKET,
        Key=key.replace("inv", "other"),
        Body=relay.aws.objects(key)[key],
    )

    assert len(put_back(relay)) == 1


def test_the_copy_that_a_replay_put_back_is_not_put_back_by_the_next(relay: Relay) -> None:
    relay.submit(received(BAD))
    relay.submit(*put_back(relay), invocation="second")

    (content,) = contents(put_back(relay, id_="20261126T090000-a1b2c3"))

    assert content["delivery"] == f"{D1}.20261126T090000-a1b2c3"


@pytest.mark.parametrize(
    ("selection", "items"),
    [
        (EVERYTHING, 3),
        (Selection(NOON, NOON + 1), 3),
        (Selection(NOON - 1, NOON), 0),
        (Selection(NOON + 1, NOON + DAY_S), 0),
        (Selection(NOON, NOON + 1, "erp"), 3),
        (Selection(NOON, NOON + 1, "another"), 0),
        (Selection(NOON, NOON + 1, outcome="rejected"), 1),
        (Selection(NOON, NOON + 1, outcome="failed"), 1),
    ],
)
def test_items_are_selected_by_connection_receipt_and_outcome(
    relay: Relay, selection: Selection, items: int
) -> None:
    imported(relay, received(ADA, ADA | {"id": "2"}), received(BAD, delivery=D2))
    reported(relay, "ref-1", ["imported", "failed"])

    found = replaying(relay).count(selection)

    assert (found.total, found.by_connection.total()) == (items, items)
    assert not relay.aws.taken(relay.aws.bulk_queue_url)
    assert "replayed" not in counts(relay)["2026-11-21"]


def reported(relay: Relay, reference: str, found: Sequence[str]) -> None:
    """Write the lines of a report that a replay reads."""
    text = "\n".join(json.dumps({"outcome": one}) for one in found)
    folder = f"reports/date=2026-11-21/type=contact_details/import={reference}"
    relay.archive.put(
        f"{folder}/rows.ndjson.gz", gzip.compress(text.encode()), content_type="application/gzip"
    )


# the wire format


def test_messages_keep_to_the_limits_of_the_queue(relay: Relay) -> None:
    items = [ADA | {"id": str(n), "name": "x" * 4_000} for n in range(250)]
    imported(relay, received(*items))

    bodies = put_back(relay)

    assert sum(len(one["items"]) for one in contents(bodies)) == 250
    assert all(len(one["items"]) <= MAX_ITEMS_PER_MESSAGE for one in contents(bodies))
    assert all(len(body.encode()) <= MAX_MESSAGE_B + 5_000 for body in bodies)


def test_an_item_too_large_for_the_queue_is_put_back_as_a_pointer_to_its_object(
    relay: Relay,
) -> None:
    item = ADA | {"note": "x" * MAX_ITEM_B}
    key = f"oversize/{D1}/0.json"
    relay.archive.put(key, json.dumps(item).encode(), content_type="application/json")
    body = json.loads(received(None))
    del body["items"][0]["item"]
    body["items"][0]["at"] = key
    imported(relay, json.dumps(body))

    (content,) = contents(put_back(relay))
    imported(relay, json.dumps(content))

    assert content["items"][0]["at"] == key
    assert len(relay.mateo.rows) == 2


def test_more_objects_than_a_listing_names_are_all_read(relay: Relay) -> None:
    for n in range(5):
        relay.submit(received(BAD, delivery=f"{D1}{n}"), invocation=f"inv-{n}")
    s3 = Paged(relay.aws.s3)
    found = replaying(relay).parts.items
    paged = type(found)(s3, resources.BUCKET)  # type: ignore[arg-type]

    assert list(paged.keys(written_after=0.0)) == sorted(relay.aws.objects("items/"))
    assert s3.calls > 2


class Paged:
    """S3 with two keys to a listing."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls = 0

    def list_objects_v2(self, **request: Any) -> Any:
        self.calls += 1
        return self._client.list_objects_v2(**request, MaxKeys=2)
