"""The headers of a signature: their form, their time, and which of them are refused."""

from dataclasses import replace

import pytest

from tests.support.webhooks import NOW, signed, with_headers
from tests.unit.connectors.standard_webhooks.signing import BODY, OTHER, SECRET, refusal, verify


@pytest.mark.parametrize("header", ["webhook_id", "webhook_timestamp", "webhook_signature"])
@pytest.mark.parametrize("value", [None, ""])
def test_each_header_is_needed(header: str, value: str | None) -> None:
    assert refusal(with_headers(signed(BODY, SECRET), **{header: value})) == "signature.missing"


@pytest.mark.parametrize(
    "signature",
    [
        "garbage",
        "v1",
        "V1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ", ,",
        "v1," + "A" * 5_000,
        " ".join(["v1,AAAA"] * 50_000),
    ],
    ids=lambda text: text[:10],
)
def test_a_header_that_has_no_known_signature_or_is_far_too_long_is_malformed(
    signature: str,
) -> None:
    given = with_headers(signed(BODY, SECRET), webhook_signature=signature)
    assert refusal(given) == "signature.malformed"


def spoilt(how: str) -> str:
    right = signed(BODY, SECRET).headers["webhook-signature"]
    return {
        "truncated": right[:-4],
        "without padding": right.rstrip("="),
        "in lower case": "v1," + right[3:].lower(),
        "not base64": "v1,a,b",
        "empty": "v1,",
        "not ASCII": "v1,gefälscht\u2603",
        "half a surrogate": "v1,\ud800",
        "with NUL": right + "\x00",
        "followed by a comma": right + ",",
        "long": "v1," + "A" * 4_000,
        "many": " ".join(["v1,AAAA"] * 500),
    }[how]


@pytest.mark.parametrize(
    "how",
    [
        "truncated",
        "without padding",
        "in lower case",
        "not base64",
        "empty",
        "not ASCII",
        "half a surrogate",
        "with NUL",
        "followed by a comma",
        "long",
        "many",
    ],
)
def test_a_signature_that_is_not_exactly_right_is_refused(how: str) -> None:
    given = with_headers(signed(BODY, SECRET), webhook_signature=spoilt(how))
    assert refusal(given) == "signature.mismatch"


@pytest.mark.parametrize("header", ["webhook-id", "webhook-signature"])
def test_a_header_sent_twice_is_refused(header: str) -> None:
    given = signed(BODY, SECRET)
    twice = ", ".join([given.headers[header], "v1,other"])
    assert refusal(replace(given, headers={**given.headers, header: twice})) == "signature.mismatch"


def test_a_timestamp_sent_twice_is_malformed() -> None:
    given = with_headers(signed(BODY, SECRET), webhook_timestamp=f"{NOW}, {NOW}")
    assert refusal(given) == "signature.malformed"


@pytest.mark.parametrize("offset", [-300, 0, 300])
def test_a_delivery_of_up_to_five_minutes_away_is_accepted(offset: int) -> None:
    verify(signed(BODY, SECRET, timestamp=NOW + offset))


@pytest.mark.parametrize("offset", [-301, 301, -86_400, 86_400])
def test_a_delivery_from_further_away_has_expired(offset: int) -> None:
    assert refusal(signed(BODY, SECRET, timestamp=NOW + offset)) == "signature.expired"


@pytest.mark.parametrize(
    "timestamp",
    [
        "now",
        "-1",
        "+1795253400",
        "1795253400.0",
        "1_795_253_400",
        " 1795253400",
        "1e9",
        "9" * 400,
        "\u0661\u0667",
        "0x6b",
        "NaN",
        "2026-11-21T09:30:00Z",
    ],
)
def test_a_timestamp_that_is_no_number_of_seconds_is_malformed(timestamp: str) -> None:
    given = with_headers(signed(BODY, SECRET), webhook_timestamp=timestamp)
    assert refusal(given) == "signature.malformed"


@pytest.mark.parametrize("position", [0, 10, len(BODY) - 1])
def test_a_body_changed_by_one_byte_is_refused(position: int) -> None:
    given = signed(BODY, SECRET)
    changed = bytearray(given.body)
    changed[position] ^= 1
    assert refusal(replace(given, body=bytes(changed))) == "signature.mismatch"


def test_a_body_written_differently_is_refused() -> None:
    given = replace(signed(BODY, SECRET), body=BODY.replace(" ", "").encode())
    assert refusal(given) == "signature.mismatch"


def test_another_id_or_time_than_the_signed_one_is_refused() -> None:
    given = signed(BODY, SECRET)
    assert refusal(with_headers(given, webhook_id="msg_2")) == "signature.mismatch"
    assert refusal(with_headers(given, webhook_timestamp=str(NOW + 1))) == "signature.mismatch"


def test_another_secret_is_refused() -> None:
    assert refusal(signed(BODY, SECRET), OTHER) == "signature.mismatch"
