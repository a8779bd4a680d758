"""Shopify webhooks: customers, and orders as deals.

Authentication: `X-Shopify-Hmac-SHA256`, the base64 of the HMAC-SHA256 of the body under the app's
client secret; several secrets count, since deliveries may carry the old one for an hour after a
rotation. No time is signed, so a replay cannot be told from a repetition; the versions decide what
counts. Shopify's newer names of headers, without `X-`, count as well; a delivery that has both
kinds must say the same in both, as else it could be verified as one thing and read as another.

One resource per request, and what it is stands in the topic's header: the item holds that header
beside the body. The record is the resource itself, so that expressions say `email`. Event id:
`Webhook-Id`, which retries keep (`Event-Id` is shared by several subscriptions). Version: the
resource's `updated_at`, since Shopify sends out of order; without it the time of the trigger.
Deletions, merges, edits of orders and test deliveries are ignored.

The headers are not signed, the body is: it has to be one of its topic, else it is rejected. Nor is
the shop's name, which the option `shop_domain` can require: an app signs for all its shops alike.

Since API version 2025-01 customers carry neither consent nor tags; topics of their own do. These
are partial records: `{"id", "email_marketing_consent"}`, `{"id", "sms_marketing_consent"}`, and
`{"id", "tags_added", "tags_removed"}` with the tags that were added or removed, since nothing
tells all that a customer has. Their version is the time of the trigger: Shopify sends the state of
that time, and lets apps date consent back. An opt-out has to arrive, so consents are fragments:
`when` and `version` do not count where they ask for more. A customer without these fields is
partial as well, so that it never supersedes an opt-out that it says nothing of.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from import_relay.connectors.contract import Change, Item, Replies, Request
from import_relay.connectors.shared.auth import check_hmac, signature, text_keys
from import_relay.connectors.shared.event_ids import event_id
from import_relay.connectors.shared.json_text import body_text, single
from import_relay.connectors.shared.timestamps import first_timestamp, timestamp
from import_relay.connectors.shopify.topics import fits_customer, fits_fragment, fits_order
from import_relay.domain.connections import Connection, RecordType, RecordTypeName
from import_relay.domain.errors import RejectedRow, SignatureError, UnreadableDelivery

OPTIONS: Mapping[str, str] = {
    "shop_domain": "the one shop that may deliver, e.g. example.myshopify.com; any by default"
}


def _opt_in(consent: str) -> str:
    """True or false as the customer decided; null where the customer never did.

    `pending`, `not_subscribed` and `invalid` are no decisions.
    """
    state = f"{consent}.state"
    return (
        f"not_null({state} == 'subscribed' || `null`,"
        f" (contains(['unsubscribed', 'redacted'], {state}) || `null`) && `false`)"
    )


DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "id",
            "full_name": "join(' ', [first_name, last_name][?@])",
            "email": "email",
            "whatsapp": "[phone, default_address.phone][?@]",
            "country_codes": "default_address.country_code || default_address.country",
            "address_line1": "default_address.address1",
            "address_line2": "default_address.address2",
            "zipcode": "default_address.zip",
            "city": "default_address.city",
            "email_marketing_opt_in": _opt_in("email_marketing_consent"),
            "sms_marketing_opt_in": _opt_in("sms_marketing_consent"),
        },
    ),
    "deal": RecordType(
        "deal",
        {"external_id": "id", "name": "name", "contact_external_id": "customer.id"},
        allow_reassignment=True,
    ),
}
REPLIES = Replies()
TOPICS: Mapping[str, RecordTypeName] = {
    "customers/create": "contact",
    "customers/update": "contact",
    "customers/enable": "contact",
    "customers/disable": "contact",
    "orders/create": "deal",
    "orders/updated": "deal",
    "orders/paid": "deal",
    "orders/cancelled": "deal",
    "orders/fulfilled": "deal",
    "orders/partially_fulfilled": "deal",
}
"""Topics whose body is the whole resource → what it becomes."""
_CONSENTS: Mapping[str, str] = {
    "customers_email_marketing_consent/update": "email_marketing_consent",
    "customers/email_marketing_consent_update": "email_marketing_consent",
    "customers_marketing_consent/update": "sms_marketing_consent",
    "customers/marketing_consent_update": "sms_marketing_consent",
}
"""Topic of a consent → the key of the consent. The customer's is `customer_id` or `id`.

The names with `customers/` are those of Shopify's changelog of 2025-01, the others those of its
lists of topics.
"""
_TAGS: Mapping[str, str] = {
    "customer.tags_added": "tags_added",
    "customer.tags_removed": "tags_removed",
}
"""Topic about tags → what the record calls them."""
_OF_OTHER_TOPICS = frozenset({"email_marketing_consent", "sms_marketing_consent", "tags"})
"""What a customer lacks since 2025-01."""
_shop_domain = re.compile(r"[a-z0-9][a-z0-9-]{0,99}\.myshopify\.com")
_customer_gid = re.compile(r"gid://shopify/Customer/([0-9]{1,20})", re.ASCII)
_REASONS: Mapping[str, str] = {
    "customers/delete": "deleted",
    "customers/redact": "erasure",
    "customers/merge": "merged",
    "orders/delete": "deleted",
}
_RESOURCES = frozenset({"customer", "customers", "orders"})


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Connector.verify`."""
    given = _header(request, "hmac-sha256")
    if len(given) > 1:
        raise SignatureError("signature.malformed", "two signature headers differ")
    check_hmac(given[0] if given else None, request.body, text_keys(secrets), encoding="base64")
    shop = options.get("shop_domain")
    if shop and [one.lower() for one in _header(request, "shop-domain")] != [shop]:
        raise SignatureError("signature.malformed", "it does not come from the shop of shop_domain")


def _header(request: Request, name: str) -> list[str]:
    """The different values of a header under its two names: none, one or two."""
    values = [request.headers.get(f"{prefix}-{name}") for prefix in ("x-shopify", "shopify")]
    return list(dict.fromkeys(value for value in values if value))


def sign(request: Request, secret: str, options: Mapping[str, str]) -> Request:
    """See `contract.SigningConnector.sign`."""
    code = signature(secret.encode(), request.body, encoding="base64")
    shop = {"x-shopify-shop-domain": options["shop_domain"]} if "shop_domain" in options else {}
    return request.with_headers({"x-shopify-hmac-sha256": code, **shop})


def split(request: Request, options: Mapping[str, str]) -> list[Item]:
    """One resource per request, with what the headers say of it."""
    value, text = single(body_text(request))
    if not isinstance(value, dict):
        raise UnreadableDelivery("delivery.wrong_shape", "not a JSON object")
    topic = _only(request, "topic")
    if topic is None:
        raise UnreadableDelivery("delivery.wrong_shape", "no header names the topic")
    head = {
        "topic": topic,
        "triggered_at": _only(request, "triggered-at"),
        "test": _only(request, "test"),
    }
    item = f'{json.dumps(head)[:-1]}, "data": {text}}}'
    return [Item(event_id(_only(request, "webhook-id"), item), item)]


def _only(request: Request, name: str) -> str | None:
    values = _header(request, name)
    if len(values) > 1:
        raise UnreadableDelivery("delivery.wrong_shape", "the two names of a header differ")
    return values[0] if values else None


def interpret(item: object, connection: Connection) -> Change:
    """A customer or an order, or what changed of a customer's consent or tags.

    Ignored: `test`, `deleted`, `erasure`, `merged`, `event_type` (other topics of customers and
    orders, whose bodies are fragments) and `entity`.
    """
    topic = item.get("topic") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(topic, str):
        raise RejectedRow("row.not_an_object", field="topic", value=topic)
    data = item.get("data")
    if item.get("test") == "true":
        return Change(data, ignored="test")
    record_type = "contact" if topic in _CONSENTS or topic in _TAGS else TOPICS.get(topic)
    if record_type is None:
        return Change(data, ignored=_reason(topic), erases=_erased_customer(topic, data))
    if not isinstance(data, dict):
        raise RejectedRow("row.not_an_object", value=data)
    if not _fits(topic, data):
        raise RejectedRow("row.other_topic", field="topic", value=topic)
    return _change(topic, record_type, data, timestamp(item.get("triggered_at")))


def _change(
    topic: str, record_type: RecordTypeName, data: dict[str, object], triggered_at: int | None
) -> Change:
    consent = _consent(topic, data)
    record = consent or _tags(topic, data)
    if record is not None:
        version, partial = triggered_at or _occurred_at(data), True
    else:
        version, partial = timestamp(data.get("updated_at")) or triggered_at, _lacks(topic, data)
    return Change(
        record or data, record_type, version, partial=partial, fragment=consent is not None
    )


def _erased_customer(topic: str, data: object) -> str:
    """The customer whose data Shopify demands to be erased; empty: another topic.

    https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance
    """
    if topic != "customers/redact":
        return ""
    customer = data.get("customer") if isinstance(data, dict) else None
    identifier = customer.get("id") if isinstance(customer, dict) else None
    if isinstance(identifier, bool) or not isinstance(identifier, int):
        raise RejectedRow("row.bad_value", field="customer.id", value=identifier)
    return str(identifier)


def _fits(topic: str, data: Mapping[str, object]) -> bool:
    """Whether the body is one of the topic, which nothing signs."""
    if topic not in TOPICS:
        return fits_fragment(data)
    return fits_customer(data) if TOPICS[topic] == "contact" else fits_order(data)


def _consent(topic: str, data: Mapping[str, object]) -> dict[str, object] | None:
    """What a topic about consent says; None: it is another topic."""
    if topic not in _CONSENTS:
        return None
    consent = _CONSENTS[topic]
    said = data.get(consent)
    state = said.get("state") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(state, str):
        raise RejectedRow("row.bad_value", field=f"{consent}.state", value=state)
    return {"id": _customer(data, "customer_id"), consent: {**said, "state": state.lower()}}


def _tags(topic: str, data: Mapping[str, object]) -> dict[str, object] | None:
    """What a topic about tags says; None: it is another topic."""
    if topic not in _TAGS:
        return None
    tags = data.get("tags")
    if not isinstance(tags, list):
        raise RejectedRow("row.bad_value", field="tags", value=tags)
    named: dict[str, object] = {"tags_added": [], "tags_removed": [], _TAGS[topic]: tags}
    return {"id": _customer(data, "customerId"), **named}


def _customer(data: Mapping[str, object], key: str) -> object:
    """The customer's id as customers have it: a number, be it at the end of a global id."""
    given = data.get(key, data.get("id"))
    found = _customer_gid.fullmatch(given) if isinstance(given, str) else None
    number = found[1] if found else given
    if isinstance(number, bool) or not (str(number).isascii() and str(number).isdecimal()):
        raise RejectedRow("row.bad_value", field=key, value=given)
    return number


def _occurred_at(data: Mapping[str, object]) -> int | None:
    """When a consent or tags changed, by the body."""
    times = [data.get("occurredAt")]
    times += [one.get("consent_updated_at") for one in data.values() if isinstance(one, dict)]
    return first_timestamp(times)


def _lacks(topic: str, data: Mapping[str, object]) -> bool:
    """Whether other topics tell of this customer what the body does not."""
    return TOPICS.get(topic) == "contact" and not data.keys() >= _OF_OTHER_TOPICS


def _reason(topic: str) -> str:
    """Why a topic is not imported."""
    resource = re.split(r"[/.]", topic, maxsplit=1)[0]
    return _REASONS.get(topic, "event_type" if resource in _RESOURCES else "entity")


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """A domain that is not one of Shopify's."""
    domain = connection.options.get("shop_domain")
    if domain is not None and not _shop_domain.fullmatch(domain):
        yield "shop_domain", f"must be like example.myshopify.com, not {domain!r}"
