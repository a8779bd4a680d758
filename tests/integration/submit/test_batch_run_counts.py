"""What ends without an import is counted once, however often its message is received."""

from typing import Any

import httpx
import pytest

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.queue_messages import LONG_AGO_S
from import_relay.storage.entries import State
from import_relay.storage.outcome_counts import OutcomeCounts
from tests.integration.submit.deaths import DiesAt
from tests.integration.submit.people import ADA, BAD
from tests.support.aws import LEDGER
from tests.support.builders import ERP, TODAY, connections, message
from tests.support.clients import Recording
from tests.support.following import Killed, outcomes_today
from tests.support.relay import Relay
from tests.template.expanded import source

ADA_KEY = "contact_details#external_id:1"


def test_what_ends_without_an_import_is_counted_on_the_day_of_its_receipt(relay: Relay) -> None:
    yesterday = int((relay.clock() - 86_400) * 1_000_000)
    duplicate = message([ADA], delivery="d2", events=["d1.0"], received_at=yesterday)

    relay.submit(message([ADA, BAD]), duplicate)

    assert relay.outcome_counts.days([TODAY, "2026-11-20"]) == {
        TODAY: {"rejected": 1},
        "2026-11-20": {"duplicate": 1},
    }


def test_a_record_on_its_way_is_not_counted(relay: Relay) -> None:
    relay.submit(message([ADA]))

    assert outcomes_today(relay) == {}


def test_what_ended_in_a_message_that_is_redelivered_does_not_end_again(relay: Relay) -> None:
    relay.submit(message([ADA, BAD]))

    report = relay.submit(message([ADA, BAD]), invocation="second", again=True)

    assert (report.outcomes, report.failed_message_ids) == ({}, set())
    assert len(relay.aws.lines("rejected/")) == 1
    assert outcomes_today(relay) == {"rejected": 1}


def test_a_rejected_record_stays_rejected_after_its_mapping_was_corrected(relay: Relay) -> None:
    relay.submit(message([BAD, ADA]))
    relay.connections = connections(ERP.replace('whatsapp = "phone"', ""))

    relay.submit(message([BAD, ADA]), invocation="second", again=True)

    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]
    assert outcomes_today(relay) == {"rejected": 1}


def test_what_ended_in_a_message_that_was_requeued_does_not_end_again(relay: Relay) -> None:
    relay.submit(message([BAD]))

    report = relay.submit(message([BAD], requeues=1), invocation="second")

    assert report.outcomes == {}
    assert outcomes_today(relay) == {"rejected": 1}


def test_a_rejected_record_stays_rejected_when_it_is_redriven_after_a_correction(
    relay: Relay,
) -> None:
    """A redrive resets the receive count; the time from receipt to sending shows the redrive."""
    relay.submit(message([BAD, ADA]))
    relay.connections = connections(ERP.replace('whatsapp = "phone"', ""))
    relay.clock.now += LONG_AGO_S + 1

    report = relay.submit(message([BAD, ADA]), invocation="second", redriven=True)

    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]
    assert (report.outcomes, len(relay.aws.lines("rejected/"))) == ({}, 1)
    assert outcomes_today(relay) == {"rejected": 1}


def test_a_message_that_sqs_itself_made_dead_is_old_enough_to_be_looked_up() -> None:
    queue = source()["Resources"]["Queue"]["Properties"]

    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    assert receives * queue["VisibilityTimeout"] > LONG_AGO_S


def test_what_was_called_duplicate_of_an_import_that_was_never_created_does_not_end_twice(
    relay: Relay,
) -> None:
    relay.mateo.answers.append(httpx.ReadTimeout("slow"))
    relay.submit(message([ADA], events=["e"]))
    relay.clock.now = relay.pause.state().paused_until
    now = int(relay.clock() * 1_000_000)
    repeated = message([ADA], delivery="d2", events=["e"], received_at=now)
    relay.submit(repeated, invocation="second")
    relay.ledger.release(relay.entry("ref-1"), expected=[State.UNKNOWN], target=State.ABANDONED)

    report = relay.submit(repeated, invocation="third")

    assert (len(relay.mateo.requests), report.outcomes) == (1, {})
    assert outcomes_today(relay) == {"duplicate": 1}


def test_what_was_called_duplicate_of_a_row_that_failed_does_not_end_twice(relay: Relay) -> None:
    relay.submit(message([ADA], events=["e"]))
    repeated = message([ADA], delivery="d2", events=["e"])
    relay.submit(repeated, invocation="second")
    relay.watermarks.fail_claims([(ADA_KEY, ["*"])], "ref-1")
    relay.ledger.advance("ref-1", expected=[State.SENT], target=State.FINISHED)

    report = relay.submit(repeated, invocation="third")

    assert (len(relay.mateo.requests), report.outcomes) == (1, {})
    assert outcomes_today(relay) == {"duplicate": 1}


def test_an_end_that_was_counted_before_is_not_written_down_again(relay: Relay) -> None:
    relay.submit(message([BAD]))

    relay.submit(message([BAD]), invocation="second")

    assert len(relay.aws.lines("rejected/")) == 1
    assert outcomes_today(relay) == {"rejected": 1}


def test_an_end_that_was_written_down_but_not_counted_is_written_again(relay: Relay) -> None:
    outcome_counts = DiesAt(relay.outcome_counts, "record", after=False)
    with pytest.raises(Killed):
        relay.submit(message([BAD]), outcome_counts=outcome_counts)
    relay.clock.now += 720

    relay.submit(message([BAD]), invocation="second", again=True)

    first, second = sorted(line["recorded_at"] for line in relay.aws.lines("rejected/"))
    assert second - first == 720 * 1_000_000
    assert outcomes_today(relay) == {"rejected": 1}


def test_a_message_that_is_received_for_the_first_time_is_not_looked_up(relay: Relay) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []
    client: Any = Recording(relay.aws.dynamodb, calls)
    outcome_counts = OutcomeCounts(client, LEDGER, relay.limits.day, clock=relay.clock)

    relay.submit(message([ADA]), outcome_counts=outcome_counts)

    assert calls == []


def test_an_imported_change_is_not_called_superseded_when_it_is_redelivered(
    relay: Relay,
) -> None:
    relay.submit(message([ADA]))
    relay.ledger.advance("ref-1", expected=[State.SENT], target=State.FINISHED)
    relay.submit(message([{**ADA, "v": 2}], delivery="d2"))

    report = relay.submit(message([ADA]), invocation="third", again=True)

    assert (report.outcomes, report.requeued, len(relay.mateo.requests)) == ({}, 0, 2)
    assert relay.watermarks.read([ADA_KEY])[ADA_KEY].earlier == ("d1/0",)
    assert outcomes_today(relay) == {}


def test_a_change_whose_import_was_never_created_is_superseded_when_it_is_requeued(
    relay: Relay,
) -> None:
    relay.mateo.answers.append(httpx.ConnectError("refused"))
    relay.submit(message([ADA]))
    relay.clock.now = relay.pause.state().paused_until
    relay.submit(message([{**ADA, "v": 2}], delivery="d2"))

    report = relay.submit(message([ADA], requeues=1), invocation="third")

    assert report.outcomes == {"superseded": 1}
    assert relay.watermarks.read([ADA_KEY])[ADA_KEY].earlier == ()


def test_what_cannot_be_counted_stays_queued_and_is_counted_when_it_is_redelivered(
    relay: Relay,
) -> None:
    class Unavailable(OutcomeCounts):
        def record(self, outcomes: object, *, batch: str = "") -> None:
            raise StoreUnavailable("no")

    outcome_counts = Unavailable(relay.aws.dynamodb, LEDGER, relay.limits.day, clock=relay.clock)

    report = relay.submit(
        message([BAD]), message([ADA], delivery="d2"), outcome_counts=outcome_counts
    )
    relay.submit(message([BAD]), invocation="second", again=True)

    assert (report.failed_message_ids, report.rows) == ({"m0"}, 1)
    assert outcomes_today(relay) == {"rejected": 1}
