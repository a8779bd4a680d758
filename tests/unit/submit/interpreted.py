"""Interprets and maps occurrences, with records that were read at a CRM and without."""

from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.domain.models import MappedChange, Occurrence
from import_relay.submit.changes import Interpreted, Mapped, Mapper
from import_relay.submit.fetched_records import RecordName, RecordsFetched
from import_relay.submit.stale_reads import MAX_LAG_US
from tests.support.builders import connections, occurrence

ZOHO = """
[crm]
kind = "zoho"
[crm.contact]
[crm.contact.fields]
city = ""
"""


SERVER_TIME = 1_795_262_400_000
"""A notification's time, in milliseconds."""


JO = RecordName("crm", "Contacts", "1")
READ_AT = 1_795_262_500_000_000
CAUGHT_UP = SERVER_TIME * 1_000 + MAX_LAG_US
"""Read from then on, a record counts as it is."""


def mapped(
    occurrences: list[Occurrence], read: RecordsFetched | None = None, text: str | None = None
) -> Mapped:
    mapper = Mapper(connections(text) if text else connections())
    return mapper.map(mapper.interpret(occurrences), read or RecordsFetched())


def notified(
    number: int = 0,
    *,
    module: str = "Contacts",
    operation: str = "update",
    values: object = None,
) -> Occurrence:
    """An item of Zoho's: which record changed, and perhaps what changed of it."""
    item = {"module": module, "operation": operation, "server_time": SERVER_TIME, "id": "1"}
    return occurrence(
        number,
        connection="crm",
        item=item | ({"values": values} if values else {}),
        received_at=SERVER_TIME * 1_000,
    )


def interpreted(*occurrences: Occurrence, text: str = ZOHO) -> Interpreted:
    return Mapper(connections(text)).interpret(occurrences)


def reading(*, older_s: int = 0, at: int = READ_AT, **columns: object) -> RecordsFetched:
    """Jo's record, read at `at`; its own time is `older_s` before the event's."""
    version = SERVER_TIME * 1_000 - older_s * 1_000_000
    return RecordsFetched(at, found={JO: FetchedRecord({"id": "1", **columns}, version)})


def only_change(result: Mapped) -> MappedChange:
    assert result.outcomes == []
    (change,) = result.changes
    return change
