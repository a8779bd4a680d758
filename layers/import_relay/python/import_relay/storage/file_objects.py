"""The objects of files in the bucket: the inbox, pages of rows, and what is written of a file.

inbox/<connection>/…        as it was uploaded; `….error.json` beside it if it cannot be read
rows/<file>/pages/00001.ndjson.gz   what was read of it, until it is reported
rows/<file>/outcomes/…      its rows that were not imported (`row_failures`)
files/<connection>/…/<file>/        its report
"""

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from botocore.exceptions import ClientError

from import_relay.domain.batches import batches
from import_relay.domain.files import INBOX, FileRow
from import_relay.domain.report_text import finite
from import_relay.storage.aws_errors import code_of
from import_relay.storage.row_failures import row_failures_prefix

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KEYS_PER_CALL = 1000
"""Objects of one DeleteObjects (AWS: S3 API)."""
_GONE = frozenset({"NoSuchKey", "404", "412", "PreconditionFailed"})


class Upload(NamedTuple):
    """An object of the inbox. `modified`: when it was uploaded, in µs since the epoch."""

    key: str
    etag: str
    size: int
    modified: int


class FileObjects:
    """Reads and writes them."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def exists(self, key: str) -> bool:
        """Whether there is an object of this key."""
        return any(one["Key"] == key for one in self._listed(key))

    def upload(self, key: str) -> Upload | None:
        """An object of the inbox; None if it is gone."""
        found = next(self._listed(key), None)
        return _listed_upload(found) if found and found["Key"] == key else None

    def inbox(self) -> Iterator[Upload]:
        """Everything in the inbox."""
        for one in self._listed(INBOX):
            yield _listed_upload(one)

    def opener(self, key: str, etag: str) -> Callable[[], BinaryIO]:
        """Opens an object at its beginning, as long as its content is this one.

        Raises (when called):
            LookupError: it was deleted or replaced.
        """

        def opened() -> BinaryIO:
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key, IfMatch=f'"{etag}"')
            except ClientError as error:
                if code_of(error) in _GONE:
                    raise LookupError(key) from error
                raise
            return cast(BinaryIO, answer["Body"])

        return opened

    def put_page(self, file: str, number: int, rows: Sequence[FileRow]) -> None:
        """Store a page of rows; the same page again replaces it."""
        lines = "\n".join(json.dumps(_standard(row)) for row in rows)
        self.put(_page_key(file, number), gzip.compress(lines.encode(), 1, mtime=0), "gzip")

    def page(self, file: str, number: int) -> list[FileRow]:
        """The rows of a page."""
        answer = self._client.get_object(Bucket=self._bucket, Key=_page_key(file, number))
        lines = gzip.decompress(answer["Body"].read()).splitlines()
        return [FileRow(*json.loads(line)) for line in lines]

    def outcomes(self, file: str) -> Iterator[dict[str, Any]]:
        """How rows ended that were not imported, oldest object first."""
        found = sorted(self._listed(row_failures_prefix(file)), key=lambda one: one["LastModified"])
        for one in found:
            answer = self._client.get_object(Bucket=self._bucket, Key=one["Key"])
            for line in answer["Body"].read().splitlines():
                yield json.loads(line)

    def put(self, key: str, content: bytes, kind: str) -> None:
        """Store an object of the media type `application/<kind>`."""
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=content, ContentType=f"application/{kind}"
        )

    def put_file(self, key: str, content: BinaryIO, content_type: str) -> None:
        """Store what may be larger than memory."""
        self._client.upload_fileobj(
            content, self._bucket, key, ExtraArgs={"ContentType": content_type}
        )

    def forget_rows(self, file: str) -> None:
        """Delete the pages of a file that is reported: the report has what a person needs."""
        keys = [{"Key": one["Key"]} for one in self._listed(f"rows/{file}/")]
        for some in batches(keys, KEYS_PER_CALL):
            self._client.delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": some, "Quiet": True},  # type: ignore[typeddict-item]
            )

    def delete(self, key: str) -> None:
        """Delete an object, if it is there."""
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def _listed(self, prefix: str) -> Iterator[Any]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            yield from page.get("Contents", ())


def _listed_upload(one: Any) -> Upload:
    modified = int(one["LastModified"].timestamp() * 1_000_000)
    return Upload(one["Key"], one["ETag"].strip('"'), one["Size"], modified)


def _page_key(file: str, number: int) -> str:
    return f"rows/{file}/pages/{number:05}.ndjson.gz"


def _standard(row: FileRow) -> Sequence[object]:
    return row if row.record is None else (row.line, finite(row.record))
