"""Rows of files that Mateo did not import are stored for the reports of these files."""

import json

import pytest

from import_relay.domain.codes import CODES
from import_relay.domain.files import file_delivery
from import_relay.domain.provenance import ItemProvenance, RowProvenance
from import_relay.mateo.client import ImportStatus
from import_relay.report.failures import Failure
from import_relay.report.file_row_failures import write_row_failures
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


def written(
    status: ImportStatus, *failures: Failure, entry: Entry = ENTRY, timed_out: bool = False
) -> dict[str, list[dict[str, object]]]:
    bucket = Bucket()
    result = ImportResult(status, failures)
    write_row_failures(bucket, Findings(entry, SENT, result, timed_out))
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


@pytest.mark.parametrize(
    ("counts", "listed", "timed_out", "code"),
    [
        ((4, 2, 2), 2, False, "failures.unexplained"),
        ((4, 2, 2), 0, False, "failures.unavailable"),
        ((None, None, None), 0, True, "import.unfinished"),
    ],
)
def test_a_row_without_a_result_has_the_reason_why_there_is_none(
    counts: tuple[int | None, int | None, int | None], listed: int, timed_out: bool, code: str
) -> None:
    total, success, failed = counts
    status = ImportStatus(id="i1", total_count=total, success_count=success, failed_count=failed)
    failures = [Failure("23514", f"bad {number}", None) for number in range(listed)]

    found = written(status, *failures, timed_out=timed_out)

    (line,) = found["rows/leads/outcomes/ref-1.ndjson"]
    assert (line["line"], line["outcome"], line["code"]) == (4, "unaccounted", code)
    assert line["what"] == CODES[code].what


def test_what_a_report_stored_that_died_is_replaced_although_all_rows_are_imported() -> None:
    """Mateo may finish an import between two reports: the first one knew no result."""
    status = ImportStatus(id="i1", total_count=4, success_count=4, failed_count=0)

    assert written(status, entry=ENTRY._replace(reported_until=5.0)) == {
        "rows/customers/outcomes/ref-1.ndjson": [],
        "rows/leads/outcomes/ref-1.ndjson": [],
    }


def test_where_all_rows_are_imported_nothing_is_stored() -> None:
    assert written(ImportStatus(id="i1", total_count=4, success_count=4, failed_count=0)) == {}
