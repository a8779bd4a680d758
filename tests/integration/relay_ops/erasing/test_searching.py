"""A person is looked for in all objects; objects without them are not read twice."""

import json
from collections.abc import Mapping

import pytest

from import_relay.storage.bucket_reads import Bucket
from relay_ops.erasing.erasure import Erasure
from relay_ops.erasing.person import Known
from relay_ops.stack import Stack
from tests.integration.relay_ops.erasing.erased import (
    contacts,
    erase,
    fill_stores,
    mentions,
    person,
    stored,
)
from tests.support.aws import BUCKET
from tests.support.builders import message
from tests.support.finishing import finish
from tests.support.following import ADA
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

__all__ = ["contacts"]  # fixtures


@pytest.mark.usefixtures("contacts")
def test_a_report_is_erased_whose_import_is_not_kept_any_more(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    for prefix in ("imports/", "items/", "rejected/", "outcomes/"):
        for one in stack.objects.keys(prefix):
            relay.aws.s3.delete_object(Bucket=BUCKET, Key=one.key)

    receipt = erase(relay, stack, "7")

    assert mentions(relay, "eve@example.com", "Eve", '"7"') == []
    assert "reports" in receipt["places"]


@pytest.mark.usefixtures("contacts")
def test_a_report_is_erased_though_its_import_was_erased_before(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    before = relay.aws.objects()
    erase(relay, stack, "7")
    for key in before:
        if key.startswith("reports/"):
            relay.aws.s3.put_object(Bucket=BUCKET, Key=key, Body=before[key])
    assert mentions(relay, "eve@example.com")

    receipt = erase(relay, stack, "7")

    assert mentions(relay, "eve@example.com", "Eve", '"7"') == []
    assert "reports" in receipt["places"]


@pytest.mark.parametrize("id_", ["客户甲", "Ä", "Straße"])
@pytest.mark.usefixtures("contacts")
def test_a_person_is_erased_though_each_format_writes_their_id_in_another_way(
    relay: Relay, mateo: MateoImports, stack: Stack, id_: str
) -> None:
    her = {"id": id_, "v": 1, "name": "Eve Example"}
    relay.submit(message([ADA, her], delivery="d1"))
    finish(relay, mateo)

    receipt = erase(relay, stack, id_)

    assert mentions(relay, "Eve") == []
    assert {"imports", "reports"} <= {*receipt["places"]}
    assert Erasure(stack).list_places(Known(ids={f"external_id:{id_}"})).places == {}


def keys_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the objects that are read from now on."""
    read: list[str] = []
    from_s3 = Bucket._read

    def noted(bucket: Bucket, key: str) -> bytes | None:
        read.append(key)
        return from_s3(bucket, key)

    monkeypatch.setattr(Bucket, "_read", noted)
    return read


def test_of_the_reports_without_the_person_only_failures_are_read(
    relay: Relay, mateo: MateoImports, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_stores(relay, mateo)
    read = keys_read(monkeypatch)
    places = Erasure(stack).list_places(Known(ids={"external_id:nobody-47"})).places

    names = [key.rpartition("/")[2] for key in read if key.startswith("reports/")]
    assert (places, names) == ({}, ["failures.ndjson"])
    assert len(read) == len(set(read))


@pytest.mark.usefixtures("contacts")
def test_only_objects_that_hold_the_person_are_read_twice(
    relay: Relay, mateo: MateoImports, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_stores(relay, mateo)
    relay.submit(message([{**ADA, "v": 7}], delivery="d9"))  # an import without her
    finish(relay, mateo)
    (other,) = (one.key for one in stack.objects.keys("imports/") if "ref-2" in one.key)
    erasure = Erasure(stack, sleep=relay.clock.sleep)
    listed = erasure.list_places(person(stack, "7"))
    read = keys_read(monkeypatch)
    erasure.erase(listed.known)

    assert other not in read
    assert mentions(relay, "eve@example.com", "Eve") == []


@pytest.mark.parametrize("holds_her", [True, False])
@pytest.mark.usefixtures("contacts")
def test_an_object_that_changed_after_the_listing_is_searched_again(
    relay: Relay, mateo: MateoImports, stack: Stack, holds_her: bool
) -> None:
    fill_stores(relay, mateo)
    key, name = "rejected/date=2026-11-21/late.ndjson", "Eve" if holds_her else "Zoe"
    line = {"item_id": "d8/0", "outcome": "rejected", "connection": "erp", "item": {"name": name}}
    put(relay, key, line | {"external_id": "7" if holds_her else "8", "type": "contact_details"})
    erasure = Erasure(stack, sleep=relay.clock.sleep)
    listed = erasure.list_places(person(stack, "7"))
    late = {**line, "item_id": "d8/1", "external_id": "7", "type": "contact_details"}
    put(relay, key, late | {"item": {"note": "Eve, later"}})

    erasure.erase(listed.known)

    assert mentions(relay, "Eve") == []
    assert "d8/1" in stored(relay)[key]


def put(relay: Relay, key: str, line: Mapping[str, object]) -> None:
    relay.aws.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(line).encode() + b"\n")
