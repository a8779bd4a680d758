"""The records of an import that was not created are requeued."""

import json

import pytest

from import_relay.domain.queue_messages import MAX_DELAY_S
from import_relay.report.reporting import ReportStatus
from import_relay.storage.entries import State
from tests.integration.report.written import submitted
from tests.support.aws import BUCKET
from tests.support.following import (
    ADA,
    BOB,
    Killed,
    outcomes_today,
    payload_of,
    reporting_of,
    unknown_import,
)
from tests.support.mateo import MateoImports
from tests.support.relay import Relay


def test_the_records_of_an_import_that_was_not_created_are_requeued(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    relay.lambda_.enabled = True

    reported = reporting_of(relay).requeue("ref-1")

    assert reported.status is ReportStatus.ABANDONED
    assert relay.entry("ref-1").state is State.ABANDONED
    assert relay.quota.usage().entities == 0
    ((content, delay_s),) = relay.aws.queued()
    assert delay_s == MAX_DELAY_S, "before the import is marked, they would count as duplicates"
    assert [item["item"] for item in content["items"]] == [ADA, BOB]
    relay.clock.now += 7_200
    relay.submit(json.dumps(content))
    assert len(payload_of(mateo)) == 2


def test_records_that_were_requeued_twice_are_imported_once(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)

    class Dying:
        def get(self, reference: str) -> object:
            return relay.entry(reference)

        def release(self, *_: object, **__: object) -> None:
            raise Killed

    with pytest.raises(Killed):
        reporting_of(relay, ledger=Dying()).requeue("ref-1")
    reporting_of(relay).requeue("ref-1")
    relay.clock.now += 7_200
    for content, _ in relay.aws.queued():
        relay.submit(json.dumps(content))

    assert len(mateo.imports) == 1


def test_an_import_that_is_no_longer_unknown_is_not_requeued(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)

    reported = reporting_of(relay).requeue("ref-1")

    assert reported.status is ReportStatus.WAIT
    assert relay.aws.queued() == []
    assert relay.entry("ref-1").state is State.SENT


def test_records_that_are_no_longer_kept_are_reported_as_unaccounted_for(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    relay.aws.s3.delete_object(Bucket=BUCKET, Key="imports/ref-1/request.json.gz")

    reported = reporting_of(relay).requeue("ref-1")

    assert reported.status is ReportStatus.TIMED_OUT
    (summary,) = [json.loads(one) for one in relay.aws.objects("reports/").values()]
    assert summary["rows"]["unaccounted"] == 2
    assert "import.not_frozen" in [one["code"] for one in summary["remarks"]]
    assert outcomes_today(relay) == {"unaccounted": 2}
