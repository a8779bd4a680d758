"""Shopify: the signature under both names of its header, topics, and what a resource becomes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from import_relay.connectors.complete_connections import with_defaults
from import_relay.connectors.contract import Change, Request
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.connectors.shopify import events as connector
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.domain.models import Occurrence, Outcome
from import_relay.mapping.record_mapping import RecordMapping
from import_relay.submit.changes import Mapped, Mapper
from import_relay.submit.fetched_records import RecordsFetched
from tests.support.builders import connections
from tests.support.webhooks import NOW, request, sample, with_headers

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

SECRET = "shpss_example"
OLDER = "shpss_older_example"
BODY = '{"id":706405506930370084}'
# printf '%s' '{"id":706405506930370084}' | openssl dgst -sha256 -hmac <secret> -binary | base64
SIGNATURE = "5jr6/6td7F0JVyQYSEteIvMFFiNXF4CW4hhr1Hjwh/Q="
SIGNATURE_OF_OLDER = "X5cyKa82JHcDmmVfD6O8yFHV8bsWYCKznFTgQMTo8vU="
OLD_NAME, NEW_NAME = "x-shopify-hmac-sha256", "shopify-hmac-sha256"
CONNECTION = with_defaults(Connection("shopify", "shopify"))


def verify(given: Request, *secrets: str) -> None:
    connector.verify(given, secrets or (SECRET,), {}, now=NOW)


def refusal(given: Request, *secrets: str) -> str:
    with pytest.raises(SignatureError) as caught:
        connector.verify(given, secrets, {}, now=NOW)
    return caught.value.code


def delivery(topic: str = "customers/update", body: str | bytes = BODY, **headers: str) -> Request:
    known = {"x-shopify-topic": topic, "x-shopify-webhook-id": "b54557e4"}
    return with_headers(request(body, known), **headers)


def interpret(given: Request, connection: Connection = CONNECTION) -> Change:
    (item,) = connector.split(given, {})
    return connector.interpret(json.loads(item.text), connection)


def row(change: Change) -> dict[str, object]:
    assert change.record_type is not None
    mapping = RecordMapping(CONNECTION.record_types[change.record_type])
    return mapping.columns(change.record, partial=change.partial).values


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


def consent(topic: str, body: object, connection: Connection = CONNECTION) -> Change:
    return interpret(
        delivery(topic, json.dumps(body), x_shopify_triggered_at="2026-11-21T09:30:00.5Z"),
        connection,
    )


EMAIL = {"customer_id": 706405506930370084, "email_address": "ada@example.com"}
SMS = {"id": 706405506930370084, "phone": "+4915112345678"}
EMAIL_TOPICS = (
    "customers_email_marketing_consent/update",
    "customers/email_marketing_consent_update",
)
SMS_TOPICS = ("customers_marketing_consent/update", "customers/marketing_consent_update")
DECISIONS = [
    ("subscribed", {"opt_in": True}),
    ("SUBSCRIBED", {"opt_in": True}),
    ("unsubscribed", {"opt_in": False}),
    ("redacted", {"opt_in": False}),
    ("not_subscribed", {}),
    ("pending", {}),
    ("invalid", {}),
]


@pytest.mark.parametrize(("state", "expected"), DECISIONS)
@pytest.mark.parametrize("topic", [*EMAIL_TOPICS, *SMS_TOPICS])
def test_a_decision_about_consent_arrives_and_silence_is_none(
    topic: str, state: str, expected: dict[str, bool]
) -> None:
    channel, base = ("email", EMAIL) if topic in EMAIL_TOPICS else ("sms", SMS)
    change = consent(topic, {**base, f"{channel}_marketing_consent": {"state": state}})
    assert (change.record_type, change.ignored, change.partial) == ("contact", None, True)
    sent = {f"{channel}_marketing_{name}": value for name, value in expected.items()}
    assert row(change) == {"external_id": "706405506930370084", **sent}


@pytest.mark.parametrize(("state", "expected"), DECISIONS)
def test_consent_within_a_customer_is_mapped_alike(state: str, expected: dict[str, bool]) -> None:
    body = {"id": 7, "tags": "", "email_marketing_consent": {"state": state.lower()}}
    change = interpret(delivery(body=json.dumps({**body, "sms_marketing_consent": None})))
    sent = {f"email_marketing_{name}": value for name, value in expected.items()}
    assert (change.partial, row(change)) == (False, {"external_id": "7", **sent})


@pytest.mark.parametrize("name", ["customer-updated", "customer-deleted", "order-created"])
def test_samples_have_the_shape_of_the_version_that_they_name(name: str) -> None:
    body = json.loads(sample(f"shopify.{name}"))
    customer = body.get("customer", body)
    assert not customer.keys() & {"tags", "email_marketing_consent", "sms_marketing_consent"}


@pytest.mark.parametrize("missing", ["email_marketing_consent", "sms_marketing_consent", "tags"])
def test_a_customer_is_partial_where_it_lacks_what_other_topics_tell(missing: str) -> None:
    """An opt-out from before the customer's last change must not be superseded by it."""
    body = json.loads(sample("shopify.customer-updated-2024-10"))
    assert not interpret(delivery(body=json.dumps(body))).partial
    del body[missing]
    change = interpret(delivery(body=json.dumps(body)))
    assert change.partial
    assert "full_name" in row(change)


def test_an_opt_out_arrives_whichever_of_its_names_the_customers_id_has() -> None:
    state = {"state": "unsubscribed"}
    for key in ("id", "customer_id"):
        email = consent(EMAIL_TOPICS[0], {key: 7, "email_marketing_consent": state})
        sms = consent(SMS_TOPICS[0], {key: 7, "sms_marketing_consent": state})
        assert isinstance(email.record, dict)
        assert isinstance(sms.record, dict)
        assert email.record["id"] == sms.record["id"] == 7


def test_the_trigger_orders_consent_since_apps_may_date_it_back() -> None:
    body = {
        **EMAIL,
        "email_marketing_consent": {
            "state": "unsubscribed",
            "consent_updated_at": "2020-01-01T00:00:00Z",
        },
    }
    triggered = NOW * 1_000_000 + 500_000
    assert consent(EMAIL_TOPICS[0], body).version == triggered
    untimed = interpret(delivery(EMAIL_TOPICS[0], json.dumps(body)))
    assert untimed.version == 1_577_836_800_000_000


@pytest.mark.parametrize("said", [None, "unsubscribed", {}, {"state": None}, {"state": 1}, []])
@pytest.mark.parametrize("topic", [*EMAIL_TOPICS, *SMS_TOPICS])
def test_consent_that_cannot_be_read_is_rejected_and_not_silent(topic: str, said: object) -> None:
    for name, base in (("email_marketing_consent", EMAIL), ("sms_marketing_consent", SMS)):
        with pytest.raises(RejectedRow):
            consent(topic, {**base, name: said})


@pytest.mark.parametrize(
    "customer", [None, True, "", "x", "gid://shopify/Order/7", "\u0667", 1.5, -7]
)
def test_consent_and_tags_of_nobody_are_rejected(customer: object) -> None:
    state = {"email_marketing_consent": {"state": "unsubscribed"}}
    with pytest.raises(RejectedRow):
        consent(EMAIL_TOPICS[0], {**state, "customer_id": customer})
    with pytest.raises(RejectedRow):
        consent("customer.tags_added", {"customerId": customer, "tags": ["vip"]})


@pytest.mark.parametrize(
    ("topic", "vip"), [("customer.tags_added", True), ("customer.tags_removed", False)]
)
def test_tags_that_were_added_or_removed_can_be_mapped(topic: str, vip: bool) -> None:
    expression = (
        "not_null(contains(tags_added || `[]`, 'vip') || `null`,"
        " (contains(tags_removed || `[]`, 'vip') || `null`) && `false`)"
    )
    contact = RecordType("contact", {"external_id": "id", "vip": expression})
    connection = Connection("shopify", "shopify", {}, {"contact": contact})
    body = {
        "customerId": "gid://shopify/Customer/706405506930370084",
        "tags": ["vip", "x"],
        "occurredAt": "2026-11-21T09:29:00Z",
    }
    change = consent(topic, body, connection)
    columns = RecordMapping(contact).columns(change.record, partial=change.partial).values
    assert columns == {"external_id": "706405506930370084", "vip": vip}
    other = consent(topic, {**body, "tags": ["x"]}, connection)
    assert RecordMapping(contact).columns(other.record, partial=True).values == {
        "external_id": "706405506930370084"
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
        ("customers/redact", "deleted"),
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
def test_a_test_delivery_is_ignored_and_orders_nothing(prefix: str) -> None:
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
def test_the_resources_own_time_orders_changes_else_the_triggers(
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
    assert not list(connector.check_options(CONNECTION))
    wrong = replace(CONNECTION, options={"header": "x"})
    assert [key for key, _ in connector.check_options(wrong)] == ["header"]


# ---------------------------------------------------------------- a topic that is not signed

ORDER = json.loads(sample("shopify.order-created.json"))
CUSTOMER = json.loads(sample("shopify.customer-updated-2024-10.json"))
DELETED = json.loads(sample("shopify.customer-deleted.json"))


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("customers/update", ORDER),
        ("customers/create", {"id": 1, "line_items": [], "email": "a@example.com"}),
        ("customers/update", {"id": 1, "admin_graphql_api_id": "gid://shopify/Order/1"}),
        ("customers/update", DELETED),
        ("orders/create", CUSTOMER),
        ("orders/paid", {"id": 1, "admin_graphql_api_id": "gid://shopify/DraftOrder/1"}),
        ("orders/updated", {"id": 1, "name": "x", "first_name": "Ada"}),
        ("customers_email_marketing_consent/update", {**CUSTOMER, "customer_id": 1}),
        ("customers_marketing_consent/update", CUSTOMER),
        ("customer.tags_added", {**CUSTOMER, "customerId": "1", "tags": []}),
        ("customer.tags_removed", {**ORDER, "customerId": "1", "tags": []}),
    ],
)
def test_a_body_of_another_topic_is_rejected(topic: str, body: dict[str, object]) -> None:
    with pytest.raises(RejectedRow) as caught:
        interpret(delivery(topic, json.dumps(body)))

    assert (caught.value.code, caught.value.field) == ("row.other_topic", "topic")


def test_a_body_of_the_shop_that_is_named_is_accepted() -> None:
    given = with_headers(request(BODY, {OLD_NAME: SIGNATURE}))
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
def test_a_domain_that_is_no_shops_is_a_mistake(domain: str) -> None:
    connection = Connection("shopify", "shopify", options={"shop_domain": domain})

    assert [key for key, _ in connector.check_options(connection)] == ["shop_domain"]


SHOP = """
[shopify]
kind = "shopify"
[shopify.contact]
when = "state == 'enabled'"
version = "updated_at"
[shopify.contact.fields]
vip = "contains(tags_added || `[]`, 'vip') || `null`"
"""
TRIGGERED = "2026-11-21T09:00:00Z"


def changes_of(topic: str, body: object) -> Mapped:
    given = delivery(topic, json.dumps(body), x_shopify_triggered_at=TRIGGERED)
    (item,) = connector.split(given, {})
    mapper = Mapper(connections(SHOP))
    one = Occurrence("m1", "shopify", "d1", 0, "e1", NOW * 1_000_000, 0, json.loads(item.text))
    return mapper.map(mapper.interpret([one]), RecordsFetched())


@pytest.mark.parametrize(
    ("topic", "key", "consent_"),
    [
        ("customers_email_marketing_consent/update", "customer_id", "email_marketing_consent"),
        ("customers_marketing_consent/update", "id", "sms_marketing_consent"),
    ],
)
def test_an_opt_out_arrives_whatever_when_and_version_ask_for(
    topic: str, key: str, consent_: str
) -> None:
    body = {key: 7, consent_: {"state": "unsubscribed", "consent_updated_at": None}}
    (change,) = changes_of(topic, body).changes
    column = consent_.replace("consent", "opt_in")
    assert change.columns == {"external_id": "7", column: False}
    assert change.version == timestamp(TRIGGERED)
    assert not change.by_receipt


def test_a_when_that_an_opt_out_can_tell_counts() -> None:
    text = SHOP.replace("state == 'enabled'", "id == `8`")
    body = {"customer_id": 7, "email_marketing_consent": {"state": "unsubscribed"}}
    (item,) = connector.split(
        delivery("customers_email_marketing_consent/update", json.dumps(body)), {}
    )
    mapper = Mapper(connections(text))
    one = Occurrence("m1", "shopify", "d1", 0, "e1", NOW * 1_000_000, 0, json.loads(item.text))
    (end,) = mapper.map(mapper.interpret([one]), RecordsFetched()).outcomes
    assert (end.outcome, end.reason) == (Outcome.IGNORED, "no_record_type")


def test_tags_of_a_customer_whom_when_may_leave_out_are_rejected() -> None:
    mapped = changes_of("customer.tags_added", {"customerId": 7, "tags": ["vip"]})
    (end,) = mapped.outcomes
    assert (end.outcome, end.reason) == (Outcome.REJECTED, "row.incomplete")
