"""Published examples of signatures and events, read by the code that the kinds share."""

import json

import pytest
import stripe

from import_relay.connectors.calendly import events as calendly
from import_relay.connectors.cloudevents import events as cloudevents
from import_relay.connectors.shared.auth import check_hmac
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow, SignatureError
from tests.support.webhooks import NOW, request

SLACK_BODY = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    "&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    "&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
    "%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
VECTORS = {
    "GitHub, validating webhook deliveries": (
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        b"Hello, World!",
        b"It's a Secret to Everybody",
    ),
    "Slack, verifying requests": (
        "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        f"v0:1531420618:{SLACK_BODY}".encode(),
        b"8f742231b10e8888abcd99yyyzzz85a5",
    ),
}


@pytest.mark.parametrize(("code", "message", "key"), VECTORS.values(), ids=VECTORS)
def test_a_published_hmac_is_accepted_and_nothing_near_it(
    code: str, message: bytes, key: bytes
) -> None:
    check_hmac(code, message, [b"another key", key], encoding="hex")
    for near in (code.upper(), code[:-1], f"sha256={code}"):
        with pytest.raises(SignatureError):
            check_hmac(near, message, [key], encoding="hex")


def test_a_signature_of_stripes_library_is_accepted_by_calendlys_scheme() -> None:
    """Calendly has no signer of its own; its header and signed text are those of Stripe."""
    secret, body = "whsec_example", '{"event":"invitee.created"}'
    header = stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=NOW)
    given = request(body, {"calendly-webhook-signature": header})
    calendly.verify(given, [secret], {}, now=NOW)
    with pytest.raises(SignatureError):
        calendly.verify(given, ["another secret"], {}, now=NOW)


def test_the_structured_example_of_the_cloudevents_specification_is_read() -> None:
    """JSON event format 1.0.2, section 3.2."""
    event = {
        "specversion": "1.0",
        "type": "com.example.someevent",
        "source": "/mycontext",
        "subject": None,
        "id": "C234-1234-1234",
        "time": "2018-04-05T17:31:00Z",
        "comexampleextension1": "value",
        "comexampleothervalue": 5,
        "datacontenttype": "application/json",
        "data": {"appinfoA": "abc", "appinfoB": 123, "appinfoC": True},
    }
    given = request(json.dumps(event), {"content-type": "application/cloudevents+json"})
    (item,) = cloudevents.split(given, {})
    assert item.event_id == "/mycontext C234-1234-1234"
    change = cloudevents.interpret(json.loads(item.text), Connection("x", "cloudevents"))
    assert change.record == event


def test_the_batch_example_of_the_cloudevents_specification_is_read() -> None:
    """JSON event format 1.0.2, section 4.3; the binary data of its first event is a placeholder."""
    binary = {
        "specversion": "1.0",
        "type": "com.example.someevent",
        "source": "/mycontext/4",
        "id": "B234-1234-1234",
        "time": "2018-04-05T17:31:00Z",
        "comexampleextension1": "value",
        "comexampleothervalue": 5,
        "datacontenttype": "application/vnd.apache.thrift.binary",
        "data_base64": "... base64 encoded string ...",
    }
    other = {
        "specversion": "1.0",
        "type": "com.example.someotherevent",
        "source": "/mycontext/9",
        "id": "C234-1234-1234",
        "time": "2018-04-05T17:31:05Z",
        "comexampleextension1": "value",
        "comexampleothervalue": 5,
        "datacontenttype": "application/json",
        "data": {"appinfoA": "abc", "appinfoB": 123, "appinfoC": True},
    }
    batch = json.dumps([binary, other])
    given = request(batch, {"content-type": "application/cloudevents-batch+json"})
    first, second = cloudevents.split(given, {})
    assert first.event_id == "/mycontext/4 B234-1234-1234"
    assert second.event_id == "/mycontext/9 C234-1234-1234"
    with pytest.raises(RejectedRow) as caught:
        cloudevents.interpret(json.loads(first.text), Connection("x", "cloudevents"))
    assert caught.value.field == "data_base64"
    change = cloudevents.interpret(json.loads(second.text), Connection("x", "cloudevents"))
    assert change.record == other


def test_the_binary_example_of_the_cloudevents_specification_is_read() -> None:
    """HTTP binding 1.0.2, section 3.1.4."""
    headers = {
        "ce-specversion": "1.0",
        "ce-type": "com.example.someevent",
        "ce-time": "2018-04-05T03:56:24Z",
        "ce-id": "1234-1234-1234",
        "ce-source": "/mycontext/subcontext",
        "content-type": "application/json; charset=utf-8",
    }
    (item,) = cloudevents.split(request('{"a": 1}', headers), {})
    assert json.loads(item.text) == {
        "specversion": "1.0",
        "type": "com.example.someevent",
        "time": "2018-04-05T03:56:24Z",
        "id": "1234-1234-1234",
        "source": "/mycontext/subcontext",
        "datacontenttype": "application/json; charset=utf-8",
        "data": {"a": 1},
    }
