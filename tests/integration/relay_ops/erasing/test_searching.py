"""Where a person is looked for: everywhere, but nothing is read twice or in vain."""

import pytest

from import_relay.storage.bucket_reads import Bucket
from relay_ops.erasing.erasure import Erasure
from relay_ops.erasing.person import Known
from relay_ops.stack import Stack
from tests.integration.relay_ops.erasing.erased import contacts, erase, mentions, practised
from tests.support.aws import BUCKET
from tests.support.builders import message
from tests.support.ended import end
from tests.support.ends import ADA
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

__all__ = ["contacts"]  # fixtures


@pytest.mark.usefixtures("contacts")
def test_a_report_is_erased_whose_import_is_not_kept_any_more(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
    for prefix in ("imports/", "items/", "rejected/", "outcomes/"):
        for one in stack.objects.keys(prefix):
            relay.aws.s3.delete_object(Bucket=BUCKET, Key=one.key)

    receipt = erase(relay, stack, "7")

    assert mentions(relay, "eve@example.com", "Eve", '"7"') == []
    assert "reports" in receipt["places"]


@pytest.mark.usefixtures("contacts")
def test_a_report_that_still_names_somebody_is_erased_though_its_import_is_empty_already(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    practised(relay, mateo)
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
def test_a_person_is_erased_whose_id_every_format_writes_in_its_own_way(
    relay: Relay, mateo: MateoImports, stack: Stack, id_: str
) -> None:
    her = {"id": id_, "v": 1, "name": "Eve Example"}
    relay.submit(message([ADA, her], delivery="d1"))
    end(relay, mateo)

    receipt = erase(relay, stack, id_)

    assert mentions(relay, "Eve") == []
    assert {"imports", "reports"} <= {*receipt["places"]}
    assert Erasure(stack).list_places(Known(ids={f"external_id:{id_}"})).places == {}


def test_of_imports_without_the_person_no_report_is_read_but_what_mateo_says(
    relay: Relay, mateo: MateoImports, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    practised(relay, mateo)
    read: list[str] = []
    from_s3 = Bucket._read

    def noted(bucket: Bucket, key: str) -> bytes | None:
        read.append(key)
        return from_s3(bucket, key)

    monkeypatch.setattr(Bucket, "_read", noted)
    places = Erasure(stack).list_places(Known(ids={"external_id:nobody-47"})).places

    names = [key.rpartition("/")[2] for key in read if key.startswith("reports/")]
    assert (places, names) == ({}, ["failures.ndjson"])
    assert len(read) == len(set(read))
