"""What the relay counts of itself is what happened: outcomes, replays, reserved entities."""

from collections import Counter

from import_relay.domain.models import OUTCOME_NAMES
from import_relay.domain.replays import replay_id_of
from import_relay.storage.attributes import from_attributes
from import_relay.storage.entries import NEVER_CREATED
from import_relay.storage.quota import DAY_ITEM_DAYS
from tests.simulation.checks.books import Books, say_the_same
from tests.simulation.stores import LEDGER


def check_pauses(books: Books) -> None:
    """Submission is paused only with something to resume it."""
    times = books.relay.mapping.lambda_.left_disabled
    if times:
        books.wrong("stuck", f"submission was paused {times} times with nothing to resume it")
    for what in books.relay.watch.failed:
        books.wrong("stuck", what)


def check_outcome_counts(books: Books) -> None:
    """Outcomes are counted once, for the day of their receipt.

    What waits in the dead-letter queue may have been called a duplicate by a process that died.
    """
    table = books.relay.dynamodb.tables.get(LEDGER, {})
    counted: Counter[tuple[str, str]] = Counter()
    for pk, item in table.items():
        if pk.startswith("counts#"):
            for name, value in from_attributes(item).items():
                if name in OUTCOME_NAMES:
                    counted[pk.removeprefix("counts#"), name] += int(value)
    found: Counter[tuple[str, str]] = Counter()
    may_be: Counter[tuple[str, str]] = Counter()
    for name, outcomes in books.outcomes.items():
        if name in books.items:
            one = books.items[name]
            day = books.relay.limits.day((one.put_back_at or one.received_at) / 1_000_000)
            is_open = name in books.relay.unproven and outcomes == {"duplicate"}
            of_kind = may_be if is_open else found
            of_kind.update((day, outcome) for outcome in outcomes)
    more, less = counted - found - may_be, found - counted
    if more or less:
        wrong = f"the outcome counts have {dict(more)} too many, {dict(less)} too few"
        books.wrong("miscounted", wrong)


def check_put_back(books: Books) -> None:
    """Items that were put back count as received again and keep their time; none is missing."""
    put_back = books.relay.put_back
    for item, one in put_back.items.items():
        if one.original not in books.items:
            books.wrong("unexpected", f"{item} was put back and never received")
        elif books.items[one.original].is_test:
            books.wrong("unexpected", f"{item} was put back and is a test")
        elif one.received_at != books.items[one.original].received_at:
            books.wrong("stale", f"{item} was put back as received at another time")
        elif books.outcomes_of(item) == {"duplicate"} and not _has_copy(books, item):
            books.wrong("lost", f"{item} was put back and refused as a duplicate")
    _put_back_all(books)
    table = books.relay.dynamodb.tables.get(LEDGER, {})
    found = Counter(books.relay.limits.day(one.at / 1_000_000) for one in put_back.items.values())
    counted = Counter(
        {
            pk.removeprefix("counts#"): int(item["replayed"]["N"])
            for pk, item in table.items()
            if pk.startswith("counts#") and "replayed" in item
        }
    )
    if found != counted:
        books.wrong("miscounted", f"{dict(counted)} counted as put back, {dict(found)} were")


def _put_back_all(books: Books) -> None:
    """Each replay put back all that it should, at most a day's entities at a time."""
    put_back = books.relay.put_back
    for items in put_back.crowded:
        books.wrong("over-limit", f"{items} items of replays were queued at a time")
    unfinished = put_back.unfinished()
    if unfinished and not books.relay.unproven:
        books.wrong("stuck", f"{unfinished} never put back all that they should")
    for name, wanted in put_back.wanted.items():
        if f"replay#{name}" in unfinished:
            continue
        came = {one.original for one in put_back.items.values() if one.delivery.endswith(name)}
        tests = {item for item, one in books.items.items() if one.is_test}
        for item in sorted(wanted - came - tests):
            books.wrong("lost", f"{item} had an outcome and was not put back by {name}")


def _has_copy(books: Books, item: str) -> bool:
    """Whether the same replay or a later one put back another item that says the same."""
    one = books.items[item]
    return any(
        replay_id_of(name) >= replay_id_of(item) and say_the_same(one, other)
        for name, other in books.by_key[one.record.key]
        if name != item
    )


def check_reservations(books: Books) -> None:
    """A day's reserved entities are those of its imports, for as long as the day is kept."""
    table = books.relay.dynamodb.tables.get(LEDGER, {})
    sent: Counter[str] = Counter()
    for one in books.relay.mateo.requests:
        if one.import_id:
            sent[books.relay.limits.day(one.sent_at)] += one.rows
    imports: Counter[str] = Counter()
    for entry in books.entries:
        if entry["state"] not in NEVER_CREATED:
            imports[str(entry["day"])] += int(entry["rows"])
    reserved: Counter[str] = Counter()
    for pk, item in table.items():
        if pk.startswith("day#"):
            reserved[pk.removeprefix("day#")] = int(from_attributes(item).get("entities", 0))
    forgotten = books.relay.limits.day(books.relay.world.now - DAY_ITEM_DAYS * 86_400 + 86_400)
    days = sorted(reserved.keys() | imports.keys() | sent.keys())
    for day in (day for day in days if day > forgotten):
        if reserved[day] != imports[day]:
            wrong = f"{day}: {reserved[day]} reserved, imports have {imports[day]}"
            books.wrong("miscounted", wrong)
        if reserved[day] < sent[day]:
            books.wrong("over-limit", f"{day}: {sent[day]} sent, {reserved[day]} reserved")
