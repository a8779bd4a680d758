"""A receiver whose store and secrets are in memory, and may fail or change."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from import_relay.connectors.contract import Request
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import StoreUnavailable
from import_relay.receive.intake import Intake, Receipt
from import_relay.storage.connection_secrets import ConnectionSecrets
from import_relay.storage.intake_store import IntakeStore
from tests.support import receiver

CONTACT = {"contact": RecordType("contact", {})}
CONNECTIONS = {
    "erp": Connection("erp", "json", {}, CONTACT),
    "crm": Connection("crm", "standard_webhooks", {}, CONTACT),
    "bus": Connection("bus", "salesforce_cdc", {"event_source": "aws.partner/salesforce.com/x/y"}),
    "events": Connection("events", "cloudevents", {"origins": "sender.example.com"}, CONTACT),
}
DELIVERY = "20261121T093000000000-00"
ANSWER_BY, GIVE_UP_AT = 4.5, 9.5
AUTHENTIC = {"x-relay-secret": "s3cret"}


@dataclass
class Store(receiver.Store):
    """Remembers each call's deadline as well; the queue, the bucket or both may be out of order."""

    broken: Sequence[str] = ()
    deadlines: list[float] = field(default_factory=list)

    def send(self, bodies: Sequence[str], *, give_up_at: float) -> None:
        self.deadlines.append(give_up_at)
        if "queue" in self.broken:
            raise StoreUnavailable("test")
        super().send(bodies, give_up_at=give_up_at)

    def put(self, key: str, body: bytes, *, give_up_at: float) -> None:
        self.deadlines.append(give_up_at)
        if "bucket" in self.broken:
            raise StoreUnavailable("test")
        super().put(key, body, give_up_at=give_up_at)


@dataclass
class Secrets:
    """Gives the `known` secrets, and the `newer` ones once it is asked to renew them."""

    known: Sequence[str] = ("s3cret",)
    newer: Sequence[str] | None = None
    renewals: int = 0

    def of(self, connection: str) -> Sequence[str]:
        return self.known

    def renewed(self, connection: str) -> Sequence[str] | None:
        self.renewals += 1
        return self.newer


def intake_of(store: Store, secrets: Secrets) -> Intake:
    return Intake(CONNECTIONS, cast("ConnectionSecrets", secrets), cast("IntakeStore", store))


def receive(
    given: Request, connection: str = "erp", *, store: Store, secrets: Secrets | None = None
) -> Receipt:
    intake = intake_of(store, secrets or Secrets())
    return intake.receive(
        given, connection, delivery=DELIVERY, answer_by=ANSWER_BY, give_up_at=GIVE_UP_AT
    )


def contents(texts: Sequence[str]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in texts]
