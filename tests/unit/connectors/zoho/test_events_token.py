"""The token in the body authenticates the channel, however large the body is."""

import json

import pytest

from import_relay.connectors.zoho import events as connector
from import_relay.domain.errors import SignatureError
from tests.support.webhooks import NOW, request
from tests.unit.connectors.zoho.notifications import TOKEN, notification


def refusal(body: bytes | str, *secrets: str, **headers: str) -> str:
    with pytest.raises(SignatureError) as caught:
        connector.verify(request(body, headers), secrets or [TOKEN], {}, now=NOW)
    return caught.value.code


def test_the_channels_token_authenticates_the_sender() -> None:
    connector.verify(request(json.dumps(notification())), ["other", TOKEN], {}, now=NOW)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (json.dumps(notification(token="another")), "signature.mismatch"),
        (json.dumps(notification(token=TOKEN.upper() + "A")), "signature.mismatch"),
        (json.dumps(notification(token="")), "signature.missing"),
        (json.dumps(notification(token=None)), "signature.missing"),
        ('{"token": null}', "signature.missing"),
        (json.dumps(notification(token=[TOKEN])), "signature.malformed"),
        ('{"token": 7}', "signature.malformed"),
        (json.dumps([notification()]), "signature.missing"),
        (f'"{TOKEN}"', "signature.missing"),
        (f"token={TOKEN}", "signature.malformed"),
        ("", "signature.malformed"),
        (b"\xff\xfe", "signature.malformed"),
        ("[" * 20_000 + "]" * 20_000, "signature.malformed"),
        ('{"a":' * 101 + "1" + "}" * 101, "signature.malformed"),
        (f'{{"n":{"9" * 5_000},"token":"{TOKEN}"}}', "signature.malformed"),
    ],
)
def test_a_body_without_the_token_is_refused(body: bytes | str, code: str) -> None:
    assert refusal(body) == code


def test_a_compressed_body_authenticates_nobody() -> None:
    body = json.dumps(notification())
    assert refusal(body, **{"content-encoding": "gzip"}) == "signature.malformed"


def test_the_last_of_two_tokens_counts() -> None:
    assert refusal(f'{{"token":"{TOKEN}","token":"x"}}') == "signature.mismatch"


def test_a_connection_without_a_secret_accepts_nothing() -> None:
    assert refusal(json.dumps(notification(token="")), "") == "signature.missing"
    assert refusal(json.dumps(notification()), "") == "signature.no_secret"


def large(token: str, filler: str) -> str:
    return f'{{"token":{token},"x":[{",".join([filler] * (100_000 // len(filler)))}]}}'


@pytest.mark.parametrize("filler", ["[]", '{"token":7}', '"token"', '"\\"token"', "1"])
@pytest.mark.parametrize("token", ['"another"', "7", "null", '"' + "x" * 999 + '"'])
def test_a_large_body_without_the_token_is_not_parsed(
    token: str, filler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "single", lambda text: pytest.fail("parsed"))

    assert refusal(large(token, filler)) == "signature.mismatch"


def test_a_large_body_with_an_escaped_token_is_accepted() -> None:
    values = [{"record_id": str(n), "values": {"token": "none"}} for n in range(2_000)]
    for escaped in (TOKEN, f"\\u{ord(TOKEN[0]):04x}{TOKEN[1:]}"):
        body = json.dumps(notification(token="?"))[:-1].replace('"?"', f'"{escaped}"')
        given = request(f'{body},"affected_values":{json.dumps(values)}}}')
        assert len(given.body) > connector.MAX_UNPROVEN_B
        connector.verify(given, [TOKEN], {}, now=NOW)


def test_a_token_within_a_value_of_a_large_body_does_not_count() -> None:
    """A token that is found without parsing is only the reason to parse the body."""
    inner = json.dumps({"token": TOKEN})

    assert refusal(large('"another"', inner)) == "signature.mismatch"
