"""Finds an import in Mateo whose answer was lost. Called by tracking before it posts it again.

Mateo has no idempotency key, so the import is recognised by what was sent: by our reference if
Mateo takes one, else by what Mateo may not change: type, time, number of rows, and which records
they are. An import that another entry of the ledger owns is never taken for this one. If Mateo
shows no rows, one that it accepted is found all the same (`accepted_imports`).
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from types import MappingProxyType

from import_relay.domain.errors import PermitTooFar
from import_relay.domain.payload_digests import canonical_digest
from import_relay.mapping.identifiers import Likeness, SentRow, likeness
from import_relay.mateo.client import POLL_PAGE, ImportApi, ImportStatus
from import_relay.storage.archive import Archive
from import_relay.storage.entries import Entry, State
from import_relay.storage.ledger import Ledger
from import_relay.storage.pacing import Permit
from import_relay.track.accepted_imports import (
    WINDOW_S,
    by_order,
    contemporaries,
    is_listed_by,
    is_of_its_time,
    posting_began,
)

COUNTED_AFTER_S = 3_600.0
"""How long after its creation an import's total, if it adds up, is taken as final."""


@dataclass(frozen=True, slots=True)
class FoundImports:
    """What a lookup found; both are empty if the import is not there.

    Attributes:
        matches: the imports that this one is, oldest first.
        suspects: ids of imports that may be this one, if there is no match. Only a person can tell.
        is_inferred: no other import can be it; Mateo does not show its rows.
    """

    matches: Sequence[ImportStatus] = ()
    suspects: Sequence[str] = ()
    is_inferred: bool = False


class _Verdict(Enum):
    EXACT = auto()
    SAME = auto()
    SUSPECT = auto()
    OTHER = auto()


ENOUGH_COMPARED = 15
"""If the time of a lookup ends once it has read the rows of so many imports, the others stay
suspects: another lookup would not get further."""
_OF_LIKENESS: Mapping[Likeness, _Verdict] = MappingProxyType(
    {
        Likeness.SAME: _Verdict.SAME,
        Likeness.SHARED: _Verdict.SUSPECT,
        Likeness.UNREADABLE: _Verdict.SUSPECT,
        Likeness.OTHER: _Verdict.OTHER,
    }
)


@dataclass(frozen=True, slots=True)
class ImportLookup:
    """Looks imports up. `acquire_permit` permits one request, or raises as `Permits.acquire`."""

    api: ImportApi
    ledger: Ledger
    archive: Archive
    acquire_permit: Callable[[], Permit]

    def poll(self, entry: Entry, *, by_reference: bool, now: float) -> FoundImports:
        """Look for the import of an entry.

        Args:
            entry: its `digest` is of the rows that were posted.
            by_reference: our reference was sent as well. If it finds nothing, time and rows are
                tried all the same: Mateo may have ignored it.
            now: in s since the epoch.

        Raises:
            MateoUnavailable, CredentialsRefused, PermitTooFar, LimitReached: it is not known.
        """
        if by_reference:
            found = self.api.find_by_reference(self.acquire_permit(), entry.reference)
            if found:
                return FoundImports(found)
        listed = self._listed(
            entry.type,
            earliest=entry.created_at - WINDOW_S,
            latest=max(entry.posted_at, entry.deadline) + WINDOW_S,
        )
        owners = self.ledger.owners(listed)
        ours = [
            one
            for one in listed.values()
            if entry.reference in (owners.get(one.id), one.reference_id)
        ]
        if ours:
            return FoundImports(ours)
        free = _free(listed, owners, entry, now)
        compared = self._compared(free, _Posted(entry, self.archive))
        if not (compared.suspects and is_listed_by(entry, now)):
            return compared
        suspects = [one for one in free if one.id in compared.suspects]
        accepted = self._accepted(entry, suspects, now)
        return compared if accepted is None else FoundImports([accepted], is_inferred=True)

    def _accepted(
        self, entry: Entry, suspects: Sequence[ImportStatus], now: float
    ) -> ImportStatus | None:
        """The import that Mateo accepted as this one, if only one can be it."""
        of_its_time = [one for one in suspects if is_of_its_time(one, entry)]
        if len(of_its_time) < 2:
            return next(iter(of_its_time), None)
        unknown = [one for one in self.ledger.open_imports() if one.accepted_at]
        group = contemporaries(entry, unknown)
        listed = self._listed(
            entry.type,
            earliest=posting_began(group[0]) - WINDOW_S,
            latest=group[-1].accepted_at + WINDOW_S,
        )
        owners = self.ledger.owners(listed)
        free = _free(listed, owners, entry, now)
        if not {one.id for one in free} <= {one.id for one in suspects}:
            return None
        # Read last and consistently: an entry that is unknown now owned none of the free imports.
        states = self.ledger.states([one.reference for one in group])
        group = [one for one in group if states[one.reference].state is State.UNKNOWN]
        return by_order(entry, group, free, now)

    def _listed(self, type_: str, *, earliest: float, latest: float) -> Mapping[str, ImportStatus]:
        """All imports of a type that were created between two times, oldest first."""
        found: dict[str, ImportStatus] = {}
        while True:
            page = self.api.find_by_window(
                self.acquire_permit(), type_, earliest=earliest, latest=latest
            )
            known = len(found)
            found |= {one.id: one for one in page}
            last = page[-1].created_at if len(page) >= POLL_PAGE else None
            if last is None or len(found) == known:
                return found
            earliest = last.timestamp()

    def _compared(self, free: Sequence[ImportStatus], posted: "_Posted") -> FoundImports:
        """Imports that nobody owns, by their rows: identical ones come before similar ones."""
        rows = self._rows_of(sorted(free, key=posted.distance_s))
        verdicts = [(one, posted.verdict(rows.get(one.id), one.total_count)) for one in free]
        for best in (_Verdict.EXACT, _Verdict.SAME):
            matches = [one for one, verdict in verdicts if verdict is best]
            if matches:
                return FoundImports(matches)
        return FoundImports(
            (), [one.id for one, verdict in verdicts if verdict is _Verdict.SUSPECT]
        )

    def _rows_of(self, listed: Sequence[ImportStatus]) -> Mapping[str, object]:
        """The rows of imports by id, in this order, until the time for requests is over."""
        rows: dict[str, object] = {}
        for one in listed:
            try:
                rows[one.id] = self._rows(one)
            except PermitTooFar:
                if len(rows) < ENOUGH_COMPARED:
                    raise
                break
        return rows

    def _rows(self, listed: ImportStatus) -> object:
        """An import's rows as Mateo keeps them; None when they cannot be read."""
        full = self.api.result(self.acquire_permit(), listed.id)
        if full is None:
            return None
        payload = full.payload
        if payload is None and full.payload_url:
            payload = self.api.download(full.payload_url, self.acquire_permit)
        if isinstance(payload, str | bytes):
            try:
                return json.loads(payload)
            except (ValueError, RecursionError):
                return None
        return payload


@dataclass
class _Posted:
    """The rows that were posted; read only if digests do not decide."""

    entry: Entry
    archive: Archive = field(repr=False)

    def distance_s(self, listed: ImportStatus) -> float:
        """How far apart the post and an import in Mateo are; far if Mateo does not say."""
        if listed.created_at is None:
            return math.inf
        return abs(listed.created_at.timestamp() - posting_began(self.entry))

    def verdict(self, shown: object, total: int | None) -> _Verdict:
        """Whether rows that Mateo shows are these; None if it does not show them.

        `total`: how many it counts. Fewer rows than that, or none, are not the whole import.
        """
        if not isinstance(shown, list):
            return _Verdict.SUSPECT
        if canonical_digest(shown) == self.entry.digest:
            return _Verdict.EXACT
        if not shown or len(shown) < min(total or 0, self.entry.rows):
            return _Verdict.SUSPECT
        if len(shown) != self.entry.rows:
            return _Verdict.OTHER
        if self.rows is None:
            return _Verdict.SUSPECT
        return _OF_LIKENESS[likeness(self.rows, shown)]

    @cached_property
    def rows(self) -> Sequence[SentRow] | None:
        frozen = self.archive.load(self.entry.reference)
        return None if frozen is None else json.loads(frozen.body)["payload"]


def _free(
    listed: Mapping[str, ImportStatus], owners: Mapping[str, str], entry: Entry, now: float
) -> Sequence[ImportStatus]:
    """Imports that belong to nobody, and that could be this entry's."""
    return [one for one in listed.values() if one.id not in owners and _may_be(one, entry, now)]


def _may_be(listed: ImportStatus, entry: Entry, now: float) -> bool:
    """Whether an import that nobody owns could be this entry's, by what the list shows of it."""
    if listed.reference_id:
        return False  # somebody else's: ours would be a match already
    total = listed.total_count
    if total is None or total == entry.rows:
        return True
    return total < entry.rows and not _is_counted(listed, now)


def _is_counted(listed: ImportStatus, now: float) -> bool:
    """Whether a total will not grow any more: it adds up, and Mateo has had enough time."""
    done = (listed.success_count or 0) + (listed.failed_count or 0)
    created_at = listed.created_at.timestamp() if listed.created_at else now
    return bool(done) and done == listed.total_count and now - created_at > COUNTED_AFTER_S
