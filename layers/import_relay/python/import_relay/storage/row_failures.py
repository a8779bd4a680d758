"""Why single rows of files were not imported, kept in the bucket until their file is reported.

One object per file and import or batch: `rows/<file>/outcomes/<name>.ndjson`. Reporting and
submission write it before they count the outcomes. Lines: `{"line", "code", "what", "field"?,
"batch"?}`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from import_relay.domain.files import file_of
from import_relay.domain.report_text import ndjson_content


class Puts(Protocol):
    """What stores an object: `Archive`."""

    def put(self, key: str, content: bytes, *, content_type: str) -> None:
        """Store an object; the same key again replaces it."""


def row_failures_prefix(file: str) -> str:
    """Where the failures of a file's rows are."""
    return f"rows/{file}/outcomes/"


def put_row_failures(
    archive: Puts,
    failures: Iterable[tuple[str, Mapping[str, Any]]],
    name: str,
    *,
    replaced: Iterable[str] = (),
) -> None:
    """Store failures, each given as its delivery and its line; those of webhooks are left out.

    `name`: of the import or batch in which the rows failed. `replaced`: deliveries of which earlier
    failures of that name may be stored; they are replaced even if nothing failed.
    """
    by_file: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    by_file |= {file: [] for delivery in replaced if (file := file_of(delivery))}
    for delivery, failure in failures:
        if file := file_of(delivery):
            by_file[file].append(failure)
    for file, lines in by_file.items():
        key = f"{row_failures_prefix(file)}{name}.ndjson"
        archive.put(key, ndjson_content(lines), content_type="application/x-ndjson")
