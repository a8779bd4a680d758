"""Items that were received before their person was erased: left out, counted, kept nowhere."""

import gzip

import pytest

from import_relay.domain.erased_handles import handle
from import_relay.storage.erasures import ERASURE_DAYS, ERASURES_KEY, Erasures
from tests.integration.submit.people import ADA, BOB
from tests.support import aws as resources
from tests.support.builders import message
from tests.support.relay import Relay


def erase(relay: Relay, *handles: str) -> None:
    erasures_of(relay).add(handles)


def erasures_of(relay: Relay) -> Erasures:
    return Erasures(relay.aws.dynamodb, resources.LEDGER, clock=relay.clock)


def everything_stored(relay: Relay) -> str:
    return "\n".join(
        (gzip.decompress(body) if key.endswith(".gz") else body).decode()
        for key, body in relay.aws.objects().items()
    )


def outcomes(relay: Relay) -> list[str]:
    return [line["outcome"] for line in relay.aws.lines("outcomes/")]


@pytest.mark.parametrize(("field", "value"), [("external_id", 1), ("email", "ada@example.com")])
def test_an_erased_persons_queued_item_is_not_imported(
    relay: Relay, field: str, value: object
) -> None:
    person = {**ADA, "email": "Ada@Example.com"}
    queued = message([person, BOB])
    erase(relay, handle(field, value))

    report = relay.submit(queued)

    assert [row["external_id"] for row in relay.mateo.rows] == ["2"]
    assert not report.failed_message_ids
    assert outcomes(relay) == ["erased"]
    assert "Ada@Example.com" not in everything_stored(relay)


def test_a_rejected_record_of_an_erased_person_is_not_kept(relay: Relay) -> None:
    queued = message([{"name": "x", "note": "ada@example.com", "mail": "ada@example.com"}])
    erase(relay, handle("email", "ada@example.com"))

    relay.submit(queued)

    assert outcomes(relay) == ["erased"]
    assert "ada@example.com" not in everything_stored(relay)


@pytest.mark.parametrize(
    "phone", ["0171 2345678", "+49 171 2345678", "(0171) 2345678", 491712345678]
)
def test_a_phone_number_is_recognised_however_the_record_writes_it(
    relay: Relay, phone: object
) -> None:
    ada = {**ADA, "email": None, "phone": str(phone)}
    rejected = {"v": 1, "other": phone}
    erase(relay, handle("phone", "+491712345678"))

    relay.submit(message([ada, rejected, BOB]))

    assert [row["external_id"] for row in relay.mateo.rows] == ["2"]
    assert outcomes(relay) == ["erased", "erased"]
    assert "2345678" not in everything_stored(relay)


def test_a_superseded_change_of_an_erased_person_is_left_out_as_well(relay: Relay) -> None:
    erase(relay, handle("external_id", 1))
    relay.submit(message([ADA], delivery="d1"), message([{**ADA, "v": 2}], delivery="d2"))
    assert outcomes(relay) == ["erased", "erased"]


@pytest.mark.parametrize("number", ["4711471", 4711471])
def test_a_number_of_an_order_is_not_taken_for_a_phone_number(relay: Relay, number: object) -> None:
    erase(relay, handle("phone", "4711471"))
    relay.submit(message([{**ADA, "order": number}]))
    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]


def test_an_item_received_after_the_erasure_is_imported(relay: Relay) -> None:
    erase(relay, handle("external_id", ADA["id"]))
    relay.clock.now += 1
    relay.submit(message([ADA], received_at=int(relay.clock.now * 1_000_000)))
    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]


def test_the_list_holds_no_handle_and_forgets(relay: Relay) -> None:
    erase(relay, handle("email", "ada@example.com"))
    item = relay.aws.dynamodb.get_item(TableName=resources.LEDGER, Key=ERASURES_KEY)["Item"]
    assert "@" not in str(item)
    relay.clock.now += ERASURE_DAYS * 86_400 + 1
    erase(relay, handle("email", "bob@example.com"))
    assert len(erasures_of(relay).read().until) == 1
