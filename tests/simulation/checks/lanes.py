"""The bulk lane keeps to its share of a day and lets live batches go first.

Connections keep to their own limits. The ledger's entry of an import says its lane and its day, and
Mateo says when it came.
"""

from collections import Counter
from collections.abc import Iterator

from import_relay.storage.entries import NEVER_CREATED, Entry, from_item
from import_relay.storage.reservations import USED_BY
from tests.simulation.checks.books import Books
from tests.simulation.stores import LEDGER

MARGIN_S = 60.0
"""What is sent this long before a day's last hour was certainly reserved before that hour."""


def check_lanes(books: Books) -> None:
    """Shares of the day's entities are kept, and live batches went first."""
    created = list(_created(books))
    limits = books.relay.limits
    bulk: Counter[str] = Counter()
    for entry, sent_at in created:
        if entry.lane == "bulk" and sent_at < limits.bulk_opens_at(sent_at) - MARGIN_S:
            bulk[limits.day(sent_at)] += entry.rows
    share = max(1, int(limits.entities_per_day * limits.bulk_share))
    for day, number in bulk.items():
        if number > share:
            books.wrong("over-limit", f"{number} entities of the bulk lane on {day}")
    _own_limits(books, [entry for entry, _ in created])
    _counters(books)
    for what in books.relay.stores.lease.overtaken:
        books.wrong("over-limit", what)


def _created(books: Books) -> Iterator[tuple[Entry, float]]:
    """The entry of each import that Mateo created, and when the request for it left."""
    sent_at = {one.import_id: one.sent_at for one in books.relay.mateo.requests if one.import_id}
    for pk, item in books.relay.dynamodb.tables.get(LEDGER, {}).items():
        if pk.startswith("import#"):
            entry = from_item(item)
            if entry.import_id in sent_at:
                yield entry, sent_at[entry.import_id]


def _counters(books: Books) -> None:
    """A day's counters of the bulk lane and of connections are what the entries reserve."""
    table = books.relay.dynamodb.tables.get(LEDGER, {})
    reserved: Counter[tuple[str, str]] = Counter()
    for pk, item in table.items():
        if pk.startswith("import#"):
            entry = from_item(item)
            if entry.state not in NEVER_CREATED:
                reserved[entry.day, "bulk_entities"] += entry.rows * (entry.lane == "bulk")
                for name, charge in entry.reservation.charges.items():
                    reserved[entry.day, USED_BY + name] += charge.rows
    for pk, item in table.items():
        day = pk.removeprefix("day#")
        for name in item if day != pk else ():
            if name == "bulk_entities" or name.startswith(USED_BY):
                counted = int(item[name]["N"])
                if counted != reserved[day, name]:
                    books.wrong(
                        "miscounted", f"{day}: {name} is {counted}, not {reserved[day, name]}"
                    )


def _own_limits(books: Books, created: list[Entry]) -> None:
    """Connections with limits keep to them; each row that only such connections sent is charged."""
    limits = books.relay.account.own_limits
    if not limits:
        return
    paid: Counter[tuple[str, str]] = Counter()
    for entry in created:
        _, rows = books.frozen[entry.reference]
        senders = [{one["connection"] for one in row["items"]} for row in rows]
        due = sum(one <= limits.keys() for one in senders)
        charges = entry.reservation.charges
        if sum(charge.rows for charge in charges.values()) != due:
            books.wrong("over-limit", f"{entry.reference}: {due} rows to pay for, not {charges}")
        for name, charge in charges.items():
            paid[entry.day, name] += charge.rows
            if charge.rows > sum(name in one for one in senders):
                books.wrong("over-limit", f"{entry.reference}: {name} pays for rows of others")
    for (day, name), number in paid.items():
        if number > limits[name]:
            books.wrong("over-limit", f"{number} rows of {name} on {day}")
