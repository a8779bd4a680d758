"""Refused imports: which rows are rejected, which wait, and which are imported."""

import json
from typing import Any

import httpx
import pytest

from import_relay.domain.connections import parse_connections
from import_relay.storage.refusals import RefusedKind
from tests.integration.submit.people import ADA, BOB
from tests.integration.submit.refused import SCHEMA, answer, people, refusing, rejected
from tests.support.builders import ERP, message
from tests.support.relay import Relay

CONTACTS = RefusedKind("erp", "contact_details")
TWO = ERP + ERP.replace("erp", "shop").replace("[shop]", "[shop]\nsame_ids_as = 'erp'")
OF_DEALS = """
[erp.deal]
version = "v"
when = "deal"
[erp.deal.fields]
external_id = "deal"
contact_external_id = "id"
title = "name"
"""
DEALS = ERP.replace("[erp.contact]", "[erp.contact]\nwhen = '!deal'") + OF_DEALS


def again(relay: Relay, *more: str, seconds: float = 900.0) -> Any:
    """A later batch of everything that waits, and of something new."""
    relay.clock.sleep(seconds)
    taken = relay.aws.taken()
    return relay.submit(*taken, *more, invocation=f"at-{relay.clock.now}")


def dead_letters(relay: Relay) -> list[dict[str, Any]]:
    return [body for body, _ in relay.aws.queued(relay.aws.dead_letter_url)]


def marks(relay: Relay) -> dict[int, Any]:
    """Number of each queued item → since when it is refused alone."""
    return {
        item["n"]: body.get("refused_since")
        for body, _ in relay.aws.queued()
        for item in body["items"]
    }


@pytest.mark.parametrize("bad", [("0",), ("7",), ("0", "7"), ("2", "3"), ("1", "4", "6")])
def test_a_row_is_rejected_while_others_are_accepted(relay: Relay, bad: tuple[str, ...]) -> None:
    answer(relay, *[refusing(*bad)] * 80)

    report = relay.submit(people(range(8)))

    assert rejected(relay) == {f"d1/{n}": "row.refused_by_mateo" for n in bad}
    assert (report.rows, report.requeued) == (8 - len(bad), 0)
    assert relay.quota.usage().entities == 8 - len(bad)
    (first, *_) = relay.aws.lines("rejected/")
    assert "400 PGRST204: Could not find" in first["what"]
    assert relay.refused.read() == {}


def test_a_refusal_that_all_rows_share_rejects_nothing_and_is_logged(relay: Relay) -> None:
    answer(relay, *[refusing()] * 80)

    report = relay.submit(people(range(40)))

    assert rejected(relay) == {}
    assert report.requeued == 40
    assert report.refused_connections == 1
    assert len(relay.mateo.requests) == 16
    (said,) = relay.said("import.connection_refused")
    assert (said["connection"], said["type"], said["code"]) == (*CONTACTS, "PGRST204")
    assert said["answer"] == SCHEMA["message"]
    assert relay.quota.usage().entities == 0


def test_while_all_is_refused_one_new_row_is_tried_after_growing_pauses(relay: Relay) -> None:
    answer(relay, *[refusing()] * 300)
    relay.submit(people(range(40)))
    pauses = []
    for _ in range(8):
        before = len(relay.mateo.requests)
        wait = relay.refused.read()[CONTACTS]
        pauses.append(wait.until - relay.clock.now)
        again(relay, seconds=wait.until - relay.clock.now + 1)
        assert len(relay.mateo.bodies[-1]["payload"]) == 1
        assert len(relay.mateo.requests) == before + 1

    assert pauses == pytest.approx([60, 120, 240, 480, 960, 1920, 3600, 3600], abs=2)
    assert rejected(relay) == {}


def test_once_one_is_accepted_the_rest_follows_in_the_same_batch(relay: Relay) -> None:
    answer(relay, *[refusing()] * 16)
    relay.submit(people(range(40)))

    report = again(relay)

    assert (report.rows, report.requeued, report.refused_connections) == (40, 0, 0)
    assert relay.refused.read() == {}
    assert relay.aws.queued() == []


def test_during_a_pause_nothing_of_the_connection_is_posted(relay: Relay) -> None:
    answer(relay, *[refusing()] * 16)
    relay.submit(people(range(40)))
    before = len(relay.mateo.requests)

    report = again(relay, seconds=1)

    assert len(relay.mateo.requests) == before
    assert (report.requeued, report.refused_connections) == (40, 1)


def test_another_connection_goes_on(relay: Relay) -> None:
    relay.connections = parse_connections(TWO)
    bad = [str(n) for n in range(20)]
    answer(relay, *[refusing(*bad)] * 80)

    report = relay.submit(people(range(20)), people(range(100, 120), "shop", "d2"))

    assert rejected(relay) == {}
    assert (report.rows, report.requeued) == (20, 20)
    assert relay.refused.read().keys() == {CONTACTS}


def test_a_lone_bad_row_stops_no_other(relay: Relay) -> None:
    answer(relay, refusing())
    relay.submit(people([1]))
    assert marks(relay)[0] is not None
    waiting = relay.aws.taken()

    report = relay.submit(people(range(10, 20), delivery="d2"), invocation="others")

    assert (report.rows, report.requeued) == (10, 0)
    assert relay.refused.read() == {}
    assert waiting


def test_a_lone_bad_row_is_rejected_once_another_is_accepted_beside_it(relay: Relay) -> None:
    answer(relay, *[refusing("1")] * 80)
    relay.submit(people([1]))
    posts = len(relay.mateo.requests)
    again(relay)
    assert len(relay.mateo.requests) == posts, "alone it is not tried again"

    report = again(relay, people([2, 3], delivery="d2"))

    assert rejected(relay) == {"d1/0": "row.refused_by_mateo"}
    assert (report.rows, report.requeued) == (2, 0)


def test_a_row_that_was_refused_during_a_change_of_schema_is_imported_after_it(
    relay: Relay,
) -> None:
    answer(relay, refusing())
    relay.submit(people([1]))

    report = again(relay, people([2, 3], delivery="d2"))

    assert rejected(relay) == {}
    assert (report.rows, report.requeued) == (3, 0)


def test_a_row_whose_fault_is_never_proven_is_tried_after_a_day_and_becomes_a_dead_letter(
    relay: Relay,
) -> None:
    answer(relay, refusing(), refusing())
    relay.submit(people([1]))
    again(relay, seconds=86_000)
    assert len(relay.mateo.requests) == 1
    assert dead_letters(relay) == []

    report = again(relay, seconds=400)

    assert len(relay.mateo.requests) == 2
    assert (report.dead_lettered, report.requeued) == (1, 0)
    (dead,) = dead_letters(relay)
    assert dead["moved"]["code"] == "row.refused_unproven"
    (said,) = relay.said("item.dead_lettered")
    assert (said["connection"], said["code"]) == ("erp", "row.refused_unproven")
    report = relay.submit(json.dumps(dead), invocation="redriven", redriven=True)
    assert (report.rows, report.dead_lettered) == (1, 0)


def test_a_row_whose_fault_is_never_proven_is_imported_if_its_last_try_is_accepted(
    relay: Relay,
) -> None:
    answer(relay, refusing())
    relay.submit(people([1]))

    report = again(relay, seconds=86_401)

    assert (report.rows, report.dead_lettered, report.requeued) == (1, 0, 0)
    assert relay.refused.read() == {}


def test_rows_that_no_call_is_left_for_are_requeued(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("import_relay.submit.attempts.REFUSAL_CALLS", 4)
    answer(relay, *[refusing("1")] * 80)

    report = relay.submit(people(range(64)))

    assert rejected(relay) == {}
    assert report.rows + report.requeued == 64
    while relay.aws.queued():
        again(relay)
    assert rejected(relay) == {"d1/1": "row.refused_by_mateo"}


def test_refusals_that_begin_within_a_batch_reject_no_row(relay: Relay) -> None:
    relay.rows_per_import = 8
    answer(relay, refusing("none"), *[refusing()] * 200)

    report = relay.submit(people(range(24)))

    assert rejected(relay) == {}
    assert (report.rows, report.requeued) == (8, 16)


@pytest.mark.parametrize(
    ("status", "code", "text", "shown"),
    [
        (409, "23503", "no list (abc)", "no list …"),
        (403, "42501", "row-level security of table", "row-level security of table"),
    ],
)
def test_a_contact_list_that_nobody_may_use_makes_its_connection_wait(
    relay: Relay, status: int, code: str, text: str, shown: str
) -> None:
    """The others go on: submission is not paused."""
    answer(relay, httpx.Response(status, json={"code": code, "message": text}))

    report = relay.submit(message([ADA, BOB]))

    assert len(relay.mateo.requests) == 1
    assert rejected(relay) == {}
    assert (report.requeued, report.refused_connections) == (2, 1)
    (said,) = relay.said("import.connection_refused")
    assert (said["code"], said["status"]) == (code, status)
    assert report.paused == ""
    assert said["answer"] == shown


def test_deals_wait_with_the_contacts_that_wait(relay: Relay) -> None:
    relay.connections = parse_connections(DEALS)
    answer(relay, *[refusing()] * 16)
    deals = [{"id": n, "deal": f"D{n}", "v": 1, "name": "x"} for n in range(40)]

    report = relay.submit(people(range(40)), message(deals, delivery="d2"))

    assert {body["type"] for body in relay.mateo.bodies} == {"contact_details"}
    assert report.rows == 0


@pytest.mark.parametrize("named_in", ["message", "hint", "details"])
def test_reference_ids_are_left_out_once_mateo_refuses_them(relay: Relay, named_in: str) -> None:
    relay.send_reference_id = True
    refused = {"code": "PGRST204", "message": "No such column."}
    refused |= {named_in: "Could not find the 'reference_id' column"}
    answer(relay, httpx.Response(400, json=refused))
    submission = relay.submission()

    for number in (1, 2):
        deadline = relay.clock.now + 120
        bodies = {"m": people([number], delivery=f"d{number}")}
        submission.submit(bodies, invocation=f"i{number}", deadline=deadline)

    assert ["reference_id" in body for body in relay.mateo.bodies] == [True, False, False]
    assert len(relay.said("import.reference_refused")) == 1
    assert rejected(relay) == {}
    assert relay.refused.read() == {}


def test_the_log_of_a_refusal_names_no_person(relay: Relay) -> None:
    text = 'Key (email)=(ada@example.com) "Ada" at 015112345678 of Example is bad'
    answer(relay, httpx.Response(400, json={"code": "23505", "message": text}))

    relay.submit(message([ADA]))

    (said,) = relay.said("import.connection_refused")
    assert said["answer"] == "Key …… … at … of … is bad"
    assert "ada@" not in str(relay.events).lower()
