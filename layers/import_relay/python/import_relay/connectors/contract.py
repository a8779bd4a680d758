"""What the receiver and the mapping need to know of a CRM: the contract of every connector module.

The receiver calls `verify` and `split`, submission calls `interpret`, `make check` calls
`check_options`. A connector does no I/O and reads no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from import_relay.domain.connections import Connection, RecordType, RecordTypeName


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as the sender made it.

    Header names are in lower case, repeated headers are joined by a comma. `body` holds the raw
    bytes that signatures cover. `received_at` is in microseconds since the epoch. An event of
    EventBridge is a request as well: `path` is then the event's source, which AWS vouches for.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    received_at: int
    transport: Literal["http", "eventbridge"] = "http"

    def with_headers(self, headers: Mapping[str, str]) -> "Request":
        """The same request with these headers too; their names are in lower case."""
        return replace(self, headers={**self.headers, **headers})

    @property
    def seconds(self) -> str:
        """The time of receipt in whole seconds since the epoch, as senders sign it."""
        return str(self.received_at // 1_000_000)


class Item(NamedTuple):
    """One record or event of a delivery: its id and its JSON exactly as it was received.

    Where headers matter or the body is no JSON, the connector makes a JSON object of them.
    """

    event_id: str
    text: str


class RecordLookup(NamedTuple):
    """A record that a fetcher reads at the CRM, because the webhook does not say enough.

    `object_type` is what the CRM's API calls its type. `always` False: it is read only if the
    mapping needs more than a partial change holds. `moves_time` False: the change need not move the
    record's own time of change, so that an older time does not show an older state.
    """

    object_type: str
    id: str
    always: bool = True
    moves_time: bool = True


class Change(NamedTuple):
    """What an item says about one record.

    `record` is what the expressions of connections.toml see; None: the item says nothing of it,
    there is only its `lookup`. `record_type` None: the connection's tables choose by `when`.
    `version` is the kind's own (µs since the epoch); one in connections.toml takes its place. None:
    the time of receipt. `partial`: the record holds only what is known to have changed, beside its
    id; a column is set if all that its expression names is there. `ignored`: a stable word that
    says why nothing is imported. `fragment`: all that the kind ever sends of such a change, so that
    `when` and `version` of connections.toml do not count where they ask for more.

    `erases`: the id of a contact whose erasure the CRM demands; such a change is ignored.

    With a `lookup` and a fetcher for the connection the record that was read takes the place of
    `record`, even of one that would be ignored; without a fetcher the rest holds.
    """

    record: object
    record_type: RecordTypeName | None = None
    version: int | None = None
    partial: bool = False
    ignored: str | None = None
    fragment: bool = False
    lookup: RecordLookup | None = None
    erases: str = ""


class Replies(NamedTuple):
    """How a kind answers its sender, if the JSON that others get would not do.

    `accepted`: the body of the 200 once everything is stored. `retry_after`: that header of the
    503; most senders read seconds. `unreadable`: the status for a delivery that went into
    quarantine; 200, unless a person builds the calls and sees the answers.
    """

    accepted: str | None = None
    content_type: str = "application/json"
    retry_after: str = "60"
    unreadable: int = 200


class Connector(Protocol):
    """A kind of connection; modules fulfil it."""

    OPTIONS: Mapping[str, str]
    """Option of connections.toml that only this kind knows → what it means."""

    DEFAULTS: Mapping[RecordTypeName, RecordType]
    """The mapping that need not be spelt out; empty where records may look like anything."""

    REPLIES: Replies
    """How its sender is answered."""

    def verify(
        self, request: Request, secrets: Sequence[str], options: Mapping[str, str], *, now: float
    ) -> None:
        """Return if one of the secrets authenticates the sender; `now` in seconds since the epoch.

        Raises:
            SignatureError: whatever the request looks like, nothing else is raised.
        """

    def split(self, request: Request, options: Mapping[str, str]) -> list[Item]:
        """The items of a verified request, in their order.

        Raises:
            UnreadableDelivery: the body is not what this kind sends.
        """

    def interpret(self, item: object, connection: Connection) -> Change:
        """What a parsed item says; `connection` has its defaults already.

        Raises:
            RejectedRow: it can never become a row.
        """

    def check_options(self, connection: Connection) -> Iterable[tuple[str, str]]:
        """(key, what is wrong) for each mistake in the options; unknown ones are found anyway."""


@runtime_checkable
class PermittingConnector(Protocol):
    """A kind whose senders ask for permission before they deliver."""

    def allowed_origin(self, request: Request, options: Mapping[str, str]) -> str | None:
        """The origin that may deliver, if the request asks for that; None: it may not."""


@runtime_checkable
class SigningConnector(Protocol):
    """A kind whose sender does more than show a secret: `relay try` signs as it does."""

    def sign(self, request: Request, secret: str, options: Mapping[str, str]) -> Request:
        """The request as its sender signs it, at the time of its receipt.

        Raises:
            SignatureError, ValueError: the secret is none that this sender signs with.
        """
