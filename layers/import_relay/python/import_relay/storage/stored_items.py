"""The items that the bucket keeps for 35 days, object by object, in the order of their keys.

`imports/` has the items of rows, `items/` those that ended without an import. Read by `replaying`.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from import_relay.domain.provenance import ItemProvenance, parse_item
from import_relay.storage.archive import Archive
from import_relay.storage.aws_errors import is_no_object

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

IMPORTS, ITEMS, REPORTS = "imports/", "items/", "reports/"
PREFIXES = (IMPORTS, ITEMS)
CLOCKS_S = 3_600.0
"""How far apart the clocks of S3 and of a receiver may be, with a margin."""


class StoredItems:
    """Lists and reads them; one object is in memory at a time."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._archive = Archive(client, bucket)

    def keys(self, *, written_after: float, begin_with: str = "") -> Iterator[str]:
        """Keys of the objects that were written after a time (s since the epoch), sorted.

        `begin_with`: no key before this one.
        """
        for prefix in PREFIXES:
            if begin_with < prefix or begin_with.startswith(prefix):
                for key, written_at in self._listed(prefix, begin_with):
                    if written_at >= written_after - CLOCKS_S and key >= begin_with:
                        yield key

    def rows(self, reference: str) -> Sequence[Sequence[ItemProvenance]]:
        """The items of each row of an import; none if it is not kept any more."""
        frozen = self._archive.load(reference)
        return [row.items for row in frozen.provenance] if frozen else ()

    def ended(self, key: str) -> list[ItemProvenance]:
        """The items of a batch that ended without an import, each with its `outcome`."""
        content = self._content(key)
        lines = gzip.decompress(content).splitlines() if content else ()
        return [parse_item(json.loads(line)) for line in lines]

    def outcomes(self, date: str, type_: str, reference: str) -> Sequence[str]:
        """How each row of an import ended by its report; none if that is not kept any more."""
        content = self._content(
            f"{REPORTS}date={date}/type={type_}/import={reference}/rows.ndjson.gz"
        )
        lines = gzip.decompress(content).splitlines() if content else ()
        return [json.loads(line)["outcome"] for line in lines]

    def _listed(self, prefix: str, begin_with: str) -> Iterator[tuple[str, float]]:
        # StartAfter excludes its key, so it begins just before that one.
        after = begin_with[:-1] if begin_with.startswith(prefix) else prefix
        while True:
            answer = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, StartAfter=after
            )
            contents = answer.get("Contents", [])
            for one in contents:
                yield one["Key"], one["LastModified"].timestamp()
            if not answer.get("IsTruncated"):
                return
            after = contents[-1]["Key"]

    def _content(self, key: str) -> bytes:
        try:
            return self._archive.fetch(key)
        except ClientError as error:
            if is_no_object(error):
                return b""
            raise
