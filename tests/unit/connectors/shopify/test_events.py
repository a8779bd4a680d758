"""Shopify: the signature under both names of its header, topics, and what a resource becomes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from import_relay.connectors.complete_connections import kind_mistakes
from import_relay.connectors.contract import Request
from import_relay.connectors.shopify import events as connector
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from tests.support import signers
from tests.support.sender import Sender
from tests.support.webhooks import NOW, request, sample, with_headers
from tests.unit.connectors.shopify.deliveries import BODY, CONNECTION, delivery, interpret, row

EVENTS = {
    "shopify.customer-deleted.json": ("ignored: deleted",),
    "shopify.customer-merged.json": ("ignored: merged",),
    "shopify.customer-updated.json": (
        (
            "contact 706405506930370084, partial: full_name email whatsapp"
            " address_line1 address_line2 zipcode city"
        ),
    ),
    "shopify.customer-updated-2024-10.json": (
        (
            "contact 706405506930370084: full_name email whatsapp address_line1"
            " address_line2 zipcode city email_marketing_opt_in"
        ),
    ),
    "shopify.email-consent-updated.json": (
        "contact 706405506930370084, partial: email_marketing_opt_in",
    ),
    "shopify.order-created.json": ("deal 820982911946154508: name contact_external_id",),
    "shopify.order-edited.json": ("ignored: event_type",),
    "shopify.sms-consent-updated.json": (
        "contact 706405506930370084, partial: sms_marketing_opt_in",
    ),
    "shopify.tags-added.json": ("ignored: not_mapped",),
}
"""Example webhook → what becomes of each of its items."""
ACTIONS = {"updated": "update", "created": "create", "deleted": "delete", "merged": "merge"}
WHOLE_TOPICS = {
    "email-consent-updated": "customers_email_marketing_consent/update",
    "sms-consent-updated": "customers_marketing_consent/update",
    "tags-added": "customer.tags_added",
}


def headers_of_case(case: str) -> Mapping[str, str]:
    """The headers of `customer-updated` and the like; orders say `updated`, customers `update`.

    A case may end with the version of the API that its body is of: `customer-updated-2024-10`.
    """
    case, version = (case[:-8], case[-7:]) if case[-7:-3].isdecimal() else (case, "2026-10")
    resource, _, event = case.partition("-")
    topic = event if case == "order-updated" else ACTIONS.get(event, event)
    return {
        "x-shopify-topic": WHOLE_TOPICS.get(case, f"{resource}s/{topic}"),
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-triggered-at": "2026-11-21T09:30:00.123456789Z",
        "x-shopify-shop-domain": "example.myshopify.com",
        "x-shopify-api-version": version,
    }


SENDER = Sender(
    partial(signers.body_hmac, "x-shopify-hmac-sha256", encoding="base64"),
    auth_header="x-shopify-hmac-sha256",
    covers_body=True,
    headers_of=lambda name: headers_of_case(name.split(".")[1]),
)

SECRET = "shpss_example"
OLDER = "shpss_older_example"
# printf '%s' '{"id":706405506930370084}' | openssl dgst -sha256 -hmac <secret> -binary | base64
SIGNATURE = "5jr6/6td7F0JVyQYSEteIvMFFiNXF4CW4hhr1Hjwh/Q="
SIGNATURE_OF_OLDER = "X5cyKa82JHcDmmVfD6O8yFHV8bsWYCKznFTgQMTo8vU="
OLD_NAME, NEW_NAME = "x-shopify-hmac-sha256", "shopify-hmac-sha256"


def verify(given: Request, *secrets: str) -> None:
    connector.verify(given, secrets or (SECRET,), {}, now=NOW)


def refusal(given: Request, *secrets: str) -> str:
    with pytest.raises(SignatureError) as caught:
        connector.verify(given, secrets, {}, now=NOW)
    return caught.value.code


@pytest.mark.parametrize("name", [OLD_NAME, NEW_NAME])
def test_a_signature_made_by_openssl_is_accepted_under_both_names(name: str) -> None:
    verify(request(BODY, {name: SIGNATURE}))


def test_a_signature_made_by_shopifys_own_library_is_accepted() -> None:
    """Not published: the vendor's npm package @shopify/shopify-api 13.1.0 generated it."""
    body = '{"id":706405506930370084,"email":"bob@biller.com"}'
    given = request(body, {OLD_NAME: "WxDgBL1/ovzvO2Lfp0EetoVjhhhSMbm2zV5VGVf5us8="})
    verify(given, "hush")
    assert refusal(given, SECRET) == "signature.mismatch"


def test_both_names_may_carry_the_same_signature() -> None:
    verify(request(BODY, {OLD_NAME: SIGNATURE, NEW_NAME: SIGNATURE}))


@pytest.mark.parametrize("other", ["AAAA", SIGNATURE_OF_OLDER])
def test_two_signatures_that_differ_are_malformed_even_if_one_is_right(other: str) -> None:
    given = request(BODY, {OLD_NAME: SIGNATURE, NEW_NAME: other})
    assert refusal(given, SECRET, OLDER) == "signature.malformed"


def test_the_older_secret_counts_while_it_is_listed() -> None:
    given = request(BODY, {OLD_NAME: SIGNATURE_OF_OLDER})
    verify(given, SECRET, OLDER)
    assert refusal(given, SECRET) == "signature.mismatch"


def test_a_changed_body_is_refused() -> None:
    given = request(BODY, {OLD_NAME: SIGNATURE})
    assert refusal(replace(given, body=given.body + b" "), SECRET) == "signature.mismatch"


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (None, "signature.missing"),
        ("", "signature.missing"),
        (SIGNATURE.lower(), "signature.mismatch"),
        (SIGNATURE[:-1], "signature.mismatch"),
        (f"{SIGNATURE}, {SIGNATURE}", "signature.mismatch"),
        ("e63afaffab5dec5d0957241848", "signature.mismatch"),
        ("\u2603", "signature.mismatch"),
    ],
)
def test_anything_but_the_signature_is_refused(signature: str | None, code: str) -> None:
    assert refusal(with_headers(request(BODY), x_shopify_hmac_sha256=signature), SECRET) == code


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_nothing_is_accepted(secrets: tuple[str, ...]) -> None:
    assert refusal(request(BODY, {OLD_NAME: SIGNATURE}), *secrets) == "signature.no_secret"


def test_the_body_is_spliced_so_that_no_digit_and_no_key_is_lost() -> None:
    body = '{"id": 706405506930370084, "id": 706405506930370085, "note": "\\u00e9", "n": 1e400}'
    (item,) = connector.split(delivery(body=body), {})
    assert item.text.endswith(f'"data": {body}}}')


@pytest.mark.parametrize("prefix", ["x_shopify", "shopify"])
def test_the_webhook_id_of_either_name_is_the_event_id(prefix: str) -> None:
    headers = {f"{prefix}_topic": "orders/create", f"{prefix}_webhook_id": "w-1"}
    (item,) = connector.split(with_headers(request(BODY), **headers), {})
    assert item.event_id == "w-1"


def test_without_a_webhook_id_body_and_topic_identify_the_event() -> None:
    created, changed, again = (
        connector.split(request(BODY, {"x-shopify-topic": topic}), {})[0].event_id
        for topic in ("orders/create", "orders/updated", "orders/create")
    )
    assert created == again != changed


@pytest.mark.parametrize(
    "given",
    [
        request(BODY),
        delivery(body="[]"),
        delivery(body="7"),
        delivery(shopify_topic="orders/create"),
        delivery(shopify_webhook_id="another"),
    ],
)
def test_no_topic_no_object_or_names_that_disagree_have_the_wrong_shape(given: Request) -> None:
    with pytest.raises(UnreadableDelivery) as caught:
        connector.split(given, {})
    assert caught.value.code == "delivery.wrong_shape"


def test_a_customer_becomes_a_contact_with_every_digit_of_its_id() -> None:
    change = interpret(delivery("customers/update", sample("shopify.customer-updated")))
    assert (change.record_type, change.ignored, change.partial) == ("contact", None, True)
    assert row(change) == {
        "external_id": "706405506930370084",
        "full_name": "Ada Example",
        "email": "ada@example.com",
        "whatsapp": "+4915112345678",
        "address_line1": "Beispielstrasse 1",
        "address_line2": "Hinterhaus",
        "zipcode": "10115",
        "city": "Berlin",
    }


def test_an_order_becomes_a_deal_of_its_customer() -> None:
    change = interpret(delivery("orders/create", sample("shopify.order-created")))
    assert change.record_type == "deal"
    assert row(change) == {
        "external_id": "820982911946154508",
        "name": "#1001",
        "contact_external_id": "706405506930370084",
    }


def test_a_customer_without_names_or_address_is_mapped_as_far_as_it_goes() -> None:
    change = interpret(delivery(body='{"id": 7, "first_name": null, "default_address": null}'))
    assert row(change) == {"external_id": "7"}


@pytest.mark.parametrize(
    "topic",
    [
        "customers/create",
        "customers/enable",
        "customers/disable",
        "orders/updated",
        "orders/paid",
        "orders/cancelled",
        "orders/fulfilled",
        "orders/partially_fulfilled",
    ],
)
def test_topics_with_a_whole_resource_are_imported(topic: str) -> None:
    change = interpret(delivery(topic))
    assert change.ignored is None
    assert change.record_type == ("contact" if topic.startswith("customers") else "deal")


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("customers/delete", "deleted"),
        ("orders/delete", "deleted"),
        ("customers/merge", "merged"),
        ("orders/edited", "event_type"),
        ("customers/data_request", "event_type"),
        ("customers/purchasing_summary", "event_type"),
        ("customer.joined_segment", "event_type"),
        ("draft_orders/create", "entity"),
        ("Customer", "entity"),
        ("app/uninstalled", "entity"),
        ("ORDERS/CREATE", "entity"),
    ],
)
def test_deletions_merges_fragments_and_other_topics_are_ignored(topic: str, reason: str) -> None:
    assert interpret(delivery(topic)).ignored == reason


@pytest.mark.parametrize("prefix", ["x_shopify", "shopify"])
def test_a_test_delivery_is_ignored_and_has_no_version(prefix: str) -> None:
    change = interpret(delivery(**{f"{prefix}_test": "true"}))
    assert (change.ignored, change.version) == ("test", None)


def test_a_delivery_that_says_it_is_no_test_is_imported() -> None:
    assert interpret(delivery(x_shopify_test="false")).ignored is None


@pytest.mark.parametrize(
    ("updated_at", "triggered_at", "version"),
    [
        ("2026-11-21T10:30:00+01:00", "2026-11-21T12:00:00Z", NOW * 1_000_000),
        (None, "2026-11-21T09:30:00.136738016Z", NOW * 1_000_000 + 136_738),
        ("soon", "2026-11-21T09:30:00.136738016Z", NOW * 1_000_000 + 136_738),
        (None, "never", None),
    ],
)
def test_the_resources_own_time_orders_changes_else_the_time_of_the_trigger(
    updated_at: object, triggered_at: str, version: int | None
) -> None:
    body = json.dumps({"id": 7, "updated_at": updated_at})
    given = delivery(body=body, x_shopify_triggered_at=triggered_at)
    assert interpret(given).version == version


@pytest.mark.parametrize(
    "item",
    [
        7,
        [],
        {},
        {"topic": ["customers/update"]},
        {"topic": "customers/update"},
        {"topic": "customers/update", "data": []},
    ],
)
def test_an_item_that_no_delivery_makes_is_rejected(item: Any) -> None:
    with pytest.raises(RejectedRow):
        connector.interpret(item, CONNECTION)


def test_the_kind_has_no_options() -> None:
    assert not list(kind_mistakes(connector, CONNECTION))
    wrong = replace(CONNECTION, options={"header": "x"})
    assert [key for key, _ in kind_mistakes(connector, wrong)] == ["header"]


def test_a_body_of_the_configured_shop_is_accepted() -> None:
    given = request(BODY, {OLD_NAME: SIGNATURE})
    shop = {"shop_domain": "ada.myshopify.com"}
    for name in ("x-shopify-shop-domain", "shopify-shop-domain"):
        named = with_headers(given, **{name: "Ada.myshopify.com"})
        connector.verify(named, (SECRET,), shop, now=NOW)


@pytest.mark.parametrize("name", ["", "eve.myshopify.com", "ada.myshopify.com.evil.example"])
def test_a_body_of_another_shop_is_refused(name: str) -> None:
    headers = {OLD_NAME: SIGNATURE} | ({"x-shopify-shop-domain": name} if name else {})

    with pytest.raises(SignatureError, match="shop_domain"):
        connector.verify(
            request(BODY, headers), (SECRET,), {"shop_domain": "ada.myshopify.com"}, now=NOW
        )


@pytest.mark.parametrize(
    "domain", ["", "ada.example.com", "https://ada.myshopify.com", "Ada.myshopify.com"]
)
def test_a_text_that_is_no_domain_of_a_shop_is_a_mistake(domain: str) -> None:
    connection = Connection("shopify", "shopify", options={"shop_domain": domain})

    assert [key for key, _ in kind_mistakes(connector, connection)] == ["shop_domain"]


REDACTED = {"shop_id": 1, "customer": {"id": 706405506930370084, "email": "a@example.com"}}


def test_a_demand_to_erase_a_customer_names_the_customer() -> None:
    change = interpret(delivery("customers/redact", json.dumps(REDACTED)))
    assert (change.ignored, change.erases) == ("erasure", "706405506930370084")


@pytest.mark.parametrize("data", [{}, {"customer": {"id": "x"}}, {"customer": None}])
def test_a_demand_that_names_no_customer_is_rejected(data: object) -> None:
    with pytest.raises(RejectedRow) as caught:
        interpret(delivery("customers/redact", json.dumps(data)))
    assert caught.value.field == "customer.id"
