"""A look at an import whose submitter may still be at work, or has died."""

import httpx
import pytest

from import_relay.storage.entries import Entry, State
from import_relay.storage.ledger import Ledger
from import_relay.track.tracking import TrackingStatus
from tests.support.aws import LEDGER
from tests.support.builders import NOON, TODAY, message
from tests.support.following import ADA, BOB, Killed, sent_entry, track
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

# no entry


def test_an_import_without_an_entry_is_waited_for_while_its_submitter_may_live(
    relay: Relay,
) -> None:
    tracked = track(relay, submit_deadline=relay.clock.now + 1)

    assert (tracked.status, tracked.wait_s) == (TrackingStatus.WAIT, 8)
    assert relay.ledger.get("ref-1") is None


def test_an_import_whose_submitter_died_before_it_was_intended_can_never_be_intended(
    relay: Relay,
) -> None:
    tracked = track(relay, submit_deadline=relay.clock.now - 7)

    assert tracked.status is TrackingStatus.ABANDONED
    late = Entry("ref-1", State.INTENDED, "contact_details", 1, TODAY, NOON, NOON)
    assert relay.ledger.intend(late) is False


def test_an_entry_that_appears_just_before_the_tombstone_is_followed(relay: Relay) -> None:
    class Late(Ledger):
        def get(self, reference: str) -> Entry | None:
            return None

    sent_entry(relay, "ref-1")
    ledger = Late(relay.aws.dynamodb, LEDGER, relay.quota, relay.outcome_counts, clock=relay.clock)

    assert track(relay, submit_deadline=NOON - 60, ledger=ledger).status is TrackingStatus.WAIT
    assert relay.entry("ref-1").state is State.SENT


# intended


def killed_while_posting(relay: Relay, mateo: MateoImports, *, created: bool) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if created:
            mateo.create(request)
        raise Killed

    mateo.answers.append(answer)
    with pytest.raises(Killed):
        relay.submit(message([ADA, BOB]))
    mateo.requests.clear()


def test_an_intended_import_is_left_to_its_submitter_until_it_is_certainly_dead(
    relay: Relay, mateo: MateoImports
) -> None:
    killed_while_posting(relay, mateo, created=True)
    relay.clock.now = NOON + 126

    tracked = track(relay)

    assert (tracked.status, tracked.wait_s) == (TrackingStatus.WAIT, 1)
    assert relay.entry("ref-1").state is State.INTENDED
    assert mateo.requests == []


def test_an_import_that_was_created_just_before_its_submitter_died_is_found(
    relay: Relay, mateo: MateoImports
) -> None:
    killed_while_posting(relay, mateo, created=True)
    relay.clock.now = NOON + 128

    track(relay)

    entry = relay.entry("ref-1")
    assert (entry.state, entry.import_id, entry.found) == (State.SENT, "import-1", 1)
    assert mateo.bodies == []


def test_an_import_that_was_not_created_before_its_submitter_died_is_posted(
    relay: Relay, mateo: MateoImports
) -> None:
    killed_while_posting(relay, mateo, created=False)
    relay.clock.now = NOON + 128
    assert track(relay).wait_s == 60
    assert mateo.bodies == []
    relay.clock.now += 60

    track(relay)

    assert len(mateo.imports) == 1
    assert relay.entry("ref-1").state is State.SENT
