"""CRMs: they send authentic webhooks, each again and again until they get a 2xx."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from import_relay.connectors.contract import Request
from import_relay.receive.intake import TEST_HEADER, Receipt
from tests.simulation.connections import SECRET
from tests.simulation.crm import CONNECTION, id_of
from tests.simulation.relay import Relay
from tests.simulation.scenario import Record, Webhook
from tests.simulation.world import START, Process, World

PAUSES_S = (30.0, 120.0, 600.0, 1_800.0)
"""Before a sender tries again; the last one repeats."""
_HEADERS = {"content-type": "application/json", "x-relay-secret": SECRET}


@dataclass(slots=True)
class Senders:
    """All CRMs of a run.

    `deliveries`: id that the relay gave to a delivery → the webhook. `acknowledged`: the deliveries
    that were answered with a 2xx. `under_way`: how many webhooks have no 2xx yet.
    """

    world: World
    relay: Relay
    deliveries: dict[str, Webhook] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    attempted: Counter[str] = field(default_factory=Counter)
    under_way: int = 0

    def plan(self, webhooks: Sequence[Webhook]) -> None:
        """Send all of them when their time has come."""
        self.under_way = len(webhooks)
        for webhook in webhooks:
            request = _request(webhook)
            self.world.at(START + webhook.at, _Sending(self, webhook, request).send)


@dataclass(slots=True)
class _Sending:
    senders: Senders
    webhook: Webhook
    request: Request
    tries: int = 0

    def send(self) -> None:
        senders = self.senders
        senders.attempted["items"] += len(self.webhook.records)
        senders.world.tell(
            "sends",
            self.webhook.connection,
            event=self.webhook.event,
            records=[record_text(one) for one in self.webhook.records],
            **({"test": True} if self.webhook.is_test else {}),
        )
        senders.relay.receive(
            self.webhook.connection, self.request, self._answered, self._delivered
        )

    def _delivered(self, delivery: str) -> None:
        self.senders.deliveries[delivery] = self.webhook

    def _answered(self, process: Process) -> None:
        senders = self.senders
        result = process.result if process.error is None else None
        if isinstance(result, tuple) and result[1] < 300:
            assert isinstance(result[0], Receipt)
            senders.acknowledged.add(result[0].delivery)
            senders.under_way -= 1
            return
        pause = PAUSES_S[min(self.tries, len(PAUSES_S) - 1)]
        self.tries += 1
        senders.world.after(pause, self.send)


def record_text(record: Record) -> str:
    """A record in a few words, for the trace."""
    key = f"{record.key} by e-mail" if record.without_id else record.key
    return record.broken or f"{key} v{record.version % 1_000_000 // 1_000} " + "/".join(
        sorted(record.fields)
    )


def _request(webhook: Webhook) -> Request:
    request = _unmarked(webhook)
    marks = {TEST_HEADER: "true"} if webhook.is_test else {}
    return replace(request, headers={**request.headers, **marks})


def _unmarked(webhook: Webhook) -> Request:
    if webhook.connection in ("hub", CONNECTION):
        events = [_event(webhook, n, one) for n, one in enumerate(webhook.records)]
        body = json.dumps(events).encode()
        signature = hashlib.sha256(SECRET.encode() + body).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-hubspot-signature": signature,
            "x-hubspot-signature-version": "v1",
        }
        return Request("POST", f"/webhooks/{webhook.connection}", "", headers, body, 0)
    body = json.dumps([_object(webhook, one) for one in webhook.records]).encode()
    return Request("POST", f"/webhooks/{webhook.connection}", "", _HEADERS, body, 0)


def _object(webhook: Webhook, record: Record) -> object:
    if record.broken == "no id":
        return {"of": webhook.event}
    seconds = f"{record.version // 1_000_000}.{record.version % 1_000_000:06}"
    version: Mapping[str, object] = {} if webhook.connection == "plain" else {"v": seconds}
    if record.broken:
        version = {"v": ["no version"]}
    id_ = {} if record.without_id else {"id": record.key}
    return {**id_, **record.fields, **version}


def _event(webhook: Webhook, number: int, record: Record) -> Mapping[str, object]:
    event: dict[str, object] = {
        "eventId": int(webhook.event.removeprefix("e")) * 100 + number,
        "portalId": 62515,
        "occurredAt": record.version // 1_000,
        "objectId": int(record.key),
    }
    type_ = "deal" if record.is_deal else "contact"
    if record.broken:
        return {**event, "subscriptionType": f"{type_}.deletion"}
    if webhook.connection == CONNECTION:  # only the id: the rest is fetched at the CRM
        event["objectId"] = id_of(record)
        return {**event, "subscriptionType": f"{type_}.creation"}
    ((name, value),) = record.fields.items()
    return {
        **event,
        "subscriptionType": f"{type_}.propertyChange",
        "propertyName": name,
        "propertyValue": value,
    }
