"""The handler of receive_webhook in front of a store in memory, for tests over every kind."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import time_machine

import receive_webhook
from import_relay.connectors.contract import Request
from import_relay.receive.intake import Intake
from import_relay.storage.connection_secrets import ConnectionSecrets
from import_relay.storage.intake_store import IntakeStore
from tests.support.authentic import connection_of, secrets_of
from tests.support.webhooks import NOW, gateway_event


@dataclass
class Store:
    """Remembers what it is given."""

    messages: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)

    def send(self, bodies: Sequence[str], *, give_up_at: float) -> None:
        """Stands for SQS."""
        self.messages.extend(bodies)

    def put(self, key: str, body: bytes, *, give_up_at: float) -> None:
        """Stands for S3."""
        self.objects[key] = body

    @property
    def is_untouched(self) -> bool:
        """Nothing was written."""
        return not self.messages and not self.objects

    def items(self) -> list[object]:
        """The items as submission parses them."""
        entries = [entry for text in self.messages for entry in json.loads(text)["items"]]
        return [
            entry["item"] if "item" in entry else json.loads(self.objects[entry["at"]])
            for entry in entries
        ]


@dataclass
class Secrets:
    """The example secrets of one kind; there are never newer ones."""

    kind: str

    def of(self, connection: str) -> Sequence[str]:
        """All that are valid."""
        return secrets_of(self.kind)

    def renewed(self, connection: str) -> None:
        """None are newer."""


class Context:
    """What Lambda tells the function."""

    def get_remaining_time_in_millis(self) -> int:
        """Time enough."""
        return 10_000


@dataclass(frozen=True)
class Answered:
    """The answer to one webhook, and what was stored of it."""

    status: int
    body: str
    store: Store

    @property
    def code(self) -> str:
        """Why it was refused or put into quarantine; empty if all of it is in the queue."""
        if self.status != 200:
            return str(json.loads(self.body)["code"])
        kept = [body for key, body in self.store.objects.items() if key.startswith("quarantine/")]
        return str(json.loads(kept[0])["code"]) if kept else ""


def post(kind: str, given: Request, *, encoded: bool = True) -> Answered:
    """Send a request to the example connection of a kind, at `webhooks.NOW`."""
    return hand_in(kind, gateway_event(given, kind, encoded=encoded))


def hand_in(kind: str, event: dict[str, Any]) -> Answered:
    """Call the handler with an event of the gateway."""
    store = Store()
    intake = Intake(
        {kind: connection_of(kind)},
        cast("ConnectionSecrets", Secrets(kind)),
        cast("IntakeStore", store),
    )
    before = receive_webhook.intake
    receive_webhook.intake = lambda: intake  # type: ignore[assignment]
    try:
        with time_machine.travel(NOW, tick=False):
            answer = receive_webhook.handler(event, Context())
    finally:
        receive_webhook.intake = before
    return Answered(answer["statusCode"], answer["body"], store)
