"""Whether a CRM's API gave an older state of a record than its webhook tells of. No I/O, no clock.

APIs answer from replicas, which may lag: the record comes in an older state, or not at all. The
older state would get the version of the event, and no other event would tell of the newer one. So
the record is read again for a while. After that it counts as it is: not every change moves a
record's time of change, and a record that is still missing is deleted. Called by `changes`.

Where neither webhook nor record has a time (Attio), the receipt is compared with the newest value.
If that is older, the state may be an older one, or a value was removed, or the webhook came again.
"""

from import_relay.connectors.contract import Change
from import_relay.connectors.fetcher_contract import FetchedRecord
from import_relay.connectors.kinds import fetcher_for
from import_relay.domain.models import Occurrence
from import_relay.domain.notes import Note

MAX_LAG_US = 900 * 1_000_000
"""Own limit, in microseconds from the receipt of an item: replicas lag by seconds or minutes."""
STALE_NOTE = Note("note.stale_read", "version")


def is_stale(
    found: FetchedRecord | None, change: Change, kind: str, *, received_at: int | None = None
) -> bool:
    """Whether a record is older than the event because of which it was read, or may be.

    `kind`: of the connection; its fetcher knows how far the two times may be apart. `received_at`:
    of the event (µs), for one without a time; without it only what is certain is stale.
    """
    moves_time = change.lookup is not None and change.lookup.moves_time
    fetcher = fetcher_for(kind)
    if not moves_time or found is None or fetcher is None:
        return False
    told_at, written_at = change.version, found.version
    if told_at is None and written_at is None:
        told_at, written_at = received_at, found.changed_at
    if told_at is None or written_at is None:
        return False
    return told_at - written_at > fetcher.MAX_TIME_LAG_S * 1_000_000


def may_catch_up(occurrence: Occurrence, read_at: int) -> bool:
    """Whether a replica may still lag behind what an item tells of; `read_at` in microseconds."""
    return read_at < occurrence.received_at + MAX_LAG_US


def version_of(found: FetchedRecord, change: Change) -> int | None:
    """The version of a record that was read because of an event: it holds what the event told.

    The CRM's clock for events and that for records may differ, as may their precision.
    """
    return None if found.version is None else max(found.version, change.version or found.version)
