"""The function receive_webhook, from the gateway's event to what is stored in AWS."""

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from tests.integration.receiving import ERP, SECRETS, SIGNING, Receiver, receiver
from tests.support.webhooks import (
    NOW,
    gateway_event,
    request,
    sample,
    signed,
    with_headers,
)

__all__ = ["receiver"]  # fixtures


def test_a_signed_webhook_is_stored(receiver: Receiver) -> None:
    body = sample("standard_webhooks.contact-created").decode()
    status, answer = receiver.post(signed(body, SIGNING), "standard_webhooks")
    assert (status, answer["received"]) == (200, 1)
    (message,) = receiver.queued()
    assert message["delivery"] == answer["delivery"]
    assert message["connection"] == "standard_webhooks"
    assert NOW * 1_000_000 <= message["received_at"] < (NOW + 60) * 1_000_000
    assert message["items"] == [{"n": 0, "event": "msg_1", "item": json.loads(body)}]


def test_items_are_counted_for_the_time_of_their_receipt(receiver: Receiver) -> None:
    body = sample("standard_webhooks.contact-created").decode()
    receiver.post(signed(body, SIGNING), "standard_webhooks")
    (message,), (record,) = receiver.queued(), receiver.records()
    assert record["ItemsReceived"] == 1
    assert record["_aws"]["Timestamp"] == message["received_at"] // 1_000


@pytest.mark.parametrize("name", ["receive_webhook.json", "receive_webhook.pipedrive"])
def test_the_events_for_sam_local_invoke_are_accepted(receiver: Receiver, name: str) -> None:
    event = json.loads(sample(name))
    status, answer = receiver.call(event)
    assert status == 200
    assert sum(len(message["items"]) for message in receiver.queued()) == answer["received"] > 0


def test_the_events_for_sam_local_invoke_carry_the_sample_bodies() -> None:
    for name, body in (("json", "json.batch"), ("pipedrive", "pipedrive.person-created")):
        event = json.loads(sample(f"receive_webhook.{name}"))
        assert json.loads(event["body"]) == json.loads(sample(body))


def test_a_body_that_the_gateway_encoded_is_verified_as_it_was_sent(receiver: Receiver) -> None:
    body = '{"type":"contact.created","data":{"id":"ä"}}'
    event = gateway_event(signed(body, SIGNING), "standard_webhooks", encoded=True)
    assert receiver.call(event)[0] == 200


def test_header_names_may_be_in_any_case(receiver: Receiver) -> None:
    event = gateway_event(request("[{}]", {"X-Relay-SECRET": SECRETS["json"][0]}), "json")
    assert receiver.call(event)[0] == 200


def test_six_megabytes_are_stored(receiver: Receiver) -> None:
    record = {"customer_no": "1", "name": "Jo Example", "note": "x" * 250}
    count = 19_500
    body = json.dumps({"records": [record | {"customer_no": str(n)} for n in range(count)]})
    assert 6_000_000 < len(body) < 6 * 1024 * 1024
    status, answer = receiver.post(request(body, ERP), "json")
    assert (status, answer["received"]) == (200, count)
    numbers = [item["n"] for message in receiver.queued() for item in message["items"]]
    assert sorted(numbers) == list(range(count))


def test_more_than_six_mebibytes_are_refused(receiver: Receiver) -> None:
    status, answer = receiver.post(request(b" " * (6 * 1024 * 1024 + 1), ERP), "json")
    assert (status, answer) == (413, {"code": "delivery.too_large"})
    assert receiver.untouched


def test_a_large_item_is_stored_in_the_bucket(receiver: Receiver) -> None:
    body = json.dumps({"customer_no": "1", "note": "ä" * 200_000}, ensure_ascii=False)
    status, answer = receiver.post(request(body, ERP), "json")
    assert status == 200
    key = f"oversize/{answer['delivery']}/0.json"
    assert receiver.aws.objects() == {key: body.encode()}
    (message,) = receiver.queued()
    assert message["items"][0]["at"] == key


def test_an_unreadable_body_is_kept_in_quarantine_and_the_answer_says_why(
    receiver: Receiver,
) -> None:
    status, answer = receiver.post(request(b"not json", ERP), "json")
    assert (status, answer["code"]) == (400, "delivery.not_json")
    assert "line 1, column 1" in answer["reason"]
    ((key, content),) = receiver.aws.objects().items()
    assert key == f"quarantine/date=2026-11-21/{answer['delivery']}.json"
    assert b64decode(json.loads(content)["body_base64"]) == b"not json"
    assert not receiver.queued()


def test_an_unknown_connection_is_not_found(receiver: Receiver) -> None:
    assert receiver.post(request("[{}]", ERP), "ada@example.com") == (
        404,
        {"code": "connection.unknown"},
    )
    assert receiver.untouched
    assert "ada@example.com" not in "".join(receiver.log)


@pytest.mark.parametrize("secret", [None, "", "wrong", "gef\u00e4lscht"])
def test_a_webhook_without_the_right_secret_is_refused(
    receiver: Receiver, secret: str | None
) -> None:
    given = with_headers(request("[{}]"), x_relay_secret=secret)
    status, answer = receiver.post(given, "json")
    assert status == 401
    assert answer["code"] == ("signature.mismatch" if secret else "signature.missing")
    assert receiver.untouched


def test_a_new_secret_works_at_once_and_beside_the_old_one(receiver: Receiver) -> None:
    assert receiver.post(request("[{}]", ERP), "json")[0] == 200
    receiver.set_secrets({"json": [SECRETS["json"][0], "new"]})
    assert receiver.post(request("[{}]", {"x-relay-secret": "new"}), "json")[0] == 200
    assert receiver.post(request("[{}]", ERP), "json")[0] == 200


def test_a_connection_without_a_secret_refuses_every_webhook(receiver: Receiver) -> None:
    receiver.set_secrets({})
    assert receiver.post(request("[{}]", ERP), "json") == (401, {"code": "signature.no_secret"})


def test_a_weak_secret_is_logged_with_its_connection_but_no_unknown_name_is(
    receiver: Receiver,
) -> None:
    """Somebody may have typed the secret in the place of the name."""
    receiver.set_secrets({"json": ["short"], "hunter2-hunter2": ["json"]})
    receiver.post(request("[{}]", ERP), "json")
    told = [one for one in receiver.records() if one["message"] == "secret.weak"]
    assert [one["connection"] for one in told] == ["json", ""]
    assert {one["level"] for one in told} == {"WARNING"}
    assert "hunter2" not in str(receiver.log)


SOAP = replace(
    request(sample("salesforce_outbound.event-created.xml"), {"content-type": "text/xml"}),
    path=f"/webhooks/salesforce_outbound/{SECRETS['salesforce_outbound'][0]}",
)


def test_a_kind_is_answered_in_its_own_format(receiver: Receiver) -> None:
    answer = receiver.answer(gateway_event(SOAP, "salesforce_outbound"))
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "text/xml")
    assert "<Ack>true</Ack>" in answer["body"]
    assert len(receiver.queued()) == 1


def test_a_secret_in_the_path_authenticates_the_sender_and_is_written_nowhere(
    receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    unreadable = replace(SOAP, body=b"<no XML")
    wrong = replace(SOAP, path="/webhooks/salesforce_outbound/another0secret")
    answers = [
        receiver.answer(gateway_event(given, "salesforce_outbound"))
        for given in (SOAP, unreadable, wrong)
    ]
    assert [answer["statusCode"] for answer in answers] == [200, 200, 401]
    out, err = capfd.readouterr()
    kept = [content.decode() for content in receiver.aws.objects().values()]
    shown = "".join([*receiver.log, out, err, str(answers), str(receiver.queued()), *kept])
    assert SECRETS["salesforce_outbound"][0] not in shown
    assert "another0secret" not in shown


def question(connection: str, origin: str) -> dict[str, Any]:
    asked = request("", {"webhook-request-origin": origin})
    return gateway_event(replace(asked, method="OPTIONS"), connection)


def test_a_sender_of_cloudevents_may_ask_whether_it_may_deliver(receiver: Receiver) -> None:
    answer = receiver.answer(question("cloudevents", "eventgrid.azure.net"))
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert answer["headers"]["webhook-allowed-origin"] == "eventgrid.azure.net"
    (record,) = receiver.records()
    assert (record["message"], record["connection"]) == ("webhook.permitted", "cloudevents")
    assert receiver.untouched


@pytest.mark.parametrize(
    ("connection", "origin"),
    [
        ("cloudevents", "ada@example.com"),
        ("cloudevents", ""),
        ("json", "eventgrid.azure.net"),
        ("nobody", "eventgrid.azure.net"),
    ],
)
def test_any_other_question_is_answered_404(
    receiver: Receiver, connection: str, origin: str
) -> None:
    answer = receiver.answer(question(connection, origin))
    assert answer["statusCode"] == 404
    assert "webhook-allowed-origin" not in answer["headers"]
    assert "ada@example.com" not in "".join(receiver.log)
    assert receiver.untouched
