"""What an import reserves of a day's entities, and the update of a day's counters. Pure.

Used by `quota` and `ledger`; an entry of the ledger keeps what it reserves.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from import_relay.domain.lanes import Lane

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


def update_of(
    counters: Sequence[Counter], *, expires_at: int, limits: Mapping[str, int]
) -> dict[str, Any]:
    """The expressions of an update that changes all these counters, or none of them.

    `expires_at`: when a new item is deleted (s since the epoch). `limits`: attributes to set.
    """
    names = {f"#counter{n}": one.name for n, one in enumerate(counters)}
    values = {f":amount{n}": one.amount for n, one in enumerate(counters)}
    added = [f"#counter{n} :amount{n}" for n in range(len(counters))]
    sets = ["expires_at = if_not_exists(expires_at, :expires)"]
    for n, (name, limit) in enumerate(limits.items()):
        names[f"#limit{n}"], values[f":limit{n}"] = name, limit
        sets.append(f"#limit{n} = :limit{n}")
    conditions = []
    for n, one in enumerate(counters):
        if one.most is not None:
            untouched = f"attribute_not_exists(#counter{n}) OR " if one.most >= 0 else ""
            conditions.append(f"({untouched}#counter{n} <= :most{n})")
            values[f":most{n}"] = one.most
    values[":expires"] = expires_at
    return {
        "UpdateExpression": f"SET {', '.join(sets)} ADD {', '.join(added)}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {name: {"N": str(value)} for name, value in values.items()},
        **({"ConditionExpression": " AND ".join(conditions)} if conditions else {}),
    }
