"""A receiver whose store and secrets are in memory."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from import_relay.connectors.contract import Request
from import_relay.domain.connections import Connection, RecordType
from import_relay.domain.errors import (
    StoreUnavailable,
)
from import_relay.receive.intake import (
    Intake,
    Receipt,
)
from import_relay.storage.connection_secrets import ConnectionSecrets
from import_relay.storage.intake_store import IntakeStore

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
class Store:
    """Remembers what it is given; the queue, the bucket or both may be out of order."""

    broken: Sequence[str] = ()
    messages: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    until: list[float] = field(default_factory=list)

    def send(self, bodies: Sequence[str], *, give_up_at: float) -> None:
        self.until.append(give_up_at)
        if "queue" in self.broken:
            raise StoreUnavailable("test")
        self.messages.extend(bodies)

    def put(self, key: str, body: bytes, *, give_up_at: float) -> None:
        self.until.append(give_up_at)
        if "bucket" in self.broken:
            raise StoreUnavailable("test")
        self.objects[key] = body

    @property
    def untouched(self) -> bool:
        return not self.messages and not self.objects


@dataclass
class Secrets:
    """Gives these secrets, and others once it is asked for new ones."""

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
