"""Leaves out what a batch brings of a person who was erased meanwhile. Called by `batch_run`.

A queue cannot be searched, so hashes of the person's handles are in a list instead.
"""

from collections.abc import Iterable

from import_relay.domain.erased_handles import (
    ErasedHandles,
    handles_in_record,
    handles_in_row,
)
from import_relay.domain.models import ItemOutcome, MappedChange, Occurrence, Outcome
from import_relay.submit.changes import Mapped

ERASED = "row.erased"


def leave_out_erased(mapped: Mapped, erased: ErasedHandles) -> None:
    """End changes and outcomes of erased persons as erased, without a word of their records."""
    if not erased.until:
        return
    kept: list[MappedChange] = []
    ended = outcomes_without_erased(mapped.outcomes, erased)
    for change in mapped.changes:
        if _covers_change(erased, change):
            ended.append(_erased(change.occurrence))
        else:
            kept.append(change)
    mapped.changes, mapped.outcomes = kept, ended


def outcomes_without_erased(
    outcomes: Iterable[ItemOutcome], erased: ErasedHandles
) -> list[ItemOutcome]:
    """The outcomes; one that would keep the record of an erased person is erased instead."""
    return [
        _erased(one.occurrence) if _covers_item(erased, one.occurrence) else one for one in outcomes
    ]


def _covers_change(erased: ErasedHandles, change: MappedChange) -> bool:
    type_ = change.key.partition("#")[0]
    received_at = change.occurrence.received_at
    if erased.covers(handles_in_row(type_, change.columns), received_at):
        return True
    return type_ == "contact_details" and _covers_item(erased, change.occurrence)


def _covers_item(erased: ErasedHandles, one: Occurrence) -> bool:
    return erased.covers(handles_in_record(one.item), one.received_at)


def _erased(one: Occurrence) -> ItemOutcome:
    return ItemOutcome(one._replace(item=None, event=""), Outcome.ERASED, ERASED)
