"""What a report waits for, and what becomes of an import that was given up."""

import httpx
import pytest

from import_relay.report.reporting import ReportStatus
from import_relay.storage.entries import State
from tests.integration.report.written import codes_of, submitted, summary_of
from tests.support.following import ADA, BOB, api_with_new_token, report, unknown_import
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

# given up


def test_an_import_that_was_given_up_is_reported_as_unfinished(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)

    reported = report(relay, timed_out=True)

    assert reported.status is ReportStatus.TIMED_OUT
    assert relay.entry("ref-1").state is State.TIMED_OUT
    summary = summary_of(relay.aws)
    assert summary["state"] == "unfinished"
    assert summary["rows"] == {"total": 2, "imported": 0, "failed": 0, "unaccounted": 2}
    assert summary["items"]["unaccounted"] == 2
    assert codes_of(summary) == ["import.unfinished"]
    assert relay.said("import.timed_out")[0]["unaccounted"] == 2


def test_an_import_that_finishes_just_before_it_is_given_up_is_finished(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()

    assert report(relay, timed_out=True).status is ReportStatus.FINISHED


def test_an_import_that_was_never_found_is_reported_without_a_request(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)

    assert report(relay, timed_out=True).status is ReportStatus.TIMED_OUT
    assert mateo.requests == []


def test_giving_up_waits_until_mateo_answers_once_more(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    mateo.answers.extend([httpx.Response(503), httpx.Response(401)])

    assert report(relay, timed_out=True).status is ReportStatus.WAIT
    relay.clock.now += 100 * 3_600
    assert report(relay, timed_out=True).status is ReportStatus.WAIT
    mateo.imports[0].finish()
    assert report(relay, timed_out=True).status is ReportStatus.FINISHED
    assert summary_of(relay.aws)["rows"]["imported"] == 1


# waiting


@pytest.mark.parametrize(
    ("answer", "wait_s", "reason"),
    [
        (httpx.ConnectError("down"), 5, "mateo.unreachable"),
        (httpx.Response(429, headers={"retry-after": "60"}), 60, "mateo.rate_limited"),
        (httpx.Response(401), 900, "mateo.credentials"),
    ],
)
def test_a_report_waits_for_mateo(
    relay: Relay,
    mateo: MateoImports,
    answer: httpx.Response | httpx.HTTPError,
    wait_s: int,
    reason: str,
) -> None:
    submitted(relay, mateo, ADA)
    mateo.answers.append(answer)

    reported = report(relay)

    assert (reported.status, reported.wait_s, reported.reason) == (
        ReportStatus.WAIT,
        wait_s,
        reason,
    )
    assert relay.entry("ref-1").state is State.SENT
    assert relay.aws.objects("reports/") == {}


def test_a_report_with_a_new_token_is_tried_at_once(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    mateo.answers.append(httpx.Response(401))

    assert report(relay, api=api_with_new_token(relay)).wait_s == 5


def test_a_report_waits_for_as_long_as_mateo_cannot_be_asked(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish(
        {"code": "23502", "message": "no", "input": mateo.imports[0].payload[0]}
    )
    relay.clock.now += 65 * 3_600
    mateo.answers.append(httpx.Response(503))

    assert report(relay).status is ReportStatus.WAIT
    assert report(relay).status is ReportStatus.FINISHED
    assert summary_of(relay.aws)["failures"]["listed"] == 1


def test_while_mateo_counts_no_failed_rows_the_report_waits_until_all_are_listed(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.total_count, stored.success_count = 2, 1
    for _ in range(20):
        relay.clock.now += 900
        assert report(relay).status is ReportStatus.WAIT
    stored.failed = [{"input": stored.payload[1], "error": {"code": "1", "message": "no"}}]

    assert report(relay).status is ReportStatus.FINISHED
    rows = summary_of(relay.aws)["rows"]
    assert rows == {"total": 2, "imported": 1, "failed": 1, "unaccounted": 0}
