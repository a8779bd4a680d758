"""Leaves out items of erased persons. Called by `batch_run`.

A queue cannot be searched, so hashes of the person's handles are in a list instead. Phone numbers
are compared however they are written: a national one is read with its connection's countries.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from import_relay.domain.erased_handles import (
    ErasedHandles,
    NumbersOf,
    handle,
    handles_in_record,
    handles_in_row,
)
from import_relay.domain.models import CONTACT_TYPE, ItemOutcome, MappedChange, Occurrence, Outcome
from import_relay.mapping.phone_spellings import numbers_meant
from import_relay.submit.changes import Mapped

_ERASED = "row.erased"


@dataclass(frozen=True, slots=True)
class Erasing:
    """Whom to leave out of a batch. `countries`: those of a connection's phone numbers."""

    erased: ErasedHandles
    countries: Callable[[str], Sequence[str]]

    def leave_out(self, mapped: Mapped) -> None:
        """Give changes and outcomes of erased persons the outcome erased, without their records.

        What raised an error is left out as well: a dead letter would keep it.
        """
        if not self.erased.until:
            return
        kept: list[MappedChange] = []
        ended = self.outcomes(mapped.outcomes)
        for change in mapped.changes:
            if self._covers_change(change):
                ended.append(_erased(change.occurrence))
            else:
                kept.append(change)
        raised = self.outcomes(mapped.raised)
        mapped.raised = [one for one in raised if one.outcome is not Outcome.ERASED]
        ended += [one for one in raised if one.outcome is Outcome.ERASED]
        mapped.changes, mapped.outcomes = kept, ended

    def outcomes(self, outcomes: Iterable[ItemOutcome]) -> list[ItemOutcome]:
        """The outcomes; one that would keep the record of an erased person is erased instead."""
        if not self.erased.until:
            return list(outcomes)
        return [_erased(one.occurrence) if self._covers_outcome(one) else one for one in outcomes]

    def _covers_change(self, change: MappedChange) -> bool:
        type_, one = change.options.type, change.occurrence
        handles = handles_in_row(type_, change.columns, self._numbers_of(one))
        if self.erased.covers(handles, one.received_at):
            return True
        return type_ == CONTACT_TYPE and self._covers_item(one)

    def _covers_outcome(self, one: ItemOutcome) -> bool:
        occurrence = one.occurrence
        if self.erased.covers(_named(one), occurrence.received_at):
            return True
        return self._covers_item(occurrence)

    def _covers_item(self, one: Occurrence) -> bool:
        handles = handles_in_record(one.item, self._numbers_of(one))
        return self.erased.covers(handles, one.received_at)

    def _numbers_of(self, one: Occurrence) -> NumbersOf:
        return partial(numbers_meant, countries=self.countries(one.connection))


def _named(one: ItemOutcome) -> Iterator[str]:
    """The contact that an outcome is about, which may be known by its id alone."""
    if one.record.type in ("", CONTACT_TYPE) and one.record.external_id:
        yield handle("external_id", one.record.external_id)


def _erased(one: Occurrence) -> ItemOutcome:
    return ItemOutcome(one._replace(item=None, event=""), Outcome.ERASED, _ERASED)
