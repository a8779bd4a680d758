"""Standard Webhooks: the signature by the specification, and what a body becomes."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import svix
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.contract import Request
from import_relay.connectors.standard_webhooks import events as connector
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, signed, with_headers
from tests.unit.connectors.standard_webhooks.signing import BODY, OTHER, SECRET, refusal, verify

EVENTS = {
    "standard_webhooks.contact-created.json": ("contact …343485: full_name email whatsapp",),
    "standard_webhooks.contact-deleted.json": ("ignored: event_type",),
}
"""Example webhook → what becomes of each of its items."""
SENDER = Sender(
    signers.standard_webhooks,
    auth_header="webhook-signature",
    time="webhook-timestamp",
    covers_body=True,
)

PRIVATE_KEY = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
"""The first test vector of RFC 8032, section 7.1, as is the public key that follows."""
PUBLIC = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def test_the_published_vector_of_the_specification_is_accepted() -> None:
    """From libraries/*/test of standard-webhooks/standard-webhooks."""
    given = request(
        '{"test": 2432232314}',
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
    )
    verify(given, now=1_614_265_330)


def test_an_asymmetric_signature_made_by_openssl_is_accepted() -> None:
    """`openssl pkeyutl -sign -rawin -inkey` with RFC 8032's first key, over the vector's text."""
    given = request(
        '{"test": 2432232314}',
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7z"
            "gPePmPsle0zV9jSeGlHFG2NVAw==",
        },
    )
    verify(given, PUBLIC, now=1_614_265_330)


def test_a_signature_of_the_reference_library_is_accepted() -> None:
    verify(signed(BODY, SECRET))


def test_a_signature_of_svix_is_accepted_under_its_own_header_names() -> None:
    signature = svix.Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(NOW, UTC), BODY)
    headers = {"svix-id": "msg_1", "svix-timestamp": str(NOW), "svix-signature": signature}
    given = request(BODY, headers)
    verify(given)
    assert connector.split(given, {})[0].event_id == "msg_1"


@pytest.mark.parametrize("name", ["svix_id", "svix_timestamp", "svix_signature"])
def test_headers_of_both_names_are_not_mixed(name: str) -> None:
    given = signed(BODY, SECRET)
    standard = name.replace("svix", "webhook").replace("_", "-")
    mixed = with_headers(given, **{name: given.headers[standard], standard: None})
    assert refusal(mixed) == "signature.missing"


def asymmetrically(body: str, *, version: str = "v1a") -> Request:
    """A request signed with the private key, by the library that many senders use for it."""
    text = f"msg_1.{NOW}.{body}".encode()
    code = b64encode(Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY).sign(text)).decode()
    return with_headers(signed(body, SECRET), webhook_signature=f"{version},{code}")


def test_an_asymmetric_signature_is_accepted_beside_shared_secrets() -> None:
    given = asymmetrically(BODY)
    verify(given, PUBLIC)
    verify(given, SECRET, PUBLIC)
    verify(given, PUBLIC.rstrip("="))
    verify(signed(BODY, SECRET), PUBLIC, SECRET)


def test_any_of_several_public_keys_and_signatures_authenticates_the_sender() -> None:
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    given = asymmetrically(BODY)
    both = f"v1a,AAAA v1,AAAA {given.headers['webhook-signature']}"
    verify(with_headers(given, webhook_signature=both), f"whpk_{b64encode(other).decode()}", PUBLIC)


def test_an_asymmetric_signature_of_something_else_is_refused() -> None:
    given = asymmetrically(BODY)
    assert refusal(replace(given, body=given.body + b" "), PUBLIC) == "signature.mismatch"
    assert refusal(with_headers(given, webhook_id="msg_2"), PUBLIC) == "signature.mismatch"
    other = f"whpk_{b64encode(bytes(31) + b'1').decode()}"
    assert refusal(given, other) == "signature.mismatch"


@pytest.mark.parametrize(
    "signature", ["v1a,", "v1a,AAAA", "v1a,not base64", "v1a,\u2603", "v1a," + "A" * 86 + "=="]
)
def test_an_asymmetric_signature_that_is_not_right_is_refused(signature: str) -> None:
    given = with_headers(signed(BODY, SECRET), webhook_signature=signature)
    assert refusal(given, PUBLIC) == "signature.mismatch"


def test_a_signature_counts_only_for_keys_of_its_own_version() -> None:
    assert refusal(asymmetrically(BODY, version="v1"), PUBLIC) == "signature.mismatch"
    assert refusal(asymmetrically(BODY), SECRET) == "signature.mismatch"
    public_as_shared = signed(BODY, "whsec_" + PUBLIC.removeprefix("whpk_"))
    assert refusal(public_as_shared, PUBLIC) == "signature.mismatch"


@pytest.mark.parametrize("secret", ["whpk_", "whpk_AAAA", "whpk_" + "A" * 44, "whpk_\u2603"])
def test_a_bad_public_key_authenticates_nobody(secret: str) -> None:
    assert refusal(asymmetrically(BODY), secret) == "signature.no_secret"


@pytest.mark.parametrize(
    "secret", [SECRET, SECRET.removeprefix("whsec_"), OTHER.rstrip("=")], ids=lambda _: ""
)
def test_a_secret_may_stand_without_prefix_or_padding(secret: str) -> None:
    full = SECRET if secret in SECRET else OTHER
    verify(signed(BODY, full), secret)


@pytest.mark.parametrize("secrets", [(OTHER, SECRET), (SECRET, OTHER), ("", SECRET), ("!", SECRET)])
def test_any_of_several_secrets_authenticates_the_sender(secrets: tuple[str, ...]) -> None:
    verify(signed(BODY, SECRET), *secrets)


def test_any_of_several_signatures_authenticates_the_sender() -> None:
    old, new = signed(BODY, OTHER), signed(BODY, SECRET)
    both = f"{old.headers['webhook-signature']} {new.headers['webhook-signature']}"
    verify(with_headers(new, webhook_signature=both))


def test_signatures_of_other_versions_are_ignored() -> None:
    given = signed(BODY, SECRET)
    mixed = f"v2,unknown v3a,unknown {given.headers['webhook-signature']}"
    verify(with_headers(given, webhook_signature=mixed))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_====", "not base64!", "whsec_\u2603"])
def test_a_secret_that_is_no_key_authenticates_nobody(secret: str) -> None:
    assert refusal(signed(BODY, SECRET), secret) == "signature.no_secret"


def test_a_body_that_is_not_utf8_is_verified_too() -> None:
    """The reference library for Python raises UnicodeDecodeError here."""
    given = replace(signed(BODY, SECRET), body=b"\xff\xfe")
    assert refusal(given) == "signature.mismatch"


def test_the_item_is_the_body_under_the_id_of_the_delivery() -> None:
    given = signed(f"\ufeff  {BODY}\n", SECRET, identifier="msg_7")
    assert connector.split(given, {}) == [("msg_7", BODY)]


@pytest.mark.parametrize("body", ["[]", "1", "null", '"text"', "[{}]"])
def test_a_body_that_is_no_object_has_the_wrong_shape(body: str) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(request(body), {})
    assert caught.value.code == "delivery.wrong_shape"


def connection(**options: str) -> Connection:
    return Connection(
        "standard", "standard_webhooks", options, {"contact": RecordType("contact", {})}
    )


def test_the_record_is_the_whole_body_and_only_a_configured_version_orders_it() -> None:
    body = {"type": "contact.created", "timestamp": "2026-11-21T09:30:00Z", "data": {}}
    change = connector.interpret(body, connection())
    assert (change.record, change.record_type, change.version) == (body, None, None)
    assert (change.partial, change.ignored) == (False, None)


def test_configured_types_are_ignored() -> None:
    given = connection(ignore_types="contact.deleted contact.merged")
    assert connector.interpret({"type": "contact.merged"}, given).ignored == "event_type"
    assert connector.interpret({"type": "contact"}, given).ignored is None
    assert connector.interpret({"type": ["contact.merged"]}, given).ignored is None
    assert connector.interpret({}, given).ignored is None


def test_an_item_that_is_no_object_is_rejected() -> None:
    with pytest.raises(RejectedRow) as caught:
        connector.interpret([], connection())
    assert caught.value.code == "row.not_an_object"


def test_mistakes_in_the_options_are_named() -> None:
    assert [key for key, _ in kind_mistakes(connector, connection(header="x", secret="y"))] == [
        "header",
        "secret",
    ]
    assert not list(kind_mistakes(connector, connection(ignore_types="a")))


def test_several_record_types_need_conditions() -> None:
    types = {"contact": RecordType("contact", {}, when="a"), "deal": RecordType("deal", {})}
    given = Connection("standard", "standard_webhooks", {}, types)
    assert [key for key, _ in kind_mistakes(connector, given)] == ["deal.when"]


# ---------------------------------------------------------------- secrets as senders show them

KEY = b"0123456789abcdef0123456789abcdef"
ENCODED = b64encode(KEY).decode()
POLAR = "whsec_Kq3vXb7mZt9pLd2sRw5yHc8nJf4gTa6e"
"""Of the form that Polar made until September 2026."""


def signed_with(key: bytes) -> Request:
    """A request signed with these bytes, by the reference library, which decodes base64."""
    return signed(BODY, b64encode(key).decode())


@pytest.mark.parametrize(
    "secret",
    [
        f"whsec_{ENCODED}",
        ENCODED,
        f"v1,whsec_{ENCODED}",
        f"whsec_{ENCODED}\n",
        f" v1,whsec_{ENCODED} ",
        f"{OTHER}|v1,whsec_{ENCODED}",
        f"v1,whsec_{ENCODED}|{OTHER}",
    ],
)
def test_a_secret_may_be_pasted_as_its_sender_shows_it(secret: str) -> None:
    verify(signed_with(KEY), secret)


@pytest.mark.parametrize("secret", [POLAR, POLAR.replace("whsec_", "polar_whs_"), f"{POLAR}\n"])
def test_the_whole_text_may_be_the_key(secret: str) -> None:
    verify(signed_with(secret.strip().encode()), secret)
    assert refusal(signed_with(KEY), secret) == "signature.mismatch"


@pytest.mark.parametrize("secret", ["whsec_", "polar_whs_", "whsec_short", "v1,", "|", "v1,whsec_"])
def test_a_prefix_is_no_key(secret: str) -> None:
    """Else anybody could sign with it."""
    text = secret.removeprefix("v1,")
    for key in {text.encode(), secret.encode(), text.rpartition("_")[0].encode() + b"_"} - {b""}:
        assert refusal(signed_with(key), secret) in {"signature.no_secret", "signature.mismatch"}


def test_a_public_key_is_never_read_as_a_shared_one() -> None:
    for secret in (PUBLIC, f"v1a,{PUBLIC}"):
        assert refusal(signed_with(PUBLIC.encode()), secret) == "signature.mismatch"
        verify(asymmetrically(BODY), secret)


@pytest.mark.parametrize(
    ("secret", "hint"),
    [
        ("whsk_" + ENCODED, "private key"),
        ("whpk_AAAA", "32 bytes"),
        ("not base64!", "whsec_"),
        ("whsec_%%%", "whsec_"),
    ],
)
def test_the_error_says_why_a_secret_is_no_key(secret: str, hint: str) -> None:
    with pytest.raises(SignatureError) as caught:
        verify(signed_with(KEY), secret)
    assert caught.value.code == "signature.no_secret"
    assert hint in caught.value.detail
    assert ENCODED not in caught.value.detail


def test_a_signature_of_stripe_is_named_in_the_error() -> None:
    with pytest.raises(SignatureError) as caught:
        verify(request(BODY, {"stripe-signature": "t=1,v1=00"}))
    assert caught.value.code == "signature.missing"
    assert "Stripe" in caught.value.detail
