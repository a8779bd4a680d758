"""The use case of the receivers: verify a request, split it, store its items, all or none.

A request that authenticates nobody costs no call and no write. One that is authentic but unreadable
is kept in quarantine, since sending it again would not make it readable. Everything else is in the
queue before the sender is answered.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple

from import_relay.connectors.complete_connections import receiving_mistakes
from import_relay.connectors.contract import Connector, PermittingConnector, Replies, Request
from import_relay.connectors.kinds import connector_for
from import_relay.domain.connections import Connection
from import_relay.domain.errors import (
    ConnectionDisabled,
    DeliveryTooLarge,
    SignatureError,
    UnknownConnection,
    UnreadableDelivery,
)
from import_relay.domain.queue_messages import pack
from import_relay.receive.redaction import redact
from import_relay.storage.connection_secrets import ConnectionSecrets
from import_relay.storage.intake_store import IntakeStore

MAX_REQUEST_BODY_B = 6 * 1024 * 1024
"""What a Lambda function can be sent at once (AWS: Lambda quotas)."""
KEPT_HEADERS = frozenset(
    {"content-encoding", "content-length", "content-type", "user-agent", "webhook-id"}
)
"""Headers that go into quarantine: none that can hold a secret or a signature."""
TEST_HEADER = "x-relay-test"
"""Marks a delivery as a test, whatever its value is. It counts once the sender is verified."""
EVENT_BUS_KIND = "salesforce_cdc"
"""The kind whose events come over EventBridge; its connections name their `event_source`."""
_HEALED_BY_NEW_SECRETS = frozenset({"signature.mismatch", "signature.no_secret"})


class Receipt(NamedTuple):
    """What was stored of a delivery; `quarantined` is the code if it was unreadable.

    `reason` says more of that, without a word of the body. `is_test`: as the sender marked it.
    """

    delivery: str
    items: int = 0
    messages: int = 0
    quarantined: str | None = None
    reason: str = ""
    is_test: bool = False


def delivery_id(received_at: int, randomness: bytes) -> str:
    """Unique, and sorted by time: `20261121T093000123456-9f86d08188`; part of S3 keys."""
    seconds, microseconds = divmod(received_at, 1_000_000)
    timestamp = datetime.fromtimestamp(seconds, UTC).isoformat()[: len("2026-11-21T09:30:00")]
    digits = timestamp.replace("-", "").replace(":", "")
    return f"{digits}{microseconds:06}-{randomness.hex()}"


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes deliveries in. Made once per process."""

    connections: Mapping[str, Connection]
    secrets: ConnectionSecrets
    store: IntakeStore
    _blockers: dict[str, str] = field(default_factory=dict)
    """Connection → why its sender cannot be verified, "" if it can."""

    def replies(self, connection_name: str) -> Replies:
        """How the senders of a connection are answered; as usual if there is no such connection."""
        connection = self.connections.get(connection_name)
        if connection is None or self._blocker(connection):
            return Replies()
        return connector_for(connection.kind).REPLIES

    def connection_of_events(self, event_source: str) -> str:
        """The name of the connection whose events come from this source of an event bus.

        Raises:
            UnknownConnection: none names it.
        """
        for connection in self.connections.values():
            if (
                connection.kind == EVENT_BUS_KIND
                and connection.options.get("event_source") == event_source
            ):
                return connection.name
        raise UnknownConnection

    def allowed_origin(self, request: Request, connection_name: str) -> str | None:
        """The origin from which a sender that asks may deliver; None: it may not.

        A question proves nothing, and nothing is stored.
        """
        connection = self.connections.get(connection_name)
        if connection is None or self._blocker(connection):
            return None
        connector = connector_for(connection.kind)
        if not isinstance(connector, PermittingConnector):
            return None
        return connector.allowed_origin(request, connection.options)

    def receive(
        self,
        request: Request,
        connection_name: str,
        *,
        delivery: str,
        answer_by: float,
        give_up_at: float,
    ) -> Receipt:
        """Store a delivery. Times are of the store's clock.

        Args:
            request: as the sender made it.
            connection_name: the connection that it was sent to.
            delivery: the id that it is known by from now on.
            answer_by: when its sender may hang up.
            give_up_at: for a delivery of several messages: none of the senders that hang up early
                sends so much, and an ERP's six megabytes take longer.

        Raises:
            UnknownConnection, SignatureError, DeliveryTooLarge: nothing was stored.
            ConnectionDisabled: its sender cannot be verified; it must try again.
            StoreUnavailable: not everything could be stored; the sender must try again.
            ConfigurationError: the connection secrets are no JSON of the right form.
        """
        connection = self.connections.get(connection_name)
        if connection is None:
            raise UnknownConnection
        if len(request.body) > MAX_REQUEST_BODY_B:
            raise DeliveryTooLarge
        if blocker := self._blocker(connection):
            raise ConnectionDisabled(blocker)
        connector = connector_for(connection.kind)
        self._verify(connector, request, connection)
        try:
            items = connector.split(request, connection.options)
        except UnreadableDelivery as error:
            kept = replace(request, body=redact(request.body, self.secrets.of(connection_name)))
            key, body = _quarantine_object(error, kept, connection_name, delivery)
            self.store.put(key, body, give_up_at=answer_by)
            return Receipt(delivery, quarantined=error.code, reason=error.detail)
        is_test = TEST_HEADER in request.headers
        packed = pack(items, request.received_at, connection_name, delivery, is_test=is_test)
        until = answer_by if len(packed.messages) == 1 else give_up_at
        for key, text in packed.oversize.items():
            self.store.put(key, text.encode(), give_up_at=until)
        self.store.send(packed.messages, give_up_at=until)
        return Receipt(delivery, len(items), len(packed.messages), is_test=is_test)

    def _blocker(self, connection: Connection) -> str:
        """Why the connection's sender cannot be verified; found out once per process."""
        name = connection.name
        if name not in self._blockers:
            mistakes = map(str, receiving_mistakes(connection))
            self._blockers[name] = "; ".join(mistakes)
        return self._blockers[name]

    def _verify(self, connector: Connector, request: Request, connection: Connection) -> None:
        """Verify with the cached secrets, and again if Secrets Manager has newer ones."""
        now = request.received_at / 1_000_000
        secrets = self.secrets.of(connection.name)
        try:
            connector.verify(request, secrets, connection.options, now=now)
        except SignatureError as error:
            if error.code not in _HEALED_BY_NEW_SECRETS:
                raise
            renewed = self.secrets.renewed(connection.name)
            if renewed is None:
                raise
            connector.verify(request, renewed, connection.options, now=now)


def _quarantine_object(
    error: UnreadableDelivery, request: Request, connection: str, delivery: str
) -> tuple[str, bytes]:
    """Key and content of what is kept of an unreadable delivery: the raw body and why."""
    timestamp = datetime.fromtimestamp(request.received_at / 1_000_000, UTC)
    kept = {
        "delivery": delivery,
        "connection": connection,
        "received_at": timestamp.isoformat(),
        "code": error.code,
        "reason": str(error),
        "headers": {name: value for name, value in request.headers.items() if name in KEPT_HEADERS},
        "body_base64": b64encode(request.body).decode("ascii"),
    }
    return f"quarantine/date={timestamp:%Y-%m-%d}/{delivery}.json", json.dumps(kept).encode()
