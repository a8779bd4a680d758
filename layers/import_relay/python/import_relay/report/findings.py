"""How an import ended, row by row. Pure; called by reporting, told by `documents`.

Two sums always hold. Rows: total = imported + failed + unaccounted, by Mateo's counts. Items, the
occurrences that rows were made of: total = imported + failed + retried + unaccounted; a failed row
that Mateo counts but does not name is unaccounted for there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from import_relay.domain.models import CONTACT_TYPE, Occurrence
from import_relay.domain.notes import SENT, Note
from import_relay.domain.provenance import ItemProvenance, RowProvenance
from import_relay.mapping.keys import HANDLES
from import_relay.mateo.client import ImportStatus
from import_relay.report.failed_rows import Joined, join
from import_relay.report.failures import Failure
from import_relay.report.row_numbers import numbers_of
from import_relay.report.row_outcomes import RowCounts, RowOutcome, RowOutcomes
from import_relay.report.taken_handles import Taken, notes_of_taken, taken_handles
from import_relay.storage.entries import Entry

FOREIGN_KEY = "23503"
"""PostgreSQL's code for a reference to something that is not there."""
MAX_ATTEMPTS = 3
"""A record is requeued at most so often."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent: rows as Mateo got them, and where each came from. Empty if it is not kept."""

    rows: Sequence[Mapping[str, Any]] = ()
    provenance: Sequence[RowProvenance] = ()


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What Mateo says of an import. `unread` is a file of failures that could not be read."""

    status: ImportStatus | None = None
    failures: Sequence[Failure] = ()
    unread: bytes | None = None


@dataclass(frozen=True)
class Findings:
    """How an import ended, as far as it is known."""

    entry: Entry
    sent: Sent
    result: ImportResult
    timed_out: bool

    @property
    def is_finished(self) -> bool:
        """Whether Mateo has finished it, perhaps just when the relay gave it up."""
        return not self.timed_out or (self.unaccounted == 0 and self.counts[0] is not None)

    # rows

    @cached_property
    def counts(self) -> RowCounts:
        """Mateo's counts: those of its answer, else the last ones of the ledger."""
        status = self.result.status
        known = status if status and status.total_count is not None else self.entry
        return RowCounts(known.total_count, known.success_count, known.failed_count)

    @cached_property
    def rows(self) -> RowOutcomes:
        """How the rows ended, as far as it is known."""
        numbers, suspects = self._joined
        return RowOutcomes(self.entry.rows, self.counts, numbers, self.retried, suspects)

    @cached_property
    def _joined(self) -> Joined:
        return join(self.result.failures, self.sent.rows)

    @property
    def failed(self) -> int:
        """Rows that Mateo failed."""
        return self.rows.failed

    @property
    def imported(self) -> int:
        """Rows that Mateo imported."""
        return self.rows.imported

    @property
    def unaccounted(self) -> int:
        """Rows whose result Mateo did not give."""
        return self.rows.unaccounted

    # single rows

    @cached_property
    def failures(self) -> Sequence[tuple[Failure, int | None]]:
        """Each failure that Mateo lists, with the number of our row."""
        return list(zip(self.result.failures, self._joined.numbers, strict=True))

    @cached_property
    def retried(self) -> frozenset[int]:
        """The rows to requeue: what an earlier report decided, and what Mateo lists now.

        Of a row with several failures each has to be one that time can heal.
        """
        lasting = {
            number for failure, number in self.failures if not self.is_retryable(failure, number)
        }
        return frozenset(numbers_of(self.entry.retried)) | {
            number
            for _, number in self.failures
            if number is not None
            and number not in lasting
            and all(
                source.occurrence.attempt < MAX_ATTEMPTS
                for source in self.sent.provenance[number].items
            )
        }

    @cached_property
    def outcomes(self) -> Sequence[RowOutcome]:
        """How each row that was sent ended; nothing if it is not kept what was sent."""
        return self.rows.outcomes if self.sent.rows else ()

    def sources(self, number: int) -> Sequence[ItemProvenance]:
        """The occurrences that a row was made of; the last one has the notes of Mateo's hints."""
        sources = self.sent.provenance[number].items
        if number not in self._taken_notes:
            return sources
        *others, last = sources
        return [*others, last._replace(notes=(*last.notes, *self._taken_notes[number]))]

    @cached_property
    def taken(self) -> Sequence[Taken]:
        """The handles that moved from one contact to another."""
        if self.entry.type != CONTACT_TYPE:
            return ()
        outcomes = enumerate(self.outcomes)
        imported = {number for number, outcome in outcomes if outcome is RowOutcome.IMPORTED}
        hints = self.result.status.hints if self.result.status else None
        return taken_handles(hints, self.sent.rows, imported)

    @cached_property
    def _taken_notes(self) -> Mapping[int, Sequence[Note]]:
        return notes_of_taken(self.taken) if self.sent.rows else {}

    def unclaimed(self) -> Iterator[RowProvenance]:
        """Provenance of the rows that were not imported, or may not have been."""
        uncertain = self.rows.uncertain
        outcomes = zip(self.sent.provenance, self.outcomes, strict=True)
        for number, (row, outcome) in enumerate(outcomes):
            if outcome is not RowOutcome.IMPORTED or number in uncertain:
                yield row

    def retried_items(self) -> Iterator[Occurrence]:
        """The occurrences to requeue, with their attempt counted on."""
        for number, outcome in enumerate(self.outcomes):
            if outcome is RowOutcome.RETRIED:
                for source in self.sources(number):
                    attempt = source.occurrence.attempt + 1
                    yield source.occurrence._replace(attempt=attempt)

    def ended(self) -> Iterator[tuple[Occurrence, RowOutcome]]:
        """The occurrences that end with this import, and how; those requeued do not."""
        for number, outcome in enumerate(self.outcomes):
            if outcome is not RowOutcome.RETRIED:
                for source in self.sources(number):
                    yield source.occurrence, outcome

    def counted(self) -> Iterator[tuple[str, str, list[Note]]]:
        """What counts for the connections: each occurrence's outcome, notes and sent handles."""
        for number, outcome in enumerate(self.outcomes):
            if outcome is RowOutcome.RETRIED:
                continue
            row = self.sent.rows[number] if self.sent.rows else {}
            handles = [Note(SENT, column) for column in HANDLES if row.get(column)]
            for source in self.sources(number):
                notes = [*source.notes, *handles]
                yield source.occurrence.connection, outcome.value, notes

    def is_retryable(self, failure: Failure, number: int | None) -> bool:
        """Whether time can heal it: the contact of a deal or appointment is not in Mateo yet."""
        return (
            number is not None
            and failure.code == FOREIGN_KEY
            and self.entry.type in ("deal_details", "appointment_details")
            and bool(self.sent.rows[number].get("contact_external_id"))
        )
