"""The pure heart of submission: changes in, rows and bodies of imports out. No I/O and no clock.

Once `changes` has mapped a batch, `merge_changes` compares changes with the watermarks and
coalesces them to one row per record. `shared_handles` and `batching` make imports of the rows.
"""

import gc
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

from import_relay.domain.models import (
    WHOLE_RECORD,
    Claim,
    ItemOutcome,
    MappedChange,
    Outcome,
    Row,
    Watermark,
    item_of,
    receipt_order,
)
from import_relay.domain.replays import replay_id_of
from import_relay.mapping.row_texts import MAX_ROW_B, row_text

EARLIER_KEPT = 16
"""Replaced claims that are remembered per record: what the queue requeues is recent."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@contextmanager
def collector_paused() -> Iterator[None]:
    """Plan without the garbage collector: a batch makes many objects, all of which stay alive.

    Collecting costs an eighth of the time of a batch and finds nothing (`make bench`).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Verdict(Enum):
    FRESH = auto()
    DUPLICATE = auto()
    REDELIVERED = auto()
    STALE = auto()


@dataclass(slots=True)
class MergeResult:
    """What `merge_changes` found: rows to import, changes to requeue later, and what ends here."""

    rows: list[Row] = field(default_factory=list)
    blocked: list[MappedChange] = field(default_factory=list)
    outcomes: list[ItemOutcome] = field(default_factory=list)


def merge_changes(
    changes: Sequence[MappedChange],
    watermarks: Mapping[str, Watermark],
    *,
    is_unfinished: Callable[[str], bool],
    was_never_created: Callable[[str], bool],
) -> MergeResult:
    """Compare changes with what was claimed before, and coalesce them to one row per record.

    Per field of a record (a whole record, or one column of a partial one) and for an incoming
    change with (version, event, item id):

    ======================================  ====================================================
    newer version                           fresh; *blocked* while an import of the record is open
    same version, another event             fresh if it was received later, else superseded
    same version and event                  duplicate, unless that row failed: then fresh
    … put back by a person                  fresh, if it was received as late: it may be mapped anew
    … forced                                fresh, whatever another replay or a sender has claimed
    … and an older one of the batch waits   it waits too: that one replaces the claim
    same event, versions are receipt times  the same: the sender repeats itself
    same item id, or that of an earlier claim redelivered by the queue: nothing more to say
    … and its import was never created      fresh: it takes the claim over
    … and a later attempt at a failed row   fresh
    older version                           superseded
    ======================================  ====================================================

    A whole record leaves out the columns for which a newer partial change is known; a partial
    change older than the whole record is superseded.

    Args:
        watermarks: what is remembered, by key.
        is_unfinished: whether the import of this reference may still change records.
        was_never_created: whether the import of this reference never happened and never will.
    """
    by_key: dict[str, list[MappedChange]] = defaultdict(list)
    for change in changes:
        by_key[change.key].append(change)
    merged = MergeResult()
    for key, of_key in by_key.items():
        known = watermarks.get(key)
        if not known and len(of_key) == 1:
            merged.rows.append(_only_row(of_key[0]))
            continue
        known = known or Watermark({})
        blocked = any(is_unfinished(claim.reference) for claim in known.claims.values())
        _Coalescing(key, known, was_never_created, merged, blocked=blocked).add_all(of_key)
    return merged


def _only_row(change: MappedChange) -> Row:
    """The usual case, without the detour: one change of a record that nothing is known of."""
    claim = Claim(change.version, change.event, change.occurrence.item_id)
    claims = _fields(change)
    return Row(change.key, change.text, change.options, (change,), dict.fromkeys(claims, claim), ())


def _fields(change: MappedChange) -> tuple[str, ...]:
    if not change.partial:
        return (WHOLE_RECORD,)
    columns = (*change.columns, *change.left_out)
    return tuple(column for column in columns if not _identifies(change, column)) or (WHOLE_RECORD,)


def _identifies(change: MappedChange, column: str) -> bool:
    """Whether a column only says which record it is: the key's own, and what helps to read it."""
    return column == "country_codes" or column == change.key.partition("#")[2].partition(":")[0]


class _Coalescing:
    """One record's changes of a batch, oldest first, becoming at most one row."""

    def __init__(
        self,
        key: str,
        known: Watermark,
        was_never_created: Callable[[str], bool],
        merged: MergeResult,
        *,
        blocked: bool,
    ) -> None:
        self._key = key
        self._known = known
        self._claims = dict(known.claims)
        self._ended = [item_of(item_id) for item_id in known.earlier] + [
            item_of(claim.item_id)
            for claim in known.claims.values()
            if not was_never_created(claim.reference)
        ]
        self._was_never_created = was_never_created
        self._result = merged
        self._blocked = blocked
        self._waits = False
        self._columns: dict[str, tuple[object, MappedChange]] = {}
        self._contributors: list[MappedChange] = []
        self._shadowed: list[ItemOutcome] = []

    def add_all(self, changes: list[MappedChange]) -> None:
        changes.sort(key=_order)
        for change in changes:
            self._add(change)
        if self._contributors:
            self._result.rows.append(self._row())

    def _add(self, change: MappedChange) -> None:
        if self._has_ended(change.occurrence.item_id):
            return
        verdicts = {field_name: self._verdict(change, field_name) for field_name in _fields(change)}
        fresh = [
            field_name for field_name, verdict in verdicts.items() if verdict is _Verdict.FRESH
        ]
        if fresh:
            waits = self._blocked or self._needs_another_import(change)
        else:  # the copy of a claim that an older change, which waits, is going to replace
            waits = self._waits and _Verdict.DUPLICATE in verdicts.values()
        if waits:
            self._waits = True
            self._result.blocked.append(change)
        elif not fresh:
            self._record(change, list(verdicts.values()))
        elif WHOLE_RECORD in fresh:
            self._add_whole(change)
        else:
            self._add_partial(change, fresh)

    def _has_ended(self, item_id: str) -> bool:
        """Whether this attempt or a later one is part of an import, and so ends with that.

        Also if the claim it had is another one's by now: one of this batch takes over what failed.
        """
        item, attempt = item_of(item_id)
        return any(item == claimed and attempt <= last for claimed, last in self._ended)

    def _verdict(self, change: MappedChange, field_name: str) -> _Verdict:
        claim = self._claims.get(field_name)
        full = self._claims.get(WHOLE_RECORD)
        if field_name != WHOLE_RECORD and full is not None and self._is_older(change, full):
            return _Verdict.STALE
        if claim is None:
            return _Verdict.FRESH
        never_created = bool(claim.reference) and self._was_never_created(claim.reference)
        item, attempt = item_of(change.occurrence.item_id)
        claimed_item, claimed_attempt = item_of(claim.item_id)
        if item == claimed_item:
            again = claim.failed and attempt > claimed_attempt
            return _Verdict.FRESH if never_created or again else _Verdict.REDELIVERED
        same_version = change.version == claim.version or change.by_receipt
        if same_version and claim.event == change.event:
            if never_created or claim.failed:
                return _Verdict.FRESH
            if not _is_put_back_after(change, claim):
                return _Verdict.DUPLICATE
        return _Verdict.STALE if self._is_older(change, claim) else _Verdict.FRESH

    @staticmethod
    def _is_older(change: MappedChange, claim: Claim) -> bool:
        """Of two equal versions the one that was received earlier is the older.

        To what a person forces over newer data only changes of the same replay are newer.
        """
        replay = change.occurrence.replay
        if replay and replay.force and replay_id_of(claim.item_id) != replay.id:
            return False
        return _order(change) < (claim.version, receipt_order(claim.item_id))

    def _record(self, change: MappedChange, verdicts: list[_Verdict]) -> None:
        if _Verdict.REDELIVERED in verdicts:
            return
        outcome = Outcome.DUPLICATE if _Verdict.DUPLICATE in verdicts else Outcome.SUPERSEDED
        item_outcome = ItemOutcome(change.occurrence, outcome)
        (self._shadowed if self._contributors else self._result.outcomes).append(item_outcome)

    def _needs_another_import(self, change: MappedChange) -> bool:
        """A partial change that cannot join the row comes later.

        The row's import has other options, or the row could become larger than an import may be.
        """
        if not self._contributors or not change.partial:
            return False
        size = len(change.text) + sum(len(one.text) for one in self._contributors)
        return change.options != self._contributors[0].options or size > MAX_ROW_B

    def _add_whole(self, change: MappedChange) -> None:
        self._shadow(self._contributors)
        newer = {
            field_name
            for field_name, claim in self._claims.items()
            if field_name != WHOLE_RECORD and self._is_older(change, claim)
        }
        self._claims = {field_name: self._claims[field_name] for field_name in newer} | {
            WHOLE_RECORD: _claim(change)
        }
        self._contributors = [change]
        self._columns = {
            column: (value, change)
            for column, value in change.columns.items()
            if column not in newer
        }

    def _add_partial(self, change: MappedChange, fresh: list[str]) -> None:
        for column in change.left_out:  # no value of its own, but an older one stays superseded
            if column in fresh:
                self._columns.pop(column, None)
        for column, value in change.columns.items():
            if column in fresh or _identifies(change, column):
                self._columns[column] = (value, change)
        self._claims |= dict.fromkeys(fresh, _claim(change))
        contributing = {id(owner) for _, owner in self._columns.values()}
        # A whole record that this row claims is part of it, even if others set all its columns.
        contributing |= {id(c) for c in self._contributors if self._claims_all(c)}
        self._shadow([c for c in self._contributors if id(c) not in contributing])
        self._contributors = [c for c in self._contributors if id(c) in contributing] + [change]

    def _claims_all(self, change: MappedChange) -> bool:
        claim = self._claims.get(WHOLE_RECORD)
        return (
            claim is not None and not claim.reference and claim.item_id == change.occurrence.item_id
        )

    def _shadow(self, changes: Iterable[MappedChange]) -> None:
        self._shadowed += [ItemOutcome(c.occurrence, Outcome.SUPERSEDED) for c in changes]

    def _row(self) -> Row:
        columns = {column: value for column, (value, _) in self._columns.items()}
        first = self._contributors[0]
        is_first = len(self._contributors) == 1 and columns.keys() == first.columns.keys()
        text = first.text if is_first else row_text(columns)
        return Row(
            self._key,
            text,
            first.options,
            tuple(self._contributors),
            self._claims,
            tuple(self._shadowed),
            self._earlier(),
        )

    def _earlier(self) -> tuple[str, ...]:
        """Item ids whose claims are replaced by now; those of imports that were never created have
        not ended.
        """
        replaced = dict.fromkeys(self._known.earlier)
        for claim in self._known.claims.values():
            if not self._was_never_created(claim.reference):
                replaced[claim.item_id] = None
        for claim in self._claims.values():
            replaced.pop(claim.item_id, None)
        return tuple(replaced)[-EARLIER_KEPT:]


def _is_put_back_after(change: MappedChange, claim: Claim) -> bool:
    """Whether a person put back what had been claimed: its mapping may have changed since."""
    replay = change.occurrence.replay
    return replay is not None and replay_id_of(claim.item_id) != replay.id


def _order(change: MappedChange) -> tuple[int, tuple[str, int]]:
    return change.version, receipt_order(change.occurrence.item_id)


def _claim(change: MappedChange) -> Claim:
    return Claim(change.version, change.event, change.occurrence.item_id)


def request_body(rows: Sequence[Row], *, reference: str | None = None) -> bytes:
    """The exact body of `POST /import` for rows of one group; `reference` if Mateo takes it."""
    head: dict[str, object] = rows[0].options.body_head()
    if reference is not None:
        head["reference_id"] = reference
    opening = _encode(head)[:-1].encode()
    return b"".join((opening, b',"payload":[', b",".join(row.text for row in rows), b"]}"))
