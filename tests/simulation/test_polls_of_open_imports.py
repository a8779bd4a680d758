"""Polls, lookups and reports each use a bounded part of a day's requests, however many there are.

Mateo accepts imports and finishes none, or answers no question about them.

The relay's own tracking runs on the simulation's services, for hours of simulated time.
"""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from import_relay.mateo.client import POLL_PAGE
from import_relay.mateo.waiting import MAX_WAIT_S, POLLING_SHARE
from import_relay.storage.entries import Entry, State, entry_key, from_item, to_item
from tests.benchmarks.days import DAY_S, Counts
from tests.simulation.mateo_imports import MICROSECONDS, StoredImport, columns_of
from tests.simulation.relay import Relay
from tests.simulation.scenario import Account, FaultProfile, Scenario
from tests.simulation.stores import LEDGER
from tests.simulation.world import START, World

HOUR_S = 3_600.0
AGE_S = 6 * HOUR_S
REQUESTS = 10_000
ROUND_S = DAY_S / (POLLING_SHARE * REQUESTS)
ALLOWANCE = 1.25
"""An import is polled again with others once four fifths of a quarter of an hour are over."""


class Imports:
    """Open imports of a relay, each with an execution that looks at it at a time of its own."""

    def __init__(
        self, count: int, account: Account, faults: FaultProfile, age_s: float, entry: Entry
    ) -> None:
        self.world = World(7)
        self._age_s = age_s
        self._entry = entry
        self.relay = Relay(self.world, Scenario(1, (), fault_profile=faults, account=account))
        self._counts = Counts()
        self._counts.watch(self.relay)
        self.references = [self._begin(number) for number in range(count)]

    def _begin(self, number: int) -> str:
        reference = f"contact-{number:04}"
        created_at = START - self._age_s + 0.1 * number
        is_unknown = self._entry.state is State.UNKNOWN
        entry = self._entry._replace(
            reference=reference,
            day=self.relay.limits.day(START),
            created_at=created_at,
            deadline=created_at + 120,
            import_id="" if is_unknown else f"00000000-0000-4000-8000-{number:012x}",
            posted_at=created_at,
            polled_at=created_at if self._entry.is_counted else 0.0,
        )
        item = to_item(entry, now=START)
        self.relay.dynamodb._apply(LEDGER, "Put", item, {})
        return self._follow(reference, entry.deadline)

    def _follow(self, reference: str, deadline: float) -> str:
        document = {
            "reference": reference,
            "deadline": deadline,
            "wait_s": self.world.random.randrange(1, int(MAX_WAIT_S)),
        }
        self.relay._begin(reference, document)
        return reference

    def begin_in_mateo(self) -> None:
        """Let Mateo have begun the imports: it has counted their rows, and imported none."""
        imports = self.relay.mateo._server.imports
        for number in range(len(self.references)):
            import_id = f"00000000-0000-4000-8000-{number:012x}"
            created_us = round(START * MICROSECONDS)
            columns = columns_of({"type": self._entry.type}, import_id, created_us)
            one = StoredImport(import_id, self._entry.type, [{}], b"", START, created_us, columns)
            one.count(1, 0, None)
            imports[import_id] = one

    def polls(self, hours: float) -> int:
        """Let so many hours pass; how many polls Mateo got in them."""
        return self.requests(hours)["polls"]

    def requests(self, hours: float) -> Counter[str]:
        """Let so many hours pass; how many requests of each kind Mateo got in them."""
        before = self._requests()
        self.world.run(self.world.now + hours * HOUR_S)
        return self._requests() - before

    def _requests(self) -> Counter[str]:
        return sum((one for one in self._counts.requests.values()), Counter())

    def unseen_s(self) -> float:
        """How long ago the import was polled that was polled longest ago."""
        items = self.relay.dynamodb.tables[LEDGER]
        entries = [from_item(items[entry_key(one)["pk"]["S"]]) for one in self.references]
        return self.world.now - min(one.polled_at for one in entries)


SENT = Entry("", State.SENT, "contact_details", 1, day="", created_at=0.0, deadline=0.0, posts=1)
COUNTED = SENT._replace(total_count=1, success_count=1, failed_count=0)
UNKNOWN = SENT._replace(state=State.UNKNOWN)


@contextmanager
def imports(
    count: int,
    *,
    requests_per_day: int = REQUESTS,
    faults: FaultProfile | None = None,
    age_s: float = AGE_S,
    entry: Entry = SENT,
) -> Iterator[Imports]:
    account = Account(requests_per_day=requests_per_day)
    made = Imports(count, account, faults or FaultProfile(), age_s, entry)
    try:
        yield made
    finally:
        made.relay.close()


@pytest.mark.parametrize(
    ("count", "stale_index"), [(40, 0.0), (150, 0.0), (250, 0.5), (400, 0.0), (1_500, 0.0)]
)
def test_polls_are_full_however_many_imports_are_open(count: int, stale_index: float) -> None:
    with imports(count, faults=FaultProfile(stale_index=stale_index)) as open_imports:
        open_imports.polls(hours=0.3)
        polls = open_imports.polls(hours=1)

        assert polls <= ALLOWANCE * math.ceil(count / POLL_PAGE) * HOUR_S / MAX_WAIT_S
        assert polls <= POLLING_SHARE * REQUESTS / 24
        assert open_imports.unseen_s() < ALLOWANCE * max(MAX_WAIT_S, count / POLL_PAGE * ROUND_S)


@pytest.mark.parametrize(("count", "longest_s"), [(1, 2 * HOUR_S), (120, 4 * HOUR_S)])
def test_polls_leave_most_of_a_small_accounts_requests(count: int, longest_s: float) -> None:
    with imports(count, requests_per_day=100) as open_imports:
        assert open_imports.polls(hours=24) <= POLLING_SHARE * 100
        assert open_imports.unseen_s() < longest_s


def test_a_young_import_is_polled_soon_though_requests_are_few() -> None:
    with imports(1, requests_per_day=100, age_s=0.0) as open_imports:
        assert open_imports.polls(hours=1) >= 4
        assert open_imports.polls(hours=23) <= POLLING_SHARE * 100


@pytest.mark.parametrize("entry", [COUNTED, UNKNOWN], ids=["reports", "lookups"])
@pytest.mark.parametrize("count", [1, 20, 400])
def test_questions_that_mateo_does_not_answer_leave_most_requests(entry: Entry, count: int) -> None:
    faults = FaultProfile(silence="errors", silent_s=48 * HOUR_S)
    with imports(count, faults=faults, entry=entry) as open_imports:
        open_imports.requests(hours=6)
        asked = open_imports.requests(hours=24).total()

        assert asked <= ALLOWANCE * POLLING_SHARE * REQUESTS
        assert asked >= min(0.5 * POLLING_SHARE * REQUESTS, 0.5 * count * DAY_S / MAX_WAIT_S)


@pytest.mark.parametrize("count", [1, 60])
def test_imports_that_mateo_has_begun_and_does_not_end_leave_most_requests(count: int) -> None:
    with imports(count) as open_imports:
        open_imports.begin_in_mateo()
        open_imports.requests(hours=3)
        asked = open_imports.requests(hours=12).total()

        of_polls_and_reports = 2 * ALLOWANCE * POLLING_SHARE * REQUESTS / 2
        assert asked <= min(of_polls_and_reports, 3 * count * 12 * HOUR_S / MAX_WAIT_S)
