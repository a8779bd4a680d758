"""What an import reserves of a day's entities, and how a day's counters change by it. Pure.

Used by `quota` and `ledger`; an entry of the ledger keeps what it reserves.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from import_relay.domain.lanes import Lane
from import_relay.storage.item_writes import all_of, attribute

if TYPE_CHECKING:
    from boto3.dynamodb.conditions import ConditionBase

USED_BY = "entities_of#"
"""Before the name of a connection with a limit of its own: its entities of the day."""
LIMIT_OF = "limit_of#"
"""Before such a name: the limit that held when it last used any."""


class Charge(NamedTuple):
    """Rows for which a connection with a limit of its own pays, and that limit."""

    rows: int
    limit: int


class Reservation(NamedTuple):
    """Entities of a day (YYYY-MM-DD): for whose lane, and which connections pay for some of them.

    `charges`: connection → what it pays; connections without a limit of their own are not in it.
    """

    day: str
    rows: int
    lane: Lane = Lane.LIVE
    charges: Mapping[str, Charge] = {}


class Counter(NamedTuple):
    """A counter of a day that changes by `amount` if it is at most `most` before; None: always."""

    name: str
    amount: int
    most: int | None = None


def charges_text(charges: Mapping[str, Charge]) -> str:
    """Charges as an entry keeps them: `<connection>=<rows>/<limit>`, spaces between them."""
    return " ".join(f"{name}={one.rows}/{one.limit}" for name, one in sorted(charges.items()))


def charges_of(text: str) -> dict[str, Charge]:
    """What `charges_text` wrote."""
    found = {}
    for part in text.split():
        name, _, numbers = part.rpartition("=")
        rows, _, limit = numbers.partition("/")
        found[name] = Charge(int(rows), int(limit))
    return found


def reserved(reservation: Reservation, *, entities: int, bulk_entities: int) -> list[Counter]:
    """The counters that grow by a reservation; the two limits are those of the day and its lane."""
    rows = reservation.rows
    counters = [Counter("entities", rows, entities - rows), Counter("imports", 1)]
    if reservation.lane is Lane.BULK:
        counters.append(Counter("bulk_entities", rows, bulk_entities - rows))
    return counters + [
        Counter(USED_BY + name, one.rows, one.limit - one.rows)
        for name, one in sorted(reservation.charges.items())
    ]


def released(reservation: Reservation) -> list[Counter]:
    """The same counters, as they shrink when it is released."""
    counters = reserved(reservation, entities=0, bulk_entities=0)
    return [Counter(one.name, -one.amount) for one in counters]


def room_for(counters: Sequence[Counter]) -> "ConditionBase | None":
    """What has to hold so that all these counters may change; None: nothing."""
    rooms = []
    for one in counters:
        if one.most is not None:
            counter = attribute(one.name)
            room = counter.lte(one.most)
            rooms.append(counter.not_exists() | room if one.most >= 0 else room)
    return all_of(rooms) if rooms else None
