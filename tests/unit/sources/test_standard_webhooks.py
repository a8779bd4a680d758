"""Standard Webhooks: the signature by the specification, and what a body becomes."""

from dataclasses import replace

import pytest

from import_relay.connections import Connection, RecordType
from import_relay.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.sources import standard_webhooks as source
from import_relay.sources.contract import Request
from tests.support.webhooks import NOW, request, signed, with_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_RVhBTVBMRS1TRUNSRVQtRk9SLU1BS0UtVVAtT05MWSE="
BODY = '{"type": "contact.created", "data": {"id": "1"}}'


def verify(given: Request, *secrets: str, now: float = NOW) -> None:
    source.verify(given, secrets or (SECRET,), {}, now=now)


def refusal(given: Request, *secrets: str, now: float = NOW) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(given, *secrets, now=now)
    return caught.value.code


def test_the_published_vector_of_the_specification_is_accepted() -> None:
    """Source: libraries/*/test of standard-webhooks/standard-webhooks."""
    given = request(
        '{"test": 2432232314}',
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
    )
    verify(given, now=1_614_265_330)


def test_what_the_reference_library_signs_is_accepted() -> None:
    verify(signed(BODY, SECRET))


@pytest.mark.parametrize(
    "secret", [SECRET, SECRET.removeprefix("whsec_"), OTHER.rstrip("=")], ids=lambda _: ""
)
def test_a_secret_may_stand_without_prefix_or_padding(secret: str) -> None:
    full = SECRET if secret in SECRET else OTHER
    verify(signed(BODY, full), secret)


@pytest.mark.parametrize("secrets", [(OTHER, SECRET), (SECRET, OTHER), ("", SECRET), ("!", SECRET)])
def test_any_of_several_secrets_proves_the_sender(secrets: tuple[str, ...]) -> None:
    verify(signed(BODY, SECRET), *secrets)


def test_any_of_several_signatures_proves_the_sender() -> None:
    old, new = signed(BODY, OTHER), signed(BODY, SECRET)
    both = f"{old.headers['webhook-signature']} {new.headers['webhook-signature']}"
    verify(with_headers(new, webhook_signature=both))


def test_signatures_of_other_versions_are_ignored() -> None:
    given = signed(BODY, SECRET)
    mixed = f"v1a,unknown v2,unknown {given.headers['webhook-signature']}"
    verify(with_headers(given, webhook_signature=mixed))


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
        "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ", ,",
    ],
)
def test_a_header_without_a_v1_signature_is_malformed(signature: str) -> None:
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
        "oversized": "v1," + "A" * 1_000_000,
        "many": " ".join(["v1,AAAA"] * 50_000),
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
        "oversized",
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


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_====", "not base64!", "whsec_\u2603"])
def test_a_secret_that_is_no_key_lets_nobody_in(secret: str) -> None:
    assert refusal(signed(BODY, SECRET), secret) == "signature.no_secret"


def test_a_body_that_is_not_utf8_is_verified_all_the_same() -> None:
    """The reference library for Python raises UnicodeDecodeError here."""
    given = replace(signed(BODY, SECRET), body=b"\xff\xfe")
    assert refusal(given) == "signature.mismatch"


def test_the_item_is_the_body_under_the_id_of_the_delivery() -> None:
    given = signed(f"\ufeff  {BODY}\n", SECRET, identifier="msg_7")
    assert source.split(given, {}) == [("msg_7", BODY)]


@pytest.mark.parametrize("body", ["[]", "1", "null", '"text"', "[{}]"])
def test_a_body_that_is_no_object_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        source.split(request(body), {})
    assert caught.value.code == "delivery.wrong_shape"


def connection(**options: str) -> Connection:
    return Connection(
        "standard", "standard_webhooks", options, {"contact": RecordType("contact", {})}
    )


def test_the_record_is_the_whole_body_and_its_order_is_left_to_the_configuration() -> None:
    body = {"type": "contact.created", "timestamp": "2026-11-21T09:30:00Z", "data": {}}
    change = source.interpret(body, connection())
    assert (change.record, change.record_type, change.version) == (body, None, None)
    assert (change.partial, change.ignored) == (False, None)


def test_types_that_are_configured_so_are_ignored() -> None:
    given = connection(ignore_types="contact.deleted contact.merged")
    assert source.interpret({"type": "contact.merged"}, given).ignored == "event_type"
    assert source.interpret({"type": "contact"}, given).ignored is None
    assert source.interpret({"type": ["contact.merged"]}, given).ignored is None
    assert source.interpret({}, given).ignored is None


def test_an_item_that_is_no_object_is_rejected() -> None:
    with pytest.raises(RejectedRow) as caught:
        source.interpret([], connection())
    assert caught.value.code == "row.not_an_object"


def test_mistakes_in_the_options_are_named() -> None:
    assert [key for key, _ in source.check_options(connection(header="x", secret="y"))] == [
        "header",
        "secret",
    ]
    assert not list(source.check_options(connection(ignore_types="a")))


def test_several_record_types_need_conditions() -> None:
    types = {"contact": RecordType("contact", {}, when="a"), "deal": RecordType("deal", {})}
    given = Connection("standard", "standard_webhooks", {}, types)
    assert [key for key, _ in source.check_options(given)] == ["deal.when"]
