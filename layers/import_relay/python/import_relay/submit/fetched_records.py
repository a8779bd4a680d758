"""The records that webhooks only name, and what became of fetching them. Made by `fetching`."""

from dataclasses import dataclass, field
from typing import NamedTuple

from import_relay.connectors.fetcher_contract import FetchedRecord


class RecordName(NamedTuple):
    """A record at a CRM: its connection, its type in the CRM's words, and its id."""

    connection: str
    object_type: str
    id: str


@dataclass(slots=True)
class RecordsFetched:
    """Results of fetching records. `gone`: deleted; `waiting`: temporarily unavailable.

    All others belong to connections without a fetcher. `at`: when they were fetched, in
    microseconds since the epoch. `failed`: connections with records that could not be fetched, and
    the code of why.
    """

    at: int = 0
    found: dict[RecordName, FetchedRecord] = field(default_factory=dict)
    gone: set[RecordName] = field(default_factory=set)
    waiting: set[RecordName] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
