"""The sums of a report add up, and what does not fit is remarked."""

import pytest

from import_relay.domain.codes import CODES
from import_relay.storage.entries import State
from tests.integration.report.written import (
    codes_of,
    failure,
    report_at_last,
    submitted,
    summary_of,
)
from tests.support.aws import BUCKET
from tests.support.following import ADA, BOB, report
from tests.support.mateo import MateoImports
from tests.support.relay import Relay


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        ((2, 1, 0), {"imported": 1, "failed": 0, "unaccounted": 1}),
        ((1, 1, 0), {"imported": 1, "failed": 0, "unaccounted": 1}),
        ((5, 5, 0), {"imported": 2, "failed": 0, "unaccounted": 0}),
        ((5, 2, 3), {"imported": 0, "failed": 2, "unaccounted": 0}),
    ],
)
def test_rows_add_up_whatever_mateo_counts(
    relay: Relay, mateo: MateoImports, counts: tuple[int, int, int], rows: dict[str, int]
) -> None:
    submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.total_count, stored.success_count, stored.failed_count = counts

    report_at_last(relay)

    summary = summary_of(relay.aws)
    assert summary["rows"] == {"total": 2, **rows}
    items = summary["items"]
    assert items["total"] == sum(count for name, count in items.items() if name != "total")
    assert summary["mateo"]["total_count"] == counts[0]


def test_counts_that_differ_from_what_was_sent_are_remarked(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.total_count, stored.success_count, stored.failed_count = 3, 3, 0

    report(relay)

    (remark,) = summary_of(relay.aws)["remarks"]
    assert remark["code"] == "import.counts_differ"
    assert remark["what_to_do"] == CODES["import.counts_differ"].what_to_do


@pytest.mark.parametrize(
    ("found", "inferred", "code"),
    [(2, 0, "import.several_found"), (1, 1, "import.inferred")],
)
def test_how_an_import_was_found_is_remarked_if_that_leaves_doubt(
    relay: Relay, mateo: MateoImports, found: int, inferred: int, code: str
) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()
    sent = State.SENT
    relay.ledger.advance("ref-1", expected=[sent], target=sent, found=found, inferred=inferred)

    report(relay)

    assert codes_of(summary_of(relay.aws)) == [code]


def test_a_report_without_the_frozen_import_still_counts(relay: Relay, mateo: MateoImports) -> None:
    ada, _ = submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish(failure(ada))
    relay.aws.s3.delete_object(Bucket=BUCKET, Key="imports/ref-1/request.json.gz")

    report(relay)

    summary = summary_of(relay.aws)
    assert summary["rows"] == {"total": 2, "imported": 1, "failed": 1, "unaccounted": 0}
    assert codes_of(summary) == ["import.not_frozen"]
