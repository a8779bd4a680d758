"""Senders of many kinds at once, each with its own authentication and shape, up to their rows in
Mateo.
"""

import json

from local.demo.crms import Crms
from local.stack.examples import example_connections, example_secrets
from local.stack.stack import MAPPING
from tests.support.senders import customer, person, subscriber
from tests.support.stack import Trial
from tests.support.webhooks import sample

PEOPLE = 2
CHANGED = "003Xx0000004adCIAQ"
"""The contact of the change event."""


def test_each_sender_is_answered_in_its_way_and_its_records_get_into_mateo(trial: Trial) -> None:
    pause_submission(trial)  # all at once is one batch, and nothing depends on who is first
    answers = hand_in_those_of_the_demo(trial)
    trial.bring_customers(customer(1))
    bring_a_person_and_a_subscriber(trial)
    hand_in_a_change_event(trial)
    trial.stack.resume_submission()
    trial.drain()

    assert "<Ack>true</Ack>" in answers.pop("salesforce_outbound")
    assert all("delivery" in json.loads(answer) for answer in answers.values())
    ignored = [line for line in trial.lines("outcomes/") if line["outcome"] == "ignored"]
    assert sorted((line["connection"], line["reason"]) for line in ignored) == [
        ("calendly", "event_type"),
        ("hubspot", "deleted"),
        ("salesforce_outbound", "deleted"),
        ("salesforce_outbound", "entity"),
        ("shopify", "deleted"),
    ]
    (rejected,) = trial.lines("rejected/")
    assert (rejected["connection"], rejected["code"]) == ("hubspot", "row.token_missing")
    trial.check(imported=20, rejected=1, superseded=1, duplicate=1, ignored=5)


def pause_submission(trial: Trial) -> None:
    uuid = trial.stack.provisioned.resources[MAPPING]["Ref"]
    trial.stack.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=False)


def hand_in_those_of_the_demo(trial: Trial) -> dict[str, str]:
    """The last answer that each sender got."""
    crms = Crms(
        example_secrets(),
        example_connections(),
        trial.stack.clock.now(),
        trial.expected,
        people=PEOPLE,
        clock=trial.stack.clock.time,
    )
    return {one.connection: trial.hand_in(one) for one in crms.deliveries()}


def bring_a_person_and_a_subscriber(trial: Trial) -> None:
    trial.bring("pipedrive", person(9_000))
    trial.expected.add("pipedrive", "contacts", "9000")
    now = trial.stack.clock.time()
    trial.bring("standard_webhooks", subscriber("Jo", identifier="msg_1", timestamp=now))
    trial.expected.add("standard_webhooks", "contacts", "S-1")


def hand_in_a_change_event(trial: Trial) -> None:
    """A contact of Salesforce, over the event bus instead of the web."""
    event = json.loads(sample("salesforce_cdc.contact-created"))
    assert not trial.stack.invoke("ReceiveChangeEvents", event).failed
    trial.note_stored("salesforce_cdc", 1)
    trial.expected.add("salesforce_cdc", "contacts", CHANGED)
