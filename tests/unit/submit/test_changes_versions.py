"""`Mapper`: which version a change has, and which times are none."""

import pytest

from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.submit.connection_mappings import EMPTY_NOTE, FUTURE_NOTE
from import_relay.submit.fetched_records import RecordsFetched
from tests.support.builders import occurrence
from tests.unit.submit.interpreted import (
    JO,
    READ_AT,
    SERVER_TIME,
    ZOHO,
    mapped,
    notified,
    only_change,
    reading,
)


def test_without_a_version_the_time_of_receipt_orders_changes() -> None:
    result = mapped([occurrence(item={"id": 1}, received_at=77)])

    assert result.changes[0].version == 77


def test_without_a_time_of_the_last_change_the_time_of_reading_orders_it() -> None:
    read = RecordsFetched(
        READ_AT, found={JO: FetchedRecord({"id": "1", "Email": "jo@example.com"}, None)}
    )
    change = only_change(mapped([notified()], read, ZOHO))

    assert change.version == READ_AT
    assert change.by_receipt


def test_a_configured_version_overrides_that_of_the_fetcher() -> None:
    text = ZOHO.replace("[crm.contact]\n", '[crm.contact]\nversion = "Revision"\n')
    change = only_change(mapped([notified()], reading(Email="jo@example.com", Revision=7), text))

    assert change.version == 7_000_000


# versions of the future

RECEIVED_AT = SERVER_TIME * 1_000
HOUR = 3_600_000_000


@pytest.mark.parametrize(
    "version", ["9999-12-31", "2026-11-22T12:00:01Z", "2027-01-01T00:00:00+01:00"]
)
def test_a_time_of_the_future_is_no_version(version: str) -> None:
    one = occurrence(item={"id": 1, "v": version}, received_at=RECEIVED_AT)

    change = only_change(mapped([one]))

    assert change.version == RECEIVED_AT
    assert change.by_receipt
    assert change.notes == (FUTURE_NOTE,)


@pytest.mark.parametrize(
    "version",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "1601-01-01T00:00:00Z",
        "1899-12-30T00:00:00",
        "1970-01-01T00:00:00.000Z",
    ],
)
def test_a_time_that_stands_for_none_is_no_version(version: str) -> None:
    """It would be older than every other change of its record."""
    one = occurrence(item={"id": 1, "v": version}, received_at=RECEIVED_AT)

    change = only_change(mapped([one]))

    assert (change.version, change.by_receipt) == (RECEIVED_AT, True)
    assert change.notes == (EMPTY_NOTE,)


@pytest.mark.parametrize(
    ("version", "number"),
    [
        (0, 0),
        ("-5", -5_000_000),
        ("2026-11-22T12:00:00Z", RECEIVED_AT + 24 * HOUR),
        (2**53, 2**53 * 1_000_000),
        (str(RECEIVED_AT), RECEIVED_AT * 1_000_000),
    ],
)
def test_a_clock_a_day_ahead_and_whatever_counts_up_stay_versions(
    version: object, number: int
) -> None:
    one = occurrence(item={"id": 1, "v": version}, received_at=RECEIVED_AT)

    change = only_change(mapped([one]))

    assert (change.version, change.notes) == (number, ())


def test_a_number_too_large_for_a_version_rejects_the_record() -> None:
    (item_outcome,) = mapped([occurrence(item={"id": 1, "v": "1e999"})]).outcomes

    assert item_outcome.reason == "row.bad_version"


def test_a_connectors_own_time_of_the_future_is_no_version() -> None:
    one = notified(values={"Email": "jo@example.com"})._replace(received_at=RECEIVED_AT - 25 * HOUR)

    change = only_change(mapped([one], None, ZOHO))

    assert (change.version, change.by_receipt) == (RECEIVED_AT - 25 * HOUR, True)


def test_a_record_that_is_read_days_later_keeps_its_version() -> None:
    one = notified()._replace(received_at=RECEIVED_AT - 72 * HOUR)

    change = only_change(mapped([one], reading(Email="jo@example.com"), ZOHO))

    assert (change.version, change.by_receipt) == (RECEIVED_AT, False)
