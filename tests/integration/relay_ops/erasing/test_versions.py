"""Old versions of objects with the person are erased too."""

import gzip

import pytest
import time_machine

from import_relay.report.tables import as_workbook
from relay_ops.erasing.person import Known, Person
from relay_ops.erasing.versions import erase_old_versions
from relay_ops.stack import Stack
from tests.integration.relay_ops.erasing.erased import contacts, erase, fill_stores
from tests.support import aws as resources
from tests.support.aws import BUCKET
from tests.support.builders import NOON
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

__all__ = ["contacts"]  # fixtures


@pytest.mark.usefixtures("contacts")
def test_old_versions_are_erased_where_a_bucket_keeps_them(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.aws.s3.put_bucket_versioning(
        Bucket=resources.BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    fill_stores(relay, mateo)
    with time_machine.travel(NOON + 3_600, tick=True):  # moto orders versions by their time
        erase(relay, stack, "7")
    versions = relay.aws.s3.list_object_versions(Bucket=resources.BUCKET)["Versions"]
    for one in versions:
        body = relay.aws.s3.get_object(
            Bucket=resources.BUCKET, Key=one["Key"], VersionId=one["VersionId"]
        )["Body"].read()
        text = gzip.decompress(body) if one["Key"].endswith(".gz") else body
        assert b"eve@example.com" not in text, one["Key"]


def test_an_old_workbook_is_searched(relay: Relay, stack: Stack) -> None:
    relay.aws.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    eve = Person(Known(handles={"email:eve@example.com"}))
    for name, email in (("eve", "Eve@example.com"), ("bob", "bob@example.com")):
        table = as_workbook("failures", ["email"], [[email]], created_at=NOON)
        for body, at in ((table, NOON), (b"", NOON + 60)):
            with time_machine.travel(at, tick=False):
                relay.aws.s3.put_object(Bucket=BUCKET, Key=f"daily/{name}.xlsx", Body=body)
    assert erase_old_versions(stack, eve) == 1
    assert erase_old_versions(stack, eve, {"daily/bob.xlsx"}) == 1
