"""Rows of files that Mateo did not import are stored for the reports of these files."""

import json

from import_relay.domain.codes import CODES
from import_relay.domain.files import file_delivery
from import_relay.domain.provenance import ItemProvenance, RowProvenance
from import_relay.mateo.client import ImportStatus
from import_relay.report.failures import Failure
from import_relay.report.file_row_failures import UNACCOUNTED, write_row_failures
from import_relay.report.findings import Findings, ImportResult, Sent
from import_relay.storage.entries import Entry, State
from tests.support.builders import occurrence

DELIVERIES = [
    file_delivery("customers", 1),
    file_delivery("customers", 1),
    file_delivery("leads", 2),
    "d1",
]
ENTRY = Entry("ref-1", State.SENT, "contact_details", 4, "2026-11-21", 1.5, 120.0)
ROWS = [{"external_id": str(number)} for number in range(4)]
SENT = Sent(
    ROWS,
    [
        RowProvenance(f"k{number}", ("*",), (ItemProvenance(occurrence(number + 2, delivery=one)),))
        for number, one in enumerate(DELIVERIES)
    ],
)


class Bucket:
    """Keeps what is put, line by line."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, object]]] = {}

    def put(self, key: str, content: bytes, *, content_type: str) -> None:
        self.objects[key] = [json.loads(line) for line in content.splitlines()]


def written(status: ImportStatus, *failures: Failure) -> dict[str, list[dict[str, object]]]:
    bucket = Bucket()
    write_row_failures(
        bucket, Findings(ENTRY, SENT, ImportResult(status, failures), timed_out=False)
    )
    return bucket.objects


def test_each_file_has_its_rows_that_mateo_failed_and_webhooks_have_none() -> None:
    status = ImportStatus(id="i1", total_count=4, success_count=1, failed_count=3)
    failed = (Failure("23514", "taken", ROWS[number]) for number in (1, 2, 3))

    found = written(status, *failed)

    about = {"outcome": "failed", "code": "23514", "what": "taken", "import": "ref-1"}
    assert found == {
        "rows/customers/outcomes/ref-1.ndjson": [{"line": 3, **about}],
        "rows/leads/outcomes/ref-1.ndjson": [{"line": 4, **about}],
    }


def test_a_failed_row_that_the_list_does_not_name_is_unaccounted_for() -> None:
    status = ImportStatus(id="i1", total_count=4, success_count=2, failed_count=2)

    found = written(status, Failure("23514", "taken", None), Failure("23514", "bad", None))

    (line,) = found["rows/leads/outcomes/ref-1.ndjson"]
    assert found.keys() == {"rows/leads/outcomes/ref-1.ndjson"}
    assert (line["line"], line["outcome"], line["code"]) == (4, "unaccounted", UNACCOUNTED)
    assert line["what"] == CODES[UNACCOUNTED].what


def test_where_all_rows_are_imported_nothing_is_stored() -> None:
    assert written(ImportStatus(id="i1", total_count=4, success_count=4, failed_count=0)) == {}
