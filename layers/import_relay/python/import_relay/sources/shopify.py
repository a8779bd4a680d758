"""Shopify webhooks: customers, and orders as deals.

Proof: `X-Shopify-Hmac-SHA256`, the base64 of the HMAC-SHA256 of the body under the app's client
secret; several secrets count, since deliveries may carry the old one for an hour after a rotation.
No time is signed, so a replay cannot be told from a repetition; the versions decide what counts.
Shopify's newer names of headers, without `X-`, count as well; a delivery that has both kinds must
say the same in both, as else it could be verified as one thing and read as another.

One resource per request, and what it is stands in the topic's header: the item holds that header
beside the body. The record is the resource itself, so that expressions say `email`. Event id:
`Webhook-Id`, which retries keep (`Event-Id` is shared by several subscriptions). Version: the
resource's `updated_at`, since Shopify sends out of order; without it the time of the trigger.
Fragments (deletions, merges, edits of orders) and test deliveries are ignored.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from import_relay.connections import Connection, RecordType, RecordTypeName
from import_relay.errors import RejectedRow, SignatureError, UnreadableDelivery
from import_relay.sources.contract import Change, Item, Replies, Request, unknown_options
from import_relay.sources.event_ids import event_id
from import_relay.sources.json_text import body_text, single
from import_relay.sources.moments import moment
from import_relay.sources.proofs import check_hmac, usable

OPTIONS: Mapping[str, str] = {}
DEFAULTS: Mapping[RecordTypeName, RecordType] = {
    "contact": RecordType(
        "contact",
        {
            "external_id": "id",
            "full_name": "join(' ', [first_name, last_name][?@])",
            "email": "email",
            "whatsapp": "[phone, default_address.phone][?@]",
            "address_line1": "default_address.address1",
            "address_line2": "default_address.address2",
            "zipcode": "default_address.zip",
            "city": "default_address.city",
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
_REASONS: Mapping[str, str] = {
    "customers/delete": "deleted",
    "customers/redact": "deleted",
    "customers/merge": "merged",
    "orders/delete": "deleted",
}
_RESOURCES = frozenset({"customers", "orders"})


def verify(
    request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
) -> None:
    """See `contract.Source.verify`."""
    given = _header(request, "hmac-sha256")
    if len(given) > 1:
        raise SignatureError("signature.malformed", "two signature headers differ")
    keys = [secret.encode("utf-8", "surrogatepass") for secret in usable(secrets)]
    check_hmac(given[0] if given else None, request.body, keys, encoding="base64")


def _header(request: Request, name: str) -> list[str]:
    """The different values of a header under its two names: none, one or two."""
    values = [request.headers.get(f"{prefix}-{name}") for prefix in ("x-shopify", "shopify")]
    return list(dict.fromkeys(value for value in values if value))


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
    """A customer or an order as a whole.

    Ignored: `test`, `deleted`, `merged`, `event_type` (other topics of customers and orders, whose
    bodies are fragments) and `entity`. `version` in connections.toml goes before `updated_at`.
    """
    topic = item.get("topic") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(topic, str):
        raise RejectedRow("row.not_an_object", field="topic", value=topic)
    data = item.get("data")
    if item.get("test") == "true":
        return Change(data, ignored="test")
    record_type = TOPICS.get(topic)
    if record_type is None:
        return Change(data, ignored=_reason(topic))
    if not isinstance(data, dict):
        raise RejectedRow("row.not_an_object", value=data)
    configured = connection.record_types.get(record_type)
    if configured is not None and configured.version:
        return Change(data, record_type)
    version = moment(data.get("updated_at"))
    return Change(
        data, record_type, moment(item.get("triggered_at")) if version is None else version
    )


def _reason(topic: str) -> str:
    """Why a topic is not imported."""
    resource = topic.partition("/")[0]
    return _REASONS.get(topic, "event_type" if resource in _RESOURCES else "entity")


def check_options(connection: Connection) -> Iterable[tuple[str, str]]:
    """Unknown options: this kind has none."""
    return unknown_options(connection, OPTIONS)
