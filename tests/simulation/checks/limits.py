"""Mateo's limits are kept, and while it refuses everything it is asked less and less often."""

from collections import Counter

from tests.simulation.checks.books import Books

JITTER_S = 0.15
"""By how much two requests may come closer to each other on their way."""
MAX_REFUSED = 20
"""Posts within an hour while each is refused: pauses double, from a minute to an hour. Twice as
many are allowed where an import may have two executions, each of which posts."""
OF_ANOTHER = 8
"""As many more by the execution of each import but the first that is looked for and posted again:
its pauses double up to a quarter of an hour."""


def check_limits(books: Books) -> None:
    """Requests per second and per day, and a day's entities, are within the limits."""
    account = books.relay.account
    requests = books.relay.mateo.requests
    rate = int(account.requests_per_second)
    # By when they left: a network that delays requests by seconds is nobody's fault.
    sent = sorted(one.sent_at for one in requests)
    for first, later in zip(sent, sent[rate:], strict=False):
        if later - first < 1.0 + JITTER_S:
            books.wrong("over-limit", f"{rate + 1} requests within {later - first:.3f} s")
    for day, number in Counter(one.day for one in requests).items():
        if number > account.requests_per_day:
            books.wrong("over-limit", f"{number} requests on {day}")
    entities: Counter[str] = Counter()
    for one in requests:
        if one.why in ("requests", "entities") and books.relay.mateo.keeps_to_limits:
            books.wrong("over-limit", f"Mateo refused {one.rows} rows for the day's {one.why}")
        if one.import_id:
            entities[one.day] += one.rows
    for day, number in entities.items():
        if number > account.entities_per_day:
            books.wrong("over-limit", f"{number} entities on {day}")
    _insistence(books)


def _insistence(books: Books) -> None:
    """While Mateo refuses every POST, the relay asks less and less often."""
    executions = 2 if books.relay.fault_profile.double_execution else 1
    looked_for = sum(entry["posts"] > 1 or entry["absent"] > 0 for entry in books.entries)
    most = (MAX_REFUSED + OF_ANOTHER * max(0, looked_for - 1)) * executions
    refused = [one.at for one in books.relay.mateo.requests if one.why == "spent"]
    for first, later in zip(refused, refused[most:], strict=False):
        if later - first < 3_600.0:
            books.wrong("over-limit", f"{most + 1} refused posts within an hour")
            return
