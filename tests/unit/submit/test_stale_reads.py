"""Whether a CRM's API gave an older state of a record than the webhook tells of."""

import pytest

from import_relay.connectors.contract import Change, RecordLookup
from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.connectors.kinds import can_fetch, fetcher_for, kinds
from import_relay.submit.stale_reads import MAX_LAG_US, is_stale, may_catch_up, version_of
from tests.support.builders import occurrence

EVENT = 1_795_262_400_000_000
NAMED = Change(None, "contact", EVENT, lookup=RecordLookup("Contacts", "1"))
FETCHED_KINDS = [kind for kind in kinds() if can_fetch(kind)]


def read(version: int | None) -> FetchedRecord:
    return FetchedRecord({"id": "1"}, version)


@pytest.mark.parametrize("kind", FETCHED_KINDS)
def test_a_record_is_stale_if_it_is_older_than_its_kind_allows(kind: str) -> None:
    fetcher = fetcher_for(kind)
    assert fetcher is not None
    lag = int(fetcher.MAX_TIME_LAG_S * 1_000_000)

    assert not is_stale(read(EVENT - lag), NAMED, kind)
    assert is_stale(read(EVENT - lag - 1), NAMED, kind)


@pytest.mark.parametrize(
    ("found", "change"),
    [
        (None, NAMED),
        (read(None), NAMED),
        (read(0), NAMED._replace(version=None)),
        (read(0), NAMED._replace(lookup=None)),
        (read(0), NAMED._replace(lookup=RecordLookup("Contacts", "1", moves_time=False))),
    ],
)
def test_without_two_times_to_compare_nothing_is_stale(
    found: FetchedRecord | None, change: Change
) -> None:
    assert not is_stale(found, change, "zoho")


ATTIO = Change(None, "contact", lookup=RecordLookup("people", "1"))


@pytest.mark.parametrize(
    ("age_s", "lookup", "stale"),
    [
        (0, ATTIO.lookup, False),
        (60, ATTIO.lookup, False),
        (61, ATTIO.lookup, True),
        (61, RecordLookup("people", "1", moves_time=False), False),
    ],
)
def test_without_any_time_of_change_a_record_whose_values_are_old_may_be_stale(
    age_s: int, lookup: RecordLookup, stale: bool
) -> None:
    found = FetchedRecord({"id": "1"}, None, EVENT - age_s * 1_000_000)
    change = ATTIO._replace(lookup=lookup)

    assert is_stale(found, change, "attio", received_at=EVENT) is stale
    assert not is_stale(found, change, "attio")
    assert not is_stale(found._replace(changed_at=None), change, "attio", received_at=EVENT)


def test_a_record_of_a_kind_without_a_fetcher_is_never_stale() -> None:
    assert not is_stale(read(0), NAMED, "shopify")


def test_a_replica_has_a_quarter_of_an_hour_to_catch_up() -> None:
    item = occurrence(received_at=EVENT)

    assert may_catch_up(item, EVENT + MAX_LAG_US - 1)
    assert not may_catch_up(item, EVENT + MAX_LAG_US)


@pytest.mark.parametrize(
    ("found", "event", "version"),
    [(5, 7, 7), (7, 5, 7), (5, None, 5), (None, 7, None), (None, None, None)],
)
def test_a_record_is_as_new_as_the_event_because_of_which_it_was_read(
    found: int | None, event: int | None, version: int | None
) -> None:
    assert version_of(read(found), NAMED._replace(version=event)) == version
