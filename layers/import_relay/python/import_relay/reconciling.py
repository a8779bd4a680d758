"""Finds an import in Mateo whose answer was lost. Called by tracking before it posts it again.

Mateo has no idempotency key, so the import is recognised by what was sent: by our reference if
Mateo takes one, else by type, time and the digest of its rows. An import that another entry of the
ledger owns is never taken for this one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from import_relay.mateo.client import POLL_PAGE, ImportApi, ImportStatus, MateoUnavailable
from import_relay.planning import canonical_digest
from import_relay.state.budget import Slot
from import_relay.state.ledger import Entry, Ledger, State

OPEN_LIMIT = 200
WINDOW_S = 120.0
"""How far Mateo's clock may be from ours when an import is looked up by time."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Looks imports up. `take_slot` gives leave for one request, or raises as the budget does."""

    api: ImportApi
    ledger: Ledger
    take_slot: Callable[[], Slot]

    def matches(self, entry: Entry, *, by_reference: bool) -> Sequence[ImportStatus]:
        """The imports in Mateo that this entry's may be, oldest first; none if it is absent.

        Args:
            entry: its `digest` is of the rows that were posted.
            by_reference: our reference was sent as well. If it finds nothing, time and digest are
                tried all the same: Mateo may have ignored it.

        Raises:
            MateoUnavailable, CredentialsRefused, SlotTooFar, LimitReached: it is not known.
        """
        if by_reference:
            found = self.api.find_by_reference(self.take_slot(), entry.reference)
            if found:
                return found
        listed = self._listed(entry)
        owners = self.ledger.owners(listed)
        ours = [one for one in listed.values() if owners.get(one.id) == entry.reference]
        free = [one for one in listed.values() if one.id not in owners and _may_be(one, entry)]
        return ours or self._of_same_rows(free, entry)

    def _listed(self, entry: Entry) -> Mapping[str, ImportStatus]:
        """All imports of the type from the time in which this one was posted, oldest first."""
        earliest = entry.created_at - WINDOW_S
        latest = max(entry.posted_at, entry.deadline) + WINDOW_S
        found: dict[str, ImportStatus] = {}
        while True:
            page = self.api.find_by_window(
                self.take_slot(), entry.type, earliest=earliest, latest=latest
            )
            known = len(found)
            found |= {one.id: one for one in page}
            last = page[-1].created_at if len(page) >= POLL_PAGE else None
            if last is None or len(found) == known:
                return found
            earliest = last.timestamp()

    def _of_same_rows(self, listed: Sequence[ImportStatus], entry: Entry) -> list[ImportStatus]:
        """Those whose rows are the entry's.

        Failing that, one whose rows cannot be read, if it has as many rows and nobody else's
        import may be this one.

        Raises:
            MateoUnavailable: it cannot be told yet.
        """
        same: list[ImportStatus] = []
        unreadable: list[ImportStatus] = []
        for one in listed:
            digest = self._digest(one)
            if digest is None:
                unreadable.append(one)
            elif digest == entry.digest:
                same.append(one)
        if same or not unreadable:
            return same
        (first, *others) = unreadable
        if others or first.total_count != entry.rows or self._may_be_anothers(entry):
            raise MateoUnavailable("an import may be the one, but its rows cannot be read")
        return unreadable

    def _may_be_anothers(self, entry: Entry) -> bool:
        """Whether another import of the type is being sent or looked up, or was given up."""
        if self.ledger.given_up_until(entry.type) >= entry.created_at - 2 * WINDOW_S:
            return True
        return any(
            one.reference != entry.reference
            and one.type == entry.type
            and one.state in (State.INTENDED, State.UNKNOWN)
            for one in self.ledger.open_imports(OPEN_LIMIT)
        )

    def _digest(self, listed: ImportStatus) -> str | None:
        """The digest of an import's rows as Mateo keeps them; None when they cannot be read."""
        full = self.api.result(self.take_slot(), listed.id)
        if full is None:
            return None
        payload = full.payload
        if payload is None and full.payload_url:
            content = self.api.download(full.payload_url, self.take_slot)
            try:
                payload = None if content is None else json.loads(content)
            except ValueError:
                return None
        return None if payload is None else canonical_digest(payload)


def _may_be(listed: ImportStatus, entry: Entry) -> bool:
    """Whether an import that nobody owns could be this entry's, by what the list shows of it."""
    fits = listed.total_count is None or listed.total_count <= entry.rows
    return fits and listed.reference_id in (None, "", entry.reference)
