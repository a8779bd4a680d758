"""Which records may be imported again after a report, and which the relay retries itself."""

import json

import pytest

from import_relay.domain.lanes import Lane
from tests.integration.report.written import (
    DEAL,
    DEAL_FOLDER,
    DEALS,
    deal_failed,
    failure,
    rows_of,
    submitted,
    summary_of,
)
from tests.support.builders import connections, message
from tests.support.following import ADA, BOB, Killed, payload_of, report
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

# the same change again


def test_a_change_that_failed_may_be_imported_again(relay: Relay, mateo: MateoImports) -> None:
    ada, _ = submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish(failure(ada))
    report(relay)

    relay.submit(message([ADA, BOB], delivery="d2", events=["d1.0", "d1.1"]))

    assert [row["external_id"] for row in payload_of(mateo)] == ["1"]


def test_a_change_that_is_unaccounted_for_may_be_imported_again(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    report(relay, timed_out=True)

    relay.submit(message([ADA], delivery="d2", events=["d1.0"]))

    assert len(mateo.imports) == 2


def test_until_the_report_is_written_newer_changes_stay_blocked(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()

    class NoBucket:
        def load(self, reference: str) -> None:
            raise Killed

    with pytest.raises(Killed):
        report(relay, archive=NoBucket())
    assert relay.submit(message([{**ADA, "v": 2}], delivery="d2")).requeued == 1


# rows that are retried


def test_a_deal_whose_contact_is_not_there_yet_is_retried_later(
    relay: Relay, mateo: MateoImports
) -> None:
    folder = deal_failed(relay, mateo)

    ((content, delay_s),) = relay.aws.queued()
    assert delay_s == 900
    assert (content["delivery"], content["connection"]) == ("d1", "erp")
    assert content["items"] == [{"n": 0, "event": "d1.0", "item": DEAL, "attempt": 1}]
    (line,) = relay.aws.lines(f"{folder}/failures.ndjson")
    assert (line["retryable"], line["will_retry"]) == (True, True)
    summary = summary_of(relay.aws, folder)
    assert summary["rows"]["failed"] == 1
    assert (summary["items"]["retried"], summary["items"]["failed"]) == (1, 0)
    assert rows_of(relay.aws, folder)[0]["outcome"] == "retried"


def test_a_retried_deal_is_imported(relay: Relay, mateo: MateoImports) -> None:
    deal_failed(relay, mateo)
    ((content, _),) = relay.aws.queued()

    relay.submit(json.dumps(content))

    assert len(mateo.imports) == 2


def test_a_deal_is_retried_three_times_at_most(relay: Relay, mateo: MateoImports) -> None:
    relay.connections = connections(DEALS)
    body = json.loads(message([DEAL]))
    body["items"][0]["attempt"] = 3
    relay.submit(json.dumps(body))
    mateo.imports[0].finish(failure(payload_of(mateo)[0], "23503"))

    report(relay)

    assert relay.aws.queued() == []
    (line,) = relay.aws.lines(f"{DEAL_FOLDER}/failures.ndjson")
    assert (line["retryable"], line["will_retry"]) == (True, False)


@pytest.mark.parametrize(
    ("item", "code"), [(DEAL, "23505"), ({"id": 7, "v": 1, "name": "Roof"}, "23503")]
)
def test_a_deal_that_fails_otherwise_waits_for_a_person(
    relay: Relay, mateo: MateoImports, item: object, code: str
) -> None:
    deal_failed(relay, mateo, item, code)

    assert relay.aws.queued() == []


def test_a_contact_is_never_retried(relay: Relay, mateo: MateoImports) -> None:
    (ada,) = submitted(relay, mateo, ADA)
    mateo.imports[0].finish(failure(ada, "23503"))

    report(relay)

    assert relay.aws.queued() == []


@pytest.mark.parametrize("lane", list(Lane))
def test_a_retried_row_goes_to_the_lane_of_its_import(
    relay: Relay, mateo: MateoImports, lane: Lane
) -> None:
    relay.connections = connections(DEALS)
    relay.submit(message([DEAL]), lane=lane)
    mateo.imports[0].finish(failure(payload_of(mateo)[0], "23503"))

    report(relay, queues={Lane.LIVE: relay.queue, Lane.BULK: relay.bulk_queue})

    assert relay.entry("ref-1").lane is lane
    urls = {Lane.LIVE: relay.aws.queue_url, Lane.BULK: relay.aws.bulk_queue_url}
    assert {one for one, url in urls.items() if relay.aws.queued(url)} == {lane}
