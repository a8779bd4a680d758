"""A report whose process died halfway, or that another process is writing."""

import json
from typing import Any

import pytest

from import_relay.report.reporting import ANOTHER_S, ReportStatus
from import_relay.storage.clocks import CLOCK_SKEW_S
from tests.integration.report.written import (
    DEAL,
    DEAL_FOLDER,
    DEALS,
    codes_of,
    deal_failed,
    failure,
    rows_of,
    submitted,
    summary_of,
)
from tests.support.builders import connections
from tests.support.following import Killed, outcomes_today, report
from tests.support.mateo import MateoImports
from tests.support.relay import Relay


class Dying:
    """A part that kills a report: before it stores or closes, or after it sent its messages."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        if name in ("put", "close"):
            raise Killed
        if name == "send":
            return self._send
        return getattr(self._real, name)

    def _send(self, messages: Any) -> None:
        self._real.send(messages)
        raise Killed


def dying(relay: Relay, part: str) -> dict[str, Any]:
    """This part of the relay, by name, so that it kills a report."""
    return {part: Dying(getattr(relay, part))}


@pytest.mark.parametrize("part", ["archive", "queue", "ledger"])
def test_a_report_that_died_halfway_is_written_again_the_same(
    relay: Relay, mateo: MateoImports, part: str
) -> None:
    relay.connections = connections(DEALS)
    (row,) = submitted(relay, mateo, DEAL)
    mateo.imports[0].finish(failure(row, "23503"))

    with pytest.raises(Killed):
        report(relay, **dying(relay, part))
    before = relay.aws.objects("reports/")
    relay.clock.now += 300 + CLOCK_SKEW_S + 1

    assert report(relay).status is ReportStatus.FINISHED

    after = relay.aws.objects("reports/")
    assert {key: after[key] for key in before} == before
    first, *more = (content for content, _ in relay.aws.queued())
    relay.submit(json.dumps(first), *(json.dumps(one) for one in more))
    assert len(mateo.imports) == 2
    assert outcomes_today(relay) == {}


@pytest.mark.parametrize("died_over", ["queue", "archive"])
def test_a_retried_row_does_not_count_as_failed_if_mateo_names_it_no_more(
    relay: Relay, mateo: MateoImports, died_over: str
) -> None:
    relay.connections = connections(DEALS)
    (row,) = submitted(relay, mateo, DEAL)
    mateo.imports[0].finish(failure(row, "23503"))
    with pytest.raises(Killed):
        report(relay, **dying(relay, died_over))
    mateo.imports[0].failed = None
    relay.clock.now += 300 + CLOCK_SKEW_S + 1

    assert report(relay).status is ReportStatus.FINISHED

    assert rows_of(relay.aws, DEAL_FOLDER)[0]["outcome"] == "retried"
    assert summary_of(relay.aws, DEAL_FOLDER)["items"] == {
        "total": 1,
        "imported": 0,
        "failed": 0,
        "retried": 1,
        "unaccounted": 0,
    }
    assert outcomes_today(relay) == {}
    assert {body["items"][0]["attempt"] for body, _ in relay.aws.queued()} == {1}


def test_a_row_that_mateo_names_later_is_retried_as_well(relay: Relay, mateo: MateoImports) -> None:
    relay.connections = connections(DEALS)
    first, second = submitted(relay, mateo, DEAL, {**DEAL, "id": 8})
    mateo.imports[0].finish(failure(first, "23503"))
    with pytest.raises(Killed):
        report(relay, **dying(relay, "queue"))
    mateo.imports[0].finish(failure(first, "23503"), failure(second, "23503"))
    relay.clock.now += 300 + CLOCK_SKEW_S + 1

    report(relay)

    assert [row["outcome"] for row in rows_of(relay.aws, DEAL_FOLDER)] == ["retried", "retried"]
    assert outcomes_today(relay) == {}


def test_a_retried_row_counts_as_failed_though_mateo_says_that_all_are_imported(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.connections = connections(DEALS)
    first, _ = submitted(relay, mateo, DEAL, {**DEAL, "id": 8})
    mateo.imports[0].finish(failure(first, "23503"))
    with pytest.raises(Killed):
        report(relay, **dying(relay, "queue"))
    mateo.imports[0].finish()
    relay.clock.now += 300 + CLOCK_SKEW_S + 1

    report(relay)

    assert [row["outcome"] for row in rows_of(relay.aws, DEAL_FOLDER)] == ["retried", "imported"]
    summary = summary_of(relay.aws, DEAL_FOLDER)
    assert summary["rows"] == {"total": 2, "imported": 1, "failed": 1, "unaccounted": 0}
    assert "import.counts_differ" in codes_of(summary)
    assert outcomes_today(relay) == {"imported": 1}


def test_a_report_that_another_process_is_writing_is_waited_for(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.connections = connections(DEALS)
    (row,) = submitted(relay, mateo, DEAL)
    mateo.imports[0].finish(failure(row, "23503"))
    relay.ledger.begin_report(relay.entry("ref-1"), until=relay.clock() + 60, retried="")

    reported = report(relay)

    assert (reported.status, reported.wait_s) == (ReportStatus.WAIT, ANOTHER_S)
    assert (relay.aws.objects("reports/"), relay.aws.queued()) == ({}, [])


def test_a_second_report_of_an_import_does_nothing(relay: Relay, mateo: MateoImports) -> None:
    deal_failed(relay, mateo)
    mateo.requests.clear()
    relay.events.clear()

    assert report(relay).status is ReportStatus.FINISHED
    assert (mateo.requests, relay.events) == ([], [])
    assert len(relay.aws.queued()) == 1


def test_a_report_of_an_import_that_never_was_is_an_error(relay: Relay) -> None:
    with pytest.raises(LookupError):
        report(relay, "ref-9")
