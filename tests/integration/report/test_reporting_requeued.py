"""The records of an import that was not created are delivered again."""

import json

import pytest

from import_relay.domain.models import Occurrence
from import_relay.domain.queue_messages import MAX_DELAY_S, repeat_bodies
from import_relay.report.reporting import ReportStatus
from import_relay.storage.entries import State
from tests.integration.report.written import submitted
from tests.support.aws import BUCKET
from tests.support.ends import ADA, BOB, Killed, ends, payload_of, reporting_of, unknown_import
from tests.support.mateo import MateoImports
from tests.support.relay import Relay


def test_the_records_of_an_import_that_was_not_created_come_again(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    relay.lambda_.enabled = True

    reported = reporting_of(relay).requeue("ref-1")

    assert reported.status is ReportStatus.ABANDONED
    assert relay.entry("ref-1").state is State.ABANDONED
    assert relay.quota.usage().entities == 0
    ((content, delay_s),) = relay.aws.queued()
    assert (
        delay_s == MAX_DELAY_S
    )  # a message that is there before the import is marked as never created is lost
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


def test_records_that_are_no_longer_kept_are_reported_and_not_forgotten(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    relay.aws.s3.delete_object(Bucket=BUCKET, Key="imports/ref-1/request.json.gz")

    reported = reporting_of(relay).requeue("ref-1")

    assert reported.status is ReportStatus.TIMED_OUT
    (summary,) = [json.loads(one) for one in relay.aws.objects("reports/").values()]
    assert summary["rows"]["unaccounted"] == 2
    assert "import.not_frozen" in [one["code"] for one in summary["remarks"]]
    assert ends(relay) == {"unaccounted": 2}


def source(number: int, *, item: object = None, delivery: str = "d1") -> Occurrence:
    return Occurrence("", "erp", delivery, number, f"e{number}", 1_000, 0, item)


def test_messages_that_bring_records_again_stay_within_the_limits_of_the_queue() -> None:
    many = [source(number) for number in range(150)]
    large = [source(number, item="x" * 100_000, delivery="d2") for number in range(5)]

    bodies = [json.loads(body) for body in repeat_bodies([*many, *large])]

    assert [(body["delivery"], len(body["items"])) for body in bodies] == [
        ("d1", 100),
        ("d1", 50),
        ("d2", 2),
        ("d2", 2),
        ("d2", 1),
    ]


def test_a_record_too_large_for_a_message_comes_again_from_where_the_receiver_stored_it() -> None:
    (body,) = repeat_bodies([source(7, item="ä" * 200_000)])

    assert json.loads(body)["items"] == [{"n": 7, "event": "e7", "at": "oversize/d1/7.json"}]
