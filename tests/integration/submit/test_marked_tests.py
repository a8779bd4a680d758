"""Webhooks that are marked as tests: they are mapped and counted apart, and never posted."""

import gzip
import json

from import_relay.storage.outcome_counts import REPLAYED
from import_relay.storage.replays import Selection
from tests.integration.bulk.put_back import put_back, replaying
from tests.integration.submit.people import ADA, BOB
from tests.support.builders import NOON, TODAY, message
from tests.support.relay import Relay

NOBODY = {"v": 1, "name": "Nobody Known"}
BAD_PHONE = {**ADA, "phone": "12"}


def lines(relay: Relay) -> list[dict[str, object]]:
    return relay.aws.lines("outcomes/")


def test_a_test_is_never_posted_and_its_neighbours_are(relay: Relay) -> None:
    report = relay.submit(
        message([ADA], delivery="d1", is_test=True), message([BOB], delivery="d2")
    )

    assert [row["external_id"] for row in relay.mateo.rows] == ["2"]
    assert not report.failed_message_ids
    (line,) = lines(relay)
    assert (line["item_id"], line["outcome"], line["reason"]) == ("d1/0", "test", "")
    assert (line["type"], line["external_id"]) == ("contact_details", "1")


def test_a_batch_of_tests_alone_makes_no_request(relay: Relay) -> None:
    relay.submit(message([ADA, BOB], is_test=True))

    assert relay.mateo.requests == []
    assert relay.outcome_counts.days([TODAY]) == {TODAY: {"test": 2}}


def test_a_test_claims_nothing(relay: Relay) -> None:
    """The same change without the mark is no duplicate of it."""
    relay.submit(message([ADA], delivery="d1", is_test=True, events=["e"]))
    relay.submit(message([ADA], delivery="d2", events=["e"]))

    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]


def test_a_test_that_would_be_rejected_says_why_and_is_no_rejected_record(relay: Relay) -> None:
    relay.submit(message([NOBODY], is_test=True))

    (line,) = lines(relay)
    assert (line["outcome"], line["reason"]) == ("test", "row.no_identifier")
    assert relay.aws.objects("rejected/") == {}


def test_values_left_out_of_a_test_count_for_no_rate(relay: Relay) -> None:
    relay.submit(message([BAD_PHONE], is_test=True))

    counts = relay.outcome_counts.connections(TODAY, ["erp"])["erp"]
    assert (counts.outcomes, counts.notes) == ({"test": 1}, {})
    assert lines(relay)[0]["notes"]


def test_a_test_that_is_requeued_keeps_its_mark(relay: Relay) -> None:
    relay.pause.begin(relay.clock() + 60, "by_hand")
    relay.submit(message([ADA], is_test=True))

    ((requeued, _),) = relay.aws.queued()
    assert requeued["test"] is True


def test_a_test_that_is_delivered_twice_is_counted_once(relay: Relay) -> None:
    for _ in range(2):
        relay.submit(message([ADA], is_test=True))

    assert relay.outcome_counts.days([TODAY]) == {TODAY: {"test": 1}}


def test_a_replay_puts_no_test_back(relay: Relay) -> None:
    relay.submit(message([ADA], delivery="20261121T110000000000-0000000001", is_test=True))
    selection = Selection(NOON - 86_400, NOON + 86_400)

    assert replaying(relay).count(selection).total == 0
    put_back(relay)
    assert REPLAYED not in relay.outcome_counts.days([TODAY])[TODAY]
    (content,) = relay.aws.objects("items/").values()
    assert json.loads(gzip.decompress(content))["test"] is True
