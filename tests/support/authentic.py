"""Every kind's sender: an example connection with its secret, and what it really sends.

`SENDERS` is the registry; `requests_of(kind)` gives one proven request for each file of the kind in
events/. Tests over every kind, the fuzz targets and a benchmark start from these.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from import_relay.connectors.contract import Request
from import_relay.domain.connections import Connection, load_connections
from import_relay.domain.models import Occurrence
from import_relay.submit.changes import Mapped, Mapper
from import_relay.submit.fetched_records import RecordsFetched
from tests.support import signers
from tests.support.signers import Sign
from tests.support.webhooks import NOW, ROOT, example_secrets, request, sample

JSON = {"content-type": "application/json"}
CONNECTIONS = load_connections(ROOT / "layers" / "connections" / "connections.toml")
SECRETS = example_secrets()


@dataclass(frozen=True)
class Sender:
    """How one kind's sender authenticates itself and what it sends besides the body.

    `auth_header`: the header that carries the auth_header, None if it is elsewhere. `time`: the
    header that carries the signed time. `covers_body`: the auth_header changes with each byte of
    the body.
    `needs_secret`: False where something else than a secret authenticates the sender. `headers_of`:
    further headers by the name of the file. `spoil`: makes a body's own auth_header wrong.
    """

    sign: Sign
    auth_header: str | None = None
    time: str | None = None
    covers_body: bool = False
    needs_secret: bool = True
    headers: Mapping[str, str] = field(default_factory=lambda: dict(JSON))
    headers_of: Callable[[str], Mapping[str, str]] = lambda _: {}
    spoil: Callable[[bytes], bytes] = lambda body: body
    transport: Literal["http", "eventbridge"] = "http"

    def unproven(self, given: Request) -> Request:
        """The same request without its auth_header."""
        bare = {name: value for name, value in given.headers.items() if name != self.auth_header}
        return replace(given, headers=bare, path=_bare_path(given), body=self.spoil(given.body))


def _secret(kind: str) -> str:
    return SECRETS[kind][0]


SENDERS: Mapping[str, Sender] = {
    "activecampaign": Sender(
        signers.path_secret(_secret("activecampaign")),
        headers={"content-type": "application/x-www-form-urlencoded"},
    ),
    "attio": Sender(
        signers.body_hmac("attio-signature", _secret("attio"), encoding="hex"),
        auth_header="attio-signature",
        covers_body=True,
        headers_of=lambda name: {"idempotency-key": f"key-of-{name}"},
    ),
    "calcom": Sender(
        signers.body_hmac("x-cal-signature-256", _secret("calcom"), encoding="hex"),
        auth_header="x-cal-signature-256",
        covers_body=True,
    ),
    "calendly": Sender(
        signers.calendly(_secret("calendly")),
        auth_header="calendly-webhook-signature",
        time="calendly-webhook-signature",
        covers_body=True,
    ),
    "close": Sender(
        signers.close(_secret("close")),
        auth_header="close-sig-hash",
        time="close-sig-timestamp",
        covers_body=True,
    ),
    "cloudevents": Sender(
        signers.header("authorization", f"Bearer {_secret('cloudevents')}"),
        auth_header="authorization",
        headers_of=lambda name: _CLOUDEVENTS.get(name, _CLOUDEVENTS[""]),
    ),
    "dataverse": Sender(
        signers.header("x-relay-secret", _secret("dataverse")), auth_header="x-relay-secret"
    ),
    "hubspot": Sender(
        signers.hubspot(_secret("hubspot"), CONNECTIONS["hubspot"].options.get("public_url", "")),
        auth_header="x-hubspot-signature-v3",
        time="x-hubspot-request-timestamp",
        covers_body=True,
    ),
    "hubspot_workflow": Sender(
        signers.hubspot(
            _secret("hubspot_workflow"),
            CONNECTIONS["hubspot_workflow"].options.get("public_url", ""),
        ),
        auth_header="x-hubspot-signature-v3",
        time="x-hubspot-request-timestamp",
        covers_body=True,
    ),
    "json": Sender(
        signers.header("x-relay-secret", _secret("json")),
        auth_header="x-relay-secret",
        headers_of=lambda name: _JSON_TYPES.get(name, {}),
    ),
    "pipedrive": Sender(signers.credentials(_secret("pipedrive")), auth_header="authorization"),
    "salesforce_cdc": Sender(
        signers.event_bus(CONNECTIONS["salesforce_cdc"].options["event_source"]),
        needs_secret=False,
        transport="eventbridge",
    ),
    "salesforce_flow": Sender(
        signers.header("x-relay-secret", _secret("salesforce_flow")), auth_header="x-relay-secret"
    ),
    "salesforce_outbound": Sender(
        signers.path_secret(_secret("salesforce_outbound")),
        headers={"content-type": "text/xml; charset=utf-8", "soapaction": '""'},
    ),
    "shopify": Sender(
        signers.body_hmac("x-shopify-hmac-sha256", _secret("shopify"), encoding="base64"),
        auth_header="x-shopify-hmac-sha256",
        covers_body=True,
        headers_of=lambda name: _shopify(name.split(".")[1]),
    ),
    "standard_webhooks": Sender(
        signers.standard_webhooks(_secret("standard_webhooks")),
        auth_header="webhook-signature",
        time="webhook-timestamp",
        covers_body=True,
    ),
    "zoho": Sender(
        signers.body_token("token", _secret("zoho")),
        spoil=lambda body: body.replace(b'"token"', b'"nothing"'),
    ),
}
_TOPICS = {"updated": "update", "created": "create", "deleted": "delete", "merged": "merge"}
_WHOLE_TOPICS = {
    "email-consent-updated": "customers_email_marketing_consent/update",
    "sms-consent-updated": "customers_marketing_consent/update",
    "tags-added": "customer.tags_added",
}


def _shopify(case: str) -> Mapping[str, str]:
    """The headers of `customer-updated` and the like; orders say `updated`, customers `update`.

    A case may end with the version of the API that its body is of: `customer-updated-2024-10`.
    """
    case, version = (case[:-8], case[-7:]) if case[-7:-3].isdecimal() else (case, "2026-10")
    resource, _, event = case.partition("-")
    topic = event if case == "order-updated" else _TOPICS.get(event, event)
    return {
        "x-shopify-topic": _WHOLE_TOPICS.get(case, f"{resource}s/{topic}"),
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-triggered-at": "2026-11-21T09:30:00.123456789Z",
        "x-shopify-shop-domain": "example.myshopify.com",
        "x-shopify-api-version": version,
    }


_JSON_TYPES: Mapping[str, Mapping[str, str]] = {
    "json.lines.ndjson": {"content-type": "application/x-ndjson"},
    "json.windows-1252.json": {"content-type": "application/json; charset=windows-1252"},
}


_CLOUDEVENTS: Mapping[str, Mapping[str, str]] = {
    "cloudevents.batch.json": {"content-type": "application/cloudevents-batch+json"},
    "cloudevents.binary.json": {
        "ce-specversion": "1.0",
        "ce-type": "com.example.contact.updated",
        "ce-source": "/crm/accounts/4711",
        "ce-id": "0005",
        "ce-time": "2026-11-21T09:30:00Z",
        "ce-subject": "contacts%2F1005",
    },
    "cloudevents.plain-json.json": {"content-type": "application/json"},
    "": {"content-type": "application/cloudevents+json; charset=utf-8"},
}


def connection_of(kind: str) -> Connection:
    """The example connection of a kind, which is named like it."""
    return CONNECTIONS[kind]


@cache
def requests_of(kind: str) -> Mapping[str, Request]:
    """File in events/ → the request that brings it, proven at `webhooks.NOW`."""
    names = sorted(path.name for path in (ROOT / "events").iterdir())
    return {name: _request(kind, name) for name in names if name.startswith(f"{kind}.")}


def _request(kind: str, name: str) -> Request:
    """The request at `NOW`."""
    sender = SENDERS[kind]
    headers = {**sender.headers, **sender.headers_of(name)}
    given = request(sample(name), headers, path=f"/webhooks/{kind}")
    return sender.sign(replace(given, transport=sender.transport))


def with_body(kind: str, given: Request, body: bytes) -> Request:
    """The request with another body, proven as its sender would."""
    bare = replace(given, body=body)
    return SENDERS[kind].sign(replace(bare, path=_bare_path(given)))


def received_at(kind: str, given: Request, seconds: float) -> Request:
    """The request as it arrives at another time, in seconds since the epoch, proven for then."""
    moved = replace(given, received_at=int(seconds * 1_000_000), path=_bare_path(given))
    return SENDERS[kind].sign(moved)


def _bare_path(given: Request) -> str:
    """The path without its secret."""
    return "/".join(given.path.split("/")[:3])


@cache
def _mapper(kind: str) -> Mapper:
    return Mapper({kind: connection_of(kind)})


def mapped(kind: str, items: Sequence[object]) -> Mapped:
    """What becomes of items without anything read at a CRM, as submission finds it."""
    occurrences = [
        Occurrence("m1", kind, "d1", number, f"e{number}", NOW * 1_000_000, 0, item)
        for number, item in enumerate(items)
    ]
    return _mapper(kind).map(_mapper(kind).interpret(occurrences), RecordsFetched())
