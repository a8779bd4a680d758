"""The items that the bucket keeps, object by object."""

import gzip
import json

from import_relay.storage.stored_items import CLOCKS_S, StoredItems
from tests.support.aws import BUCKET
from tests.support.builders import message
from tests.support.relay import Relay

ADA = {"id": 1, "v": 1, "name": "Ada", "phone": "+4915112345678"}
BAD = {"v": 1, "name": "Nobody"}


def stored(relay: Relay) -> StoredItems:
    return StoredItems(relay.aws.s3, BUCKET)


def put(relay: Relay, *keys: str) -> None:
    for key in keys:
        relay.aws.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")


def test_keys_are_sorted_and_those_of_imports_come_first(relay: Relay) -> None:
    put(relay, "items/b", "imports/2/x", "items/a", "imports/1/x", "reports/c")

    assert list(stored(relay).keys(written_after=0)) == [
        "imports/1/x",
        "imports/2/x",
        "items/a",
        "items/b",
    ]


def test_a_listing_may_begin_at_any_key(relay: Relay) -> None:
    put(relay, "imports/1", "imports/2", "items/1", "items/2")

    def after(key: str) -> list[str]:
        return list(stored(relay).keys(written_after=0, begin_with=key))

    assert after("imports/2") == ["imports/2", "items/1", "items/2"]
    assert after("items/2") == ["items/2"]
    assert after("items/3") == []


def test_what_was_written_before_is_left_out_with_a_margin_for_clocks(relay: Relay) -> None:
    put(relay, "items/1")
    (listed,) = relay.aws.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    written_at = listed["LastModified"].timestamp()

    assert list(stored(relay).keys(written_after=written_at + CLOCKS_S))
    assert not list(stored(relay).keys(written_after=written_at + CLOCKS_S + 1))


def test_the_items_of_rows_and_those_that_ended_without_one_are_read(relay: Relay) -> None:
    relay.submit(message([ADA, BAD]))

    ((row,),) = stored(relay).rows("ref-1")
    (key,) = [one for one in stored(relay).keys(written_after=0) if one.startswith("items/")]
    (ended,) = stored(relay).ended(key)

    assert (row.occurrence.number, row.occurrence.item) == (0, ADA)
    assert (ended.occurrence.number, ended.occurrence.item) == (1, BAD)


def test_objects_that_were_deleted_have_no_items(relay: Relay) -> None:
    assert stored(relay).rows("gone") == ()
    assert stored(relay).ended("items/gone") == []
    assert stored(relay).outcomes("2026-11-21", "contact_details", "gone") == []


def test_the_outcomes_of_a_report_are_read_row_by_row(relay: Relay) -> None:
    lines = [{"row": 0, "outcome": "imported"}, {"row": 1, "outcome": "failed"}]
    content = gzip.compress("\n".join(map(json.dumps, lines)).encode())
    key = "reports/date=2026-11-21/type=contact_details/import=ref-1/rows.ndjson.gz"
    relay.aws.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    found = stored(relay).outcomes("2026-11-21", "contact_details", "ref-1")

    assert found == ["imported", "failed"]
