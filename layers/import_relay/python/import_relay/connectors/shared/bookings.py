"""What booking tools have in common: how they authenticate themselves, and whom a booking is with.

Called by the connectors of Calendly and Cal.com. One booking becomes two records, the contact and
the appointment, and so two items: each says which one it is and holds the event as it was received.
Neither tool has an id for the person, but an appointment needs one to name its contact by. The
lower-case e-mail address is that id: it is the same in every booking and in both tools.

Bookings are never moved: after a reschedule neither tool says which booking was the first of a
chain, so the appointment to move could not be found. The old one is cancelled, and the new one is
another appointment.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from import_relay.connectors.contract import Item, Request
from import_relay.connectors.shared.auth import check_path_secret
from import_relay.domain.connections import Connection
from import_relay.domain.errors import RejectedRow

AUTH_OPTIONS: Mapping[str, str] = {
    "auth": "how the sender authenticates itself: 'signature' (default), or 'path' without one"
}
_METHODS = ("signature", "path")

CheckSignature = Callable[[Request, Sequence[str]], None]


class Booked(NamedTuple):
    """An item: which record of the booking it is about, and the event as it was received."""

    record: str
    event: dict[str, object]


def check_auth(
    request: Request,
    secrets: Sequence[str],
    options: Mapping[str, str],
    check_signature: CheckSignature,
) -> None:
    """Return if the connection's authentication holds; one that signs nothing must have a secret
    address.

    Raises:
        SignatureError: it does not.
    """
    if options.get("auth") == "path":
        check_path_secret(request.path, secrets)
    else:
        check_signature(request, secrets)


def items(event_id: str, text: str, records: Iterable[str]) -> list[Item]:
    """An item for each record; they share the event's id, as each is another record's event."""
    return [
        Item(event_id, f'{{"record": {json.dumps(record)}, "event": {text}}}') for record in records
    ]


def booked(item: object) -> Booked:
    """What an item says.

    Raises:
        RejectedRow: it is none that `items` makes.
    """
    given = item if isinstance(item, dict) else {}
    record, event = given.get("record"), given.get("event")
    if not isinstance(record, str) or not isinstance(event, dict):
        raise RejectedRow("row.not_an_object", field="event", value=event)
    return Booked(record, event)


def person(email: object, *, reachable: bool = True) -> dict[str, object]:
    """The id by which an appointment names its contact, and the address if mail arrives there."""
    address = email.strip() if isinstance(email, str) else ""
    return {"id": address.lower() or None, "email": address if address and reachable else None}


def auth_mistakes(connection: Connection) -> Iterable[tuple[str, str]]:
    """An unsupported authentication method."""
    method = connection.options.get("auth", _METHODS[0])
    if method not in _METHODS:
        yield "auth", f"must be 'signature' or 'path', not {method!r}"
