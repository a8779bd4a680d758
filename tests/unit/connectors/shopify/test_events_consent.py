"""Consent to marketing: a customer's decision is imported, and silence is no decision."""

import json

import pytest

from import_relay.connectors.contract import Change
from import_relay.connectors.shared.timestamps import timestamp
from import_relay.connectors.shopify import events as connector
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import RejectedRow
from import_relay.domain.models import Occurrence, Outcome
from import_relay.mapping.record_mapping import RecordMapping
from import_relay.submit.changes import Mapped, Mapper
from import_relay.submit.fetched_records import RecordsFetched
from tests.support.builders import connections
from tests.support.webhooks import NOW, sample
from tests.unit.connectors.shopify.deliveries import CONNECTION, delivery, interpret, row


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
def test_a_decision_about_consent_is_imported_and_silence_is_not(
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
def test_examples_have_no_members_that_their_version_dropped(name: str) -> None:
    body = json.loads(sample(f"shopify.{name}"))
    customer = body.get("customer", body)
    assert not customer.keys() & {"tags", "email_marketing_consent", "sms_marketing_consent"}


@pytest.mark.parametrize("missing", ["email_marketing_consent", "sms_marketing_consent", "tags"])
def test_a_customer_without_what_other_topics_tell_is_partial(missing: str) -> None:
    """An opt-out from before the customer's last change must not be superseded by it."""
    body = json.loads(sample("shopify.customer-updated-2024-10"))
    assert not interpret(delivery(body=json.dumps(body))).partial
    del body[missing]
    change = interpret(delivery(body=json.dumps(body)))
    assert change.partial
    assert "full_name" in row(change)


def test_an_opt_out_is_imported_whichever_name_the_customers_id_has() -> None:
    state = {"state": "unsubscribed"}
    for key in ("id", "customer_id"):
        email = consent(EMAIL_TOPICS[0], {key: 7, "email_marketing_consent": state})
        sms = consent(SMS_TOPICS[0], {key: 7, "sms_marketing_consent": state})
        assert isinstance(email.record, dict)
        assert isinstance(sms.record, dict)
        assert email.record["id"] == sms.record["id"] == 7


def test_the_time_of_the_trigger_orders_consent_since_apps_may_backdate_it() -> None:
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
def test_consent_that_cannot_be_read_is_rejected(topic: str, said: object) -> None:
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


def mapped_by(text: str, topic: str, body: object) -> Mapped:
    """What submission makes of a delivery, with the connection of this text."""
    given = delivery(topic, json.dumps(body), x_shopify_triggered_at=TRIGGERED)
    (item,) = connector.split(given, {})
    mapper = Mapper(connections(text))
    one = Occurrence("m1", "shopify", "d1", 0, "e1", NOW * 1_000_000, 0, json.loads(item.text))
    return mapper.map(mapper.interpret([one]), RecordsFetched())


@pytest.mark.parametrize(
    ("topic", "key", "member"),
    [
        ("customers_email_marketing_consent/update", "customer_id", "email_marketing_consent"),
        ("customers_marketing_consent/update", "id", "sms_marketing_consent"),
    ],
)
def test_an_opt_out_is_imported_although_it_lacks_the_fields_of_when_and_version(
    topic: str, key: str, member: str
) -> None:
    body = {key: 7, member: {"state": "unsubscribed", "consent_updated_at": None}}
    (change,) = mapped_by(SHOP, topic, body).changes
    column = member.replace("consent", "opt_in")
    assert change.columns == {"external_id": "7", column: False}
    assert change.version == timestamp(TRIGGERED)
    assert not change.by_receipt


def test_a_condition_that_an_opt_out_can_answer_counts() -> None:
    text = SHOP.replace("state == 'enabled'", "id == `8`")
    body = {"customer_id": 7, "email_marketing_consent": {"state": "unsubscribed"}}
    (result,) = mapped_by(text, EMAIL_TOPICS[0], body).outcomes
    assert (result.outcome, result.reason) == (Outcome.IGNORED, "no_record_type")


def test_tags_are_rejected_if_the_condition_may_exclude_their_customer() -> None:
    mapped = mapped_by(SHOP, "customer.tags_added", {"customerId": 7, "tags": ["vip"]})
    (result,) = mapped.outcomes
    assert (result.outcome, result.reason) == (Outcome.REJECTED, "row.incomplete")
