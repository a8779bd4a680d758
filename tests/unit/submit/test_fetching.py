"""`Fetching`: which records are read with which token, and what becomes of those that are not."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx
import pytest

from import_relay.connectors.fetcher_contract import FetchedRecord, FieldPath
from import_relay.connectors.shared.crm_api import MAX_READ_B, CrmApi
from import_relay.domain.connections import Connection
from import_relay.domain.errors import ConfigurationError, RecordsNotFetched, StoreUnavailable
from import_relay.submit.fetched_records import RecordName, RecordsFetched
from import_relay.submit.fetching import MAX_FETCH_BISECTIONS, MAX_READ_S, Fetching
from tests.support.builders import NOON
from tests.support.relay import Clock, no_crm
from tests.support.scripted import Secrets

PATHS = frozenset({("properties", "email")})
TOKENS = {"a.token": ["token-a"], "b.token": ["token-b"]}


@dataclass
class Crm:
    """A fetcher module for two records a call, which knows some ids and has some troubles."""

    known: Sequence[str] = ("1", "2", "3")
    troubles: Mapping[str, Exception] = field(default_factory=dict)
    calls: list[tuple[str, str, tuple[str, ...], AbstractSet[FieldPath]]] = field(
        default_factory=list
    )
    IDS_PER_READ: int = 2
    REQUESTS_PER_SECOND: float = 4.0
    MAX_TIME_LAG_S: float = 0.0

    def read(
        self, api: CrmApi, object_type: str, ids: Sequence[str], to_fetch: AbstractSet[FieldPath]
    ) -> Mapping[str, FetchedRecord]:
        if api.token in self.troubles:
            raise self.troubles[api.token]
        self.calls.append((api.token, object_type, tuple(ids), to_fetch))
        return {one: FetchedRecord({"id": one}, 7) for one in ids if one in self.known}


@dataclass
class Attempt:
    """One call of `Fetching.read`, and what was said on the way."""

    crm: Crm = field(default_factory=Crm)
    secrets: Any = field(default_factory=lambda: Secrets(TOKENS))
    events: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    kinds: Mapping[str, str] = field(default_factory=lambda: {"a": "hubspot", "b": "hubspot"})

    def read(self, *names: str, seconds: float = 60.0) -> RecordsFetched:
        """Read records given as `<connection>/<type>/<id>`."""
        clock = Clock()
        fetching = Fetching(
            {name: Connection(name, kind) for name, kind in self.kinds.items()},
            self.secrets,
            httpx.Client(transport=httpx.MockTransport(no_crm)),
            clock=clock,
            sleep=clock.sleep,
            emit=lambda event, **keys: self.events.append((event, keys)),
            fetchers=lambda kind: self.crm if kind == "hubspot" else None,
        )
        to_fetch = {RecordName(*name.split("/")): PATHS for name in names}
        return fetching.read(to_fetch, give_up_at=clock.now + seconds)


def names(records: object) -> set[str]:
    assert isinstance(records, Mapping | AbstractSet)
    return {"/".join(name) for name in records}


def test_records_are_found_or_gone() -> None:
    read = Attempt().read("a/contacts/1", "a/contacts/9")

    assert names(read.found) == {"a/contacts/1"}
    assert names(read.gone) == {"a/contacts/9"}
    assert read.at == NOON * 1_000_000


def test_a_call_asks_for_one_type_of_one_connection_and_not_too_many_records() -> None:
    attempt = Attempt()

    attempt.read("a/contacts/1", "a/deals/1", "a/contacts/2", "a/contacts/3", "b/contacts/1")

    assert [call[:3] for call in attempt.crm.calls] == [
        ("token-a", "contacts", ("1", "2")),
        ("token-a", "contacts", ("3",)),
        ("token-a", "deals", ("1",)),
        ("token-b", "contacts", ("1",)),
    ]


def test_the_fetcher_is_told_what_the_mapping_names() -> None:
    attempt = Attempt()

    attempt.read("a/contacts/1")

    assert attempt.crm.calls[0][3] == PATHS


def test_no_secret_is_read_when_nothing_is_to_be_fetched() -> None:
    attempt = Attempt(secrets=None)

    assert attempt.read() == RecordsFetched(at=int(NOON * 1_000_000))


@pytest.mark.parametrize("texts", [{}, {"a.token": []}, {"a.token": ["", " "]}])
def test_without_a_token_nothing_is_read_and_nothing_waits(texts: dict[str, list[str]]) -> None:
    read = Attempt(secrets=Secrets(texts)).read("a/contacts/1")

    assert not read.found
    assert not read.gone
    assert not read.waiting


def test_a_kind_without_a_fetcher_is_not_read() -> None:
    attempt = Attempt(kinds={"a": "json"})

    assert not attempt.read("a/contacts/1").waiting
    assert attempt.crm.calls == []


def test_a_crm_that_is_down_makes_its_own_records_wait_and_no_others() -> None:
    attempt = Attempt(
        Crm(troubles={"token-a": RecordsNotFetched("fetcher.unavailable", "status 503")})
    )

    read = attempt.read("a/contacts/1", "b/contacts/1")

    assert names(read.waiting) == {"a/contacts/1"}
    assert names(read.found) == {"b/contacts/1"}
    assert read.failed.keys() == {"a"}
    assert attempt.events == [
        (
            "fetcher.unavailable",
            {
                "connection": "a",
                "code": "fetcher.unavailable",
                "reason": "status 503",
                "records": 1,
            },
        )
    ]


def test_what_was_read_before_the_trouble_is_kept() -> None:
    class Breaking(Crm):
        def read(self, api: CrmApi, *args: Any) -> Mapping[str, FetchedRecord]:
            if self.calls:
                raise RecordsNotFetched("fetcher.unavailable")
            return super().read(api, *args)

    crm = Breaking()
    read = Attempt(crm).read("a/contacts/1", "a/contacts/9", "a/contacts/3")

    assert names(read.found) == {"a/contacts/1"}
    assert names(read.gone) == {"a/contacts/9"}
    assert names(read.waiting) == {"a/contacts/3"}


def test_a_fault_in_a_fetcher_makes_its_records_wait_like_a_crm_that_is_down() -> None:
    attempt = Attempt(Crm(troubles={"token-a": KeyError("jo@example.com")}))

    read = attempt.read("a/contacts/1", "b/contacts/1")

    assert names(read.waiting) == {"a/contacts/1"}
    assert attempt.events[0][1]["code"] == "fetcher.unexpected"
    assert attempt.events[0][1]["reason"] == "KeyError"


def test_a_refused_token_is_replaced_by_a_newer_one() -> None:
    crm = Crm(troubles={"token-a": RecordsNotFetched("fetcher.refused")})

    read = Attempt(crm, Secrets(TOKENS, {"a.token": ["newer"]})).read("a/contacts/1")

    assert names(read.found) == {"a/contacts/1"}
    assert [call[0] for call in crm.calls] == ["newer"]


def test_a_refused_token_without_a_newer_one_waits_for_a_person() -> None:
    crm = Crm(troubles={"token-a": RecordsNotFetched("fetcher.refused")})
    attempt = Attempt(crm)

    assert names(attempt.read("a/contacts/1").waiting) == {"a/contacts/1"}
    assert attempt.events[0][1]["code"] == "fetcher.refused"


@dataclass
class Broken:
    """Secrets that cannot be read."""

    error: Exception

    def of(self, connection: str) -> Sequence[str]:
        raise self.error

    renewed = of


@pytest.mark.parametrize("error", [StoreUnavailable("down"), ConfigurationError("no list")])
def test_without_secrets_records_wait(error: Exception) -> None:
    read = Attempt(secrets=Broken(error)).read("a/contacts/1")

    assert names(read.waiting) == {"a/contacts/1"}


class Timed(Crm):
    """Notes how much time each call is given."""

    def read(self, api: CrmApi, *args: Any) -> Mapping[str, FetchedRecord]:
        self.given.append(round(api.give_up_at - api.clock()))
        return super().read(api, *args)

    given: ClassVar[list[int]] = []


@pytest.mark.parametrize(("seconds", "given"), [(60, [MAX_READ_S, MAX_READ_S]), (10, [5, 10])])
def test_connections_share_the_time_of_the_batch(seconds: float, given: list[float]) -> None:
    Timed.given.clear()

    Attempt(Timed()).read("a/contacts/1", "b/contacts/1", seconds=seconds)

    assert Timed.given == given


class Large(Crm):
    """Answers with so many bytes, and notes how many each call may still read."""

    size_b: ClassVar[int] = 0
    given: ClassVar[list[int]] = []

    def read(self, api: CrmApi, *args: Any) -> Mapping[str, FetchedRecord]:
        self.given.append(api.room.left_b)
        api.room.left_b -= self.size_b
        return super().read(api, *args)


@pytest.mark.parametrize(
    ("size_b", "given"),
    [
        (0, [MAX_READ_B // 2, MAX_READ_B]),
        (MAX_READ_B // 4, [MAX_READ_B // 2, MAX_READ_B * 3 // 4]),
        (MAX_READ_B, [MAX_READ_B // 2, 0]),
    ],
)
def test_connections_share_the_memory_of_the_batch(
    monkeypatch: pytest.MonkeyPatch, size_b: int, given: list[int]
) -> None:
    monkeypatch.setattr(Large, "size_b", size_b)
    monkeypatch.setattr(Large, "given", [])

    Attempt(Large()).read("a/contacts/1", "b/contacts/1")

    assert Large.given == given


def test_more_records_than_there_is_time_for_are_no_trouble_of_the_crm() -> None:
    attempt = Attempt(Crm(troubles={"token-a": RecordsNotFetched("fetcher.out_of_time")}))

    read = attempt.read("a/contacts/1")

    assert names(read.waiting) == {"a/contacts/1"}
    assert read.failed == {}
    assert attempt.events == [
        (
            "fetcher.out_of_time",
            {"connection": "a", "code": "fetcher.out_of_time", "records": 1},
        )
    ]


@dataclass
class Picky(Crm):
    """Refuses one type of records, and answers oddly when it is asked for one id."""

    def read(
        self, api: CrmApi, object_type: str, ids: Sequence[str], to_fetch: AbstractSet[FieldPath]
    ) -> Mapping[str, FetchedRecord]:
        if object_type == "secrets":
            raise RecordsNotFetched("fetcher.refused")
        if "bad" in ids:
            raise RecordsNotFetched("fetcher.unexpected")
        return super().read(api, object_type, ids, to_fetch)

    IDS_PER_READ: int = 8


def test_a_type_that_the_token_may_not_see_does_not_stop_the_others() -> None:
    read = Attempt(Picky()).read("a/secrets/1", "a/contacts/1")

    assert names(read.found) == {"a/contacts/1"}
    assert names(read.waiting) == {"a/secrets/1"}
    assert read.failed.keys() == {"a"}


def test_one_id_that_spoils_the_answer_waits_alone() -> None:
    read = Attempt(Picky()).read("a/contacts/1", "a/contacts/bad", "a/contacts/2", "a/contacts/3")

    assert names(read.found) == {"a/contacts/1", "a/contacts/2", "a/contacts/3"}
    assert names(read.waiting) == {"a/contacts/bad"}


def test_answers_that_are_odd_throughout_are_not_asked_for_without_end() -> None:
    asked = []

    class Odd(Picky):
        def read(self, api: CrmApi, *args: Any) -> Mapping[str, FetchedRecord]:
            asked.append(args)
            raise RecordsNotFetched("fetcher.unexpected")

    read = Attempt(Odd()).read(*(f"a/contacts/{n}" for n in range(64)))

    assert len(read.waiting) == 64
    assert len(asked) == 64 // 8 + 2 * MAX_FETCH_BISECTIONS


def test_of_several_tokens_the_one_that_the_crm_accepts_is_used() -> None:
    crm = Crm(troubles={"old": RecordsNotFetched("fetcher.refused")})

    read = Attempt(crm, Secrets({"a.token": ["old", "new"]})).read("a/contacts/1")

    assert names(read.found) == {"a/contacts/1"}
