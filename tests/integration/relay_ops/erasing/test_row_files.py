"""A person is erased from files of rows; rows of others stay."""

import gzip
import json

import pytest

from import_relay.domain.files import FileRow
from import_relay.storage.file_objects import FileObjects
from import_relay.storage.files import Files, RowFile
from relay_ops.erasing.demands import pending
from relay_ops.erasing.erasure import Erasure
from relay_ops.exits import CommandError
from relay_ops.stack import Stack
from tests.integration.relay_ops.erasing.erased import (
    contacts,
    erase,
    fill_stores,
    mentions,
    stored,
)
from tests.support import aws as resources
from tests.support.aws import BUCKET
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

__all__ = ["contacts"]  # fixtures


@pytest.mark.usefixtures("contacts")
def test_a_person_is_erased_from_files_of_rows_once_they_are_read(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    s3, key = relay.aws.s3, "inbox/erp/people.csv"
    table = 'id,name,"E-\nmail"\r\n2,Bob,bob@example.com\r\n7,Eve,eve@example.com\r\n'
    etag = s3.put_object(Bucket=resources.BUCKET, Key=key, Body=table.encode())["ETag"]
    file = RowFile(key, etag.strip('"'), "erp", int(relay.clock() * 1_000_000))
    files = Files(relay.aws.dynamodb, resources.LEDGER, relay.outcome_counts, clock=relay.clock)
    assert files.begin(file)
    with pytest.raises(CommandError, match=r"people\.csv is not finished"):
        erase(relay, stack, "7")

    text = "7;Eve;eve@example.com"
    rows = [FileRow(2, {"id": "2", "name": "Bob"}), FileRow(3, {"id": "7", "name": "Eve"})]
    rows.append(FileRow(4, None, "file.cells", "", text))
    rows.append(FileRow(5, {"id": "", "relay_row": text}))  # of a table that was uploaded again
    FileObjects(s3, resources.BUCKET).put_page(file.id, 0, rows)
    s3.put_object(Bucket=resources.BUCKET, Key=f"{file.folder}/failures.csv", Body=table.encode())
    unread = f"id,relay_row\r\n,{text}\r\n,2;Bob\r\n".encode()
    s3.put_object(Bucket=resources.BUCKET, Key=f"{file.folder}/more/failures.csv", Body=unread)
    said = {"item_id": "f/4", "connection": "erp", "type": None, "external_id": None}
    line = json.dumps({**said, "item": text, "value": text, "outcome": "rejected"})
    s3.put_object(Bucket=resources.BUCKET, Key="rejected/file-4.ndjson", Body=line.encode())
    assert files.advance(file, pages=1, rows=2, is_read=True)
    (kept,) = pending(stack)
    assert kept.known
    erasure = Erasure(stack)
    erasure.erase(erasure.list_places(kept.known).known, kept.key)

    left = stored(relay)
    assert key not in left
    assert 'id,name,"E-\nmail"\r\n2,Bob,bob@' in left[f"{file.folder}/failures.csv"]
    assert "Bob" in next(text for name, text in left.items() if name.startswith("rows/"))
    assert mentions(relay, "eve@example.com", "Eve") == []


@pytest.mark.usefixtures("contacts")
def test_a_broken_upload_prevents_no_erasure(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    packed = gzip.compress(b"id,name\r\n9,Zoe\r\n" * 99)
    for name, body in (("cut", packed[:-9]), ("other", b"\x1f\x8b nothing")):
        relay.aws.s3.put_object(Bucket=BUCKET, Key=f"inbox/erp/{name}.csv.gz", Body=body)
    receipt = erase(relay, stack, "7")
    assert receipt["unreadable_uploads"] == 2
    assert len(relay.aws.objects("inbox/")) == 2


@pytest.mark.usefixtures("contacts")
def test_a_refused_upload_is_deleted_only_on_demand(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    key, table = "inbox/nobody/people.csv", b"id,email\r\n7,eve@example.com\r\n2,b@example.com\r\n"
    etag = relay.aws.s3.put_object(Bucket=BUCKET, Key=key, Body=table)["ETag"].strip('"')
    file = RowFile(key, etag, "nobody", int(relay.clock() * 1_000_000))
    files = Files(relay.aws.dynamodb, resources.LEDGER, relay.outcome_counts, clock=relay.clock)
    assert files.begin(file)
    assert files.refuse(file, "file.unknown_connection")
    with pytest.raises(CommandError, match=r"people\.csv was refused.*--pending"):
        erase(relay, stack, "7")
    assert relay.aws.objects("inbox/")[key] == table

    (kept,) = pending(stack)
    assert kept.known
    erasure = Erasure(stack, delete_refused=True)
    erasure.erase(erasure.list_places(kept.known).known, kept.key)
    assert relay.aws.objects("inbox/") == {}
