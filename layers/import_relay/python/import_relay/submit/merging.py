"""The pure heart of submission: changes in, rows and bodies of imports out. No I/O and no clock.

Once `changes` has mapped a batch, `merge_changes` compares changes with the watermarks and
merges them into one row per record. `shared_handles` and `batching` make imports of the rows.
"""

import gc
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from import_relay.domain.models import (
    WHOLE_RECORD,
    Claim,
    ItemOutcome,
    MappedChange,
    Outcome,
    Row,
    Watermark,
)
from import_relay.mapping.contact_phones import COUNTRIES
from import_relay.mapping.row_texts import MAX_ROW_B, row_text
from import_relay.submit.claimed_fields import fields_of, identifies, is_apart
from import_relay.submit.freshness import (
    Freshness,
    Order,
    claim_of,
    ended_items,
    freshness,
    in_order,
    is_among,
    is_older,
    is_overtaken,
    order_of,
    repeated,
    says_again,
)

EARLIER_KEPT, MAX_EARLIER = 16, 100
"""Deliveries whose replaced claims are remembered per record, and how many of those claims at most:
what the queue requeues is recent.
"""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

FieldClaims = Sequence[tuple[str, Claim]]
"""Fields, each with who claimed it last."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Plan without the garbage collector: a batch makes many objects, all of which stay alive.

    Collecting costs an eighth of the time of a batch and finds nothing (`make bench`). The block
    should end with nothing left of the batch: what is left is gone through once, when it ends.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(slots=True)
class MergeResult:
    """What `merge_changes` found: rows to import, changes to requeue later, and what ends here.

    `repeated`: key → the claims of earlier batches, by field, that were repeated since.
    """

    rows: list[Row] = field(default_factory=list)
    blocked: list[MappedChange] = field(default_factory=list)
    outcomes: list[ItemOutcome] = field(default_factory=list)
    repeated: dict[str, dict[str, Claim]] = field(default_factory=lambda: defaultdict(dict))


def merge_changes(
    changes: Sequence[MappedChange],
    watermarks: Mapping[str, Watermark],
    *,
    is_unfinished: Callable[[str], bool],
    was_never_created: Callable[[str], bool],
    of_person: Callable[[str], FieldClaims] = lambda _: (),
) -> MergeResult:
    """Compare changes with what was claimed before, and merge them into one row per record.

    `freshness` says what a change is to a field of its record: the whole of it, or one column of a
    partial change. A change that is fresh somewhere becomes part of the record's row. It is
    *blocked* while an import of the record is open. A change that is fresh nowhere ends here: as
    duplicate or superseded, or without an outcome of its own if the queue redelivered it. A
    duplicate makes the claim as new as itself.

    A whole record leaves out the columns for which a newer partial change is known; a partial
    change older than the whole record is superseded. Claims of the same person under another key
    count like the record's own, except where two connections made them: those do not compare.

    Args:
        watermarks: what is remembered, by key.
        is_unfinished: whether the import of this reference may still change records.
        was_never_created: whether the import of this reference never happened and never will.
        of_person: key → claims of the same person under other keys, by field.
    """
    by_key: dict[str, list[MappedChange]] = defaultdict(list)
    for change in changes:
        by_key[change.key].append(change)
    merged = MergeResult()
    for key in list(by_key):
        of_key = by_key.pop(key)  # what is freed here makes room for the rows
        known, others = watermarks.get(key), of_person(key)
        if not known and not others and len(of_key) == 1:
            merged.rows.append(_only_row(of_key[0]))
            continue
        known = known or Watermark({})
        blocked = any(is_unfinished(claim.reference) for _, claim in (*_own(known), *others))
        coalescing = _Coalescing(
            key, known, was_never_created, merged, others=others, blocked=blocked
        )
        coalescing.add_all(of_key)
    return merged


def _own(known: Watermark) -> FieldClaims:
    return tuple(known.claims.items())


def _only_row(change: MappedChange) -> Row:
    """The usual case, done directly: one change of an unknown record."""
    claim = claim_of(change)
    claims = dict.fromkeys(fields_of(change), claim) if change.partial else {WHOLE_RECORD: claim}
    return Row(change.key, change.text, change.options, (change,), claims)


class _Coalescing:
    """One record's changes of a batch, oldest first, becoming at most one row."""

    def __init__(
        self,
        key: str,
        known: Watermark,
        was_never_created: Callable[[str], bool],
        merged: MergeResult,
        *,
        others: FieldClaims,
        blocked: bool,
    ) -> None:
        self._key = key
        self._known = known
        self._remembered = known.claims
        """Claims of earlier batches that nothing of this one has replaced."""
        self._taken: dict[str, Claim] = {}
        """Claims of this batch."""
        self._ended = ended_items(known, was_never_created)
        self._was_never_created = was_never_created
        self._others = others
        self._result = merged
        self._blocked = blocked
        self._columns: dict[str, tuple[object, MappedChange]] = {}
        self._contributors: list[MappedChange] = []
        self._shadowed: list[ItemOutcome] = []

    def add_all(self, changes: list[MappedChange]) -> None:
        order = in_order(changes)
        changes.sort(key=self._order_of if order is order_of else order)
        for change in changes:
            self._add(change)
        if self._contributors:
            self._result.rows.append(self._row())

    def _order_of(self, change: MappedChange) -> Order:
        """A change that comes again is as new as its latest repetition."""
        claims = map(self._known.claims.get, fields_of(change)) if self._known.claims else ()
        again = (one.order for one in claims if one and says_again(change, one))
        return max([order_of(change), *again])

    def _add(self, change: MappedChange) -> None:
        if is_among(self._ended, change.occurrence.item_id):
            return
        found = {
            field_name: self._freshness(change, field_name) for field_name in fields_of(change)
        }
        fresh = [field_name for field_name, one in found.items() if one is Freshness.FRESH]
        if fresh and (self._blocked or self._needs_another_import(change)):
            self._result.blocked.append(change)
            return
        for field_name in (said for said, one in found.items() if one is Freshness.DUPLICATE):
            self._repeat(change, field_name)
        if not fresh:
            self._record(change, found.values())
        elif WHOLE_RECORD in fresh:
            self._add_whole(change)
        else:
            self._add_partial(change, fresh)

    def _freshness(self, change: MappedChange, field_name: str) -> Freshness:
        remembered = self._remembered.get(field_name)
        is_column = field_name != WHOLE_RECORD
        found = freshness(
            change,
            remembered or self._taken.get(field_name),
            whole=self._whole_record() if is_column else None,
            was_never_created=remembered is not None
            and self._was_never_created(remembered.reference),
        )
        is_fresh = found is Freshness.FRESH
        return Freshness.STALE if is_fresh and self._is_overtaken(change, field_name) else found

    def _is_overtaken(self, change: MappedChange, field_name: str) -> bool:
        """Whether something newer is known of this field under another key of the same person."""
        return any(
            is_overtaken(change, claim)
            for said, claim in self._others
            if said in (field_name, WHOLE_RECORD)
        )

    def _whole_record(self) -> Claim | None:
        return self._remembered.get(WHOLE_RECORD) or self._taken.get(WHOLE_RECORD)

    def _take(self, change: MappedChange, fresh: Collection[str]) -> None:
        self._remembered = {
            field_name: claim
            for field_name, claim in self._remembered.items()
            if field_name not in fresh
        }
        before = self._known.claims
        self._taken |= {said: claim_of(change, before.get(said)) for said in fresh}

    def _record(self, change: MappedChange, found: Collection[Freshness]) -> None:
        if Freshness.REDELIVERED in found:
            return
        outcome = Outcome.DUPLICATE if Freshness.DUPLICATE in found else Outcome.SUPERSEDED
        item_outcome = ItemOutcome(change.occurrence, outcome, record=change.record)
        (self._shadowed if self._contributors else self._result.outcomes).append(item_outcome)

    def _repeat(self, change: MappedChange, field_name: str) -> None:
        """Let the claim that a change repeats be as new as the change."""
        if remembered := self._remembered.get(field_name):
            claim = repeated(remembered, change)
            if claim != remembered:
                self._remembered = {**self._remembered, field_name: claim}
                self._result.repeated[self._key][field_name] = claim
        else:
            self._taken[field_name] = repeated(self._taken[field_name], change)

    def _needs_another_import(self, change: MappedChange) -> bool:
        """Whether a change cannot join the row: it has other options, is a whole record of another
        connection, which would replace what that one does not know, or makes the row too large.
        """
        if not self._contributors:
            return False
        if not change.partial:
            return any(is_apart(change, one) for one in self._contributors)
        size = len(change.text) + sum(len(one.text) for one in self._contributors)
        return change.options != self._contributors[0].options or size > MAX_ROW_B

    def _add_whole(self, change: MappedChange) -> None:
        self._shadow(self._contributors)
        self._remembered = _newer(self._remembered, change)
        claim = claim_of(change, self._known.claims.get(WHOLE_RECORD))
        self._taken = _newer(self._taken, change) | {WHOLE_RECORD: claim}
        newer = {said for said, claim in self._others if is_overtaken(change, claim)}
        newer |= {*self._remembered, *self._taken}
        self._contributors = [change]
        self._columns = {
            column: (value, change)
            for column, value in change.columns.items()
            if column not in newer or identifies(change, column)
        }

    def _add_partial(self, change: MappedChange, fresh: list[str]) -> None:
        for column in change.left_out:  # it sets no value itself, but an older one stays superseded
            if column in fresh:
                self._columns.pop(column, None)
        for column, value in change.columns.items():
            if column in fresh or identifies(change, column):
                self._columns[column] = (value, change)
        self._take(change, fresh)
        owners = (owner for said, (_, owner) in self._columns.items() if said != COUNTRIES)
        contributing = {id(owner) for owner in owners}
        # A whole record that this row claims is part of it, even if others set all its columns.
        contributing |= {id(c) for c in self._contributors if self._claims_all(c)}
        self._shadow([c for c in self._contributors if id(c) not in contributing])
        self._contributors = [c for c in self._contributors if id(c) in contributing] + [change]

    def _claims_all(self, change: MappedChange) -> bool:
        claim = self._taken.get(WHOLE_RECORD)
        return claim is not None and claim.item_id == change.occurrence.item_id

    def _shadow(self, changes: Iterable[MappedChange]) -> None:
        self._shadowed += [
            ItemOutcome(c.occurrence, Outcome.SUPERSEDED, record=c.record) for c in changes
        ]

    def _row(self) -> Row:
        columns = {column: value for column, (value, _) in self._columns.items()}
        first = self._contributors[0]
        is_first = len(self._contributors) == 1 and columns.keys() == first.columns.keys()
        text = first.text if is_first else row_text(columns)
        claims = {**self._remembered, **self._taken}
        return Row(
            self._key,
            text,
            first.options,
            tuple(self._contributors),
            claims,
            tuple(self._shadowed),
            self._earlier(claims.values()),
        )

    def _earlier(self, claims: Iterable[Claim]) -> tuple[str, ...]:
        """Item ids whose claims are replaced by now; those of imports that were never created have
        not ended.
        """
        replaced = dict.fromkeys(self._known.earlier)
        for claim in self._known.claims.values():
            if not self._was_never_created(claim.reference):
                replaced[claim.item_id] = None
        for claim in claims:
            replaced.pop(claim.item_id, None)
        deliveries = dict.fromkeys(one.rpartition("/")[0] for one in reversed(replaced))
        kept = set(list(deliveries)[:EARLIER_KEPT])
        return tuple(one for one in replaced if one.rpartition("/")[0] in kept)[-MAX_EARLIER:]


def _newer(claims: Mapping[str, Claim], change: MappedChange) -> dict[str, Claim]:
    """The claims of single columns that a whole record leaves as they are: it is older."""
    return {
        field_name: claim
        for field_name, claim in claims.items()
        if field_name != WHOLE_RECORD and is_older(change, claim)
    }


def request_body(rows: Sequence[Row], *, reference: str | None = None) -> bytes:
    """The exact body of `POST /import` for rows of one group; `reference` if Mateo takes it."""
    head: dict[str, object] = rows[0].options.body_head()
    if reference is not None:
        head["reference_id"] = reference
    opening = _encode(head)[:-1].encode()
    return b"".join((opening, b',"payload":[', b",".join(row.text for row in rows), b"]}"))
