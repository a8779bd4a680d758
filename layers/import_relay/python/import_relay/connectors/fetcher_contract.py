"""What `fetching` needs to know of a CRM's API: the contract of every fetcher module."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, Protocol

from import_relay.connectors.shared.crm_api import CrmApi

FieldPath = tuple[str, ...]
"""The names of a path that an expression begins with, e.g. those of `properties.email`."""


class FetchedRecord(NamedTuple):
    """A record as it was read, in the shape that the kind's expressions are written for.

    `version` orders it among the record's changes, in microseconds since the epoch; None: the API
    gives no time of the last change, so that the time of reading counts. `changed_at`: when the
    newest of its values was written, likewise, where that is all that is known: a value that was
    removed leaves no time, so that it orders nothing.
    """

    record: Mapping[str, object]
    version: int | None
    changed_at: int | None = None


class Fetcher(Protocol):
    """Reads the records of one kind of connection; modules fulfil it."""

    IDS_PER_READ: int
    """How many records one `read` asks for: the limit of the API's batch call."""

    REQUESTS_PER_SECOND: float
    """Own pace, well below what the API allows one token."""

    MAX_TIME_LAG_S: float
    """How much older than its event a record's own time of change may be, if its state is the one
    that the event tells of: clocks differ, times are whole seconds, transactions take time."""

    def read(
        self, api: CrmApi, object_type: str, ids: Sequence[str], to_fetch: AbstractSet[FieldPath]
    ) -> Mapping[str, FetchedRecord]:
        """The records by id; one that the CRM does not have (any more) is missing.

        Args:
            api: does the requests; knows the token and the connection's options.
            object_type: as in `connectors.contract.RecordLookup`.
            ids: at most `IDS_PER_READ`, each once.
            to_fetch: every path that the mapping names, to ask for these fields only.

        Raises:
            RecordsNotFetched: the CRM does not give them now; nothing else is raised.
        """
