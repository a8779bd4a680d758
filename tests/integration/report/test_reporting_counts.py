"""What a report adds to the outcome counts of a day, and when."""

import json

from tests.integration.report.written import EVA, deal_failed, failure, submitted
from tests.support.aws import BUCKET
from tests.support.builders import CAMPAIGNS, NOON, TODAY, connections, message, partial_item
from tests.support.following import (
    ADA,
    BOB,
    outcomes_today,
    payload_of,
    report,
    reporting_of,
    unknown_import,
)
from tests.support.mateo import MateoImports
from tests.support.relay import Relay


def at(day: int) -> int:
    """Noon of a day of November 2026, as a time of receipt."""
    return int((NOON + (day - 21) * 86_400) * 1_000_000)


def test_ends_are_counted_on_the_day_on_which_the_records_were_received(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.submit(
        message([ADA, BOB], received_at=at(18)), message([EVA], delivery="d2", received_at=at(21))
    )
    ada, *_ = payload_of(mateo)
    mateo.imports[0].finish(failure(ada))

    report(relay)

    assert relay.outcome_counts.days(f"2026-11-{day}" for day in range(17, 23)) == {
        "2026-11-18": {"imported": 1, "failed": 1},
        TODAY: {"imported": 1},
    }


def test_an_import_is_counted_when_it_is_closed_and_not_before(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()
    before = outcomes_today(relay)

    report(relay)
    report(relay)

    assert (before, outcomes_today(relay)) == ({}, {"imported": 1})


def test_each_change_of_a_record_is_counted_once_under_its_own_outcome(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, {**ADA, "v": 2}, ADA, BOB)
    mateo.imports[0].finish()

    report(relay)

    assert outcomes_today(relay) == {"imported": 2, "superseded": 1}


def test_retried_records_are_counted_when_they_have_ended(
    relay: Relay, mateo: MateoImports
) -> None:
    deal_failed(relay, mateo)
    before = outcomes_today(relay)
    ((content, _),) = relay.aws.queued()
    relay.submit(json.dumps(content))
    mateo.imports[1].finish()

    report(relay, "ref-2")

    assert (before, outcomes_today(relay)) == ({}, {"imported": 1})


def test_records_of_an_import_that_was_given_up_are_counted_as_unaccounted(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)

    report(relay, timed_out=True)

    assert outcomes_today(relay) == {"unaccounted": 2}


def test_records_whose_provenance_is_no_longer_kept_are_counted_as_unaccounted(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.connections = connections(CAMPAIGNS)
    items = [partial_item(1, name="Ada"), partial_item(2, city="Ulm")]
    relay.submit(message(items, connection="campaigns", received_at=at(18)))
    mateo.imports[0].finish()
    relay.aws.s3.delete_object(Bucket=BUCKET, Key="imports/ref-1/request.json.gz")

    report(relay)

    assert relay.entry("ref-1").rows == 1
    assert relay.outcome_counts.days(["2026-11-18", TODAY]) == {TODAY: {"unaccounted": 2}}


def test_records_that_are_requeued_are_not_counted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)

    reporting_of(relay).requeue("ref-1")

    assert outcomes_today(relay) == {}
