"""What becomes of a batch: an import, and records that wait, are duplicates or are rejected."""

import json
from typing import Any

import boto3
import httpx

from import_relay.storage.archive import FrozenImport
from import_relay.storage.entries import State
from import_relay.telemetry.outcome_log import OutcomeLog
from tests.integration.submit.people import ADA, BAD, BOB
from tests.support.builders import CAMPAIGNS, connections, message, partial_item
from tests.support.relay import Relay


def test_records_become_one_import(relay: Relay) -> None:
    report = relay.submit(message([ADA, BOB]))

    assert relay.mateo.bodies == [
        {
            "type": "contact_details",
            "payload": [
                {"external_id": "1", "email": "ada@example.com", "full_name": "Ada Example"},
                {"external_id": "2", "full_name": "Bob Example", "whatsapp": "+493023125001"},
            ],
        }
    ]
    assert relay.mateo.requests[0].url.query == b"select=id"
    assert report.failed_message_ids == set()
    entry = relay.entry("ref-1")
    assert (entry.state, entry.import_id, entry.rows) == (State.SENT, "import-1", 2)
    assert relay.quota.usage().entities == 2


def test_the_import_is_frozen_with_its_provenance_before_it_is_sent(relay: Relay) -> None:
    frozen_first: list[FrozenImport | None] = []

    def created(request: httpx.Request) -> httpx.Response:
        frozen_first.append(relay.archive.load("ref-1"))
        return httpx.Response(201, json={"id": "import-1"})

    relay.mateo.answers.append(created)
    relay.submit(message([ADA]))

    (frozen,) = frozen_first
    assert frozen is not None
    assert frozen.body == relay.mateo.requests[0].content
    (row,) = frozen.provenance
    assert row.claims == ("*",)
    assert row.items[0].occurrence.event == "d1.0"
    assert row.items[0].occurrence.item == ADA


def test_an_execution_follows_the_import(relay: Relay) -> None:
    relay.submit(message([ADA]))

    listed = boto3.client("stepfunctions").list_executions(
        stateMachineArn=relay.aws.state_machine_arn
    )["executions"]
    assert [one["name"] for one in listed] == ["ref-1"]


def test_the_same_message_again_sends_nothing(relay: Relay) -> None:
    relay.submit(message([ADA]))

    report = relay.submit(message([ADA]))

    assert len(relay.mateo.requests) == 1
    assert (report.failed_message_ids, report.outcomes) == (set(), {})


def test_the_same_event_in_another_delivery_is_a_duplicate(relay: Relay) -> None:
    relay.submit(message([ADA], events=["e"]))
    relay.ledger.advance("ref-1", expected=[State.SENT], target=State.FINISHED)

    relay.submit(message([ADA], delivery="d2", events=["e"]), invocation="second")

    assert len(relay.mateo.requests) == 1
    (line,) = relay.aws.lines("outcomes/")
    assert (line["item_id"], line["outcome"]) == ("d2/0", "duplicate")
    assert "item" not in line


def test_a_newer_version_waits_until_the_open_import_is_done(relay: Relay) -> None:
    relay.submit(message([ADA]))

    relay.submit(message([{**ADA, "v": 2}], delivery="d2", requeues=2))

    assert len(relay.mateo.requests) == 1
    ((content, delay),) = relay.aws.queued()
    assert (content["delivery"], content["requeues"], delay) == ("d2", 3, 240)

    relay.ledger.advance("ref-1", expected=[State.SENT], target=State.FINISHED)
    relay.submit(json.dumps(content))
    assert len(relay.mateo.requests) == 2


def test_an_older_version_after_a_newer_one_is_superseded(relay: Relay) -> None:
    relay.submit(message([{**ADA, "v": 5}]))
    relay.ledger.advance("ref-1", expected=[State.SENT], target=State.FINISHED)

    relay.submit(message([ADA], delivery="d2"), invocation="second")

    assert len(relay.mateo.requests) == 1
    assert [one["outcome"] for one in relay.aws.lines("outcomes/")] == ["superseded"]


def test_a_rejected_record_is_reported_with_code_field_value_and_what_to_do(relay: Relay) -> None:
    report = relay.submit(message([ADA, BAD]))

    (line,) = relay.aws.lines("rejected/")
    assert line["code"] == "row.no_valid_phone"
    assert line["field"] == "whatsapp"
    assert line["value"] == ["12"]
    assert "country_codes" in line["what_to_do"]
    assert line["item"] == BAD
    assert report.outcomes == {"rejected": 1}
    assert relay.quota.usage().entities == 1


def test_the_entry_counts_the_occurrences_that_its_rows_were_made_of(relay: Relay) -> None:
    relay.connections = connections(CAMPAIGNS)
    name, city = partial_item(1, name="Ada"), partial_item(2, city="Ulm")
    older = partial_item(0, name="Adah")

    relay.submit(message([name, city, older], connection="campaigns"))

    assert relay.mateo.rows == [{"external_id": "1", "full_name": "Ada", "city": "Ulm"}]
    assert (relay.entry("ref-1").rows, relay.entry("ref-1").items) == (1, 2)


def test_a_message_of_another_program_stays_queued_and_hurts_no_other(relay: Relay) -> None:
    report = relay.submit("garbage", message([ADA]), '{"format": 9}')

    assert report.failed_message_ids == {"m0", "m2"}
    assert len(relay.mateo.rows) == 1


def test_an_import_of_deals_carries_their_reassignment_flag(relay: Relay) -> None:
    relay.connections = connections("""
[erp]
kind = "json"
[erp.deal]
allow_reassignment = true
[erp.deal.fields]
external_id = "id"
contact_external_id = "customer"
""")

    relay.submit(message([{"id": 7, "customer": 12345678901234567890}]))

    assert relay.mateo.bodies == [
        {
            "type": "deal_details",
            "allow_deal_reassignment": True,
            "payload": [{"external_id": "7", "contact_external_id": "12345678901234567890"}],
        }
    ]


def test_the_reference_is_sent_only_when_the_switch_says_so(relay: Relay) -> None:
    relay.send_reference_id = True

    relay.submit(message([ADA]))

    assert relay.mateo.bodies[0]["reference_id"] == "ref-1"


def test_the_log_event_of_an_unreadable_message_can_be_written(relay: Relay) -> None:
    relay.submit("garbage")

    log: Any = OutcomeLog()
    for event, keys in relay.events:
        log.write(event, {}, **keys)

    assert relay.said("message.unreadable") == [{"message_id": "m0", "reason": "JSONDecodeError"}]


def test_what_ended_without_an_import_says_which_record_it_was(relay: Relay) -> None:
    no_time = {**ADA, "v": "no time"}
    relay.submit(message([ADA, {**ADA, "v": 0}, no_time, "no record"]))

    superseded = relay.aws.lines("outcomes/")
    rejected = relay.aws.lines("rejected/")

    assert {(one["connection"], one["type"], one["external_id"]) for one in superseded} == {
        ("erp", "contact_details", "1")
    }
    known, unknown = sorted(rejected, key=lambda one: one["item_id"])
    assert (known["type"], known["external_id"]) == ("contact_details", "1")
    assert known["key_digest"] == superseded[0]["key_digest"]
    assert (unknown["connection"], unknown["external_id"]) == ("erp", None)
