"""The pure heart of submission: changes in, rows and bodies of imports out. No I/O and no clock.

Once `changes` has mapped a batch, `decide` compares changes with the watermarks and coalesces them
to one row per record. `shared_handles` and `sizing` make imports of the rows.
"""

import gc
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

from import_relay.domain.models import (
    FULL,
    MappedChange,
    Mark,
    Outcome,
    Row,
    Settled,
    Watermark,
    item_of,
    receipt_order,
)
from import_relay.domain.replays import replay_id_of
from import_relay.mapping.row_texts import LARGEST_ROW_B, row_text

EARLIER_KEPT = 16
"""Replaced claims that are remembered per record: what the queue brings again is recent."""

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
class Decided:
    """What `decide` found: rows to import, changes to bring again later, and what ends here."""

    rows: list[Row] = field(default_factory=list)
    busy: list[MappedChange] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)


def decide(
    changes: Sequence[MappedChange],
    watermarks: Mapping[str, Watermark],
    *,
    is_unfinished: Callable[[str], bool],
    is_void: Callable[[str], bool],
) -> Decided:
    """Compare changes with what was claimed before, and coalesce them to one row per record.

    Per scope of a record (a full record, or one column of a partial one) and for an incoming
    change with (version, event, origin):

    ======================================  ====================================================
    newer version                           fresh; *busy* while an import of the record is open
    same version, another event             fresh if it was received later, else superseded
    same version and event                  duplicate, unless that row failed: then fresh
    … put back by a person                  fresh, if it was received as late: it may be mapped anew
    … forced                                fresh, whatever another replay or a sender has claimed
    … and an older one of the batch waits   it waits too: that one replaces the claim
    same event, versions are receipt times  the same: the sender repeats itself
    same origin, or that of an earlier mark redelivered by the queue: nothing more to say
    … and its import is void                fresh: it takes the claim over
    … and a later attempt at a failed row   fresh
    older version                           superseded
    ======================================  ====================================================

    A full record leaves out the columns for which a newer partial change is known; a partial change
    older than the full record is superseded.

    Args:
        watermarks: what is remembered, by key.
        is_unfinished: whether the import of this reference may still change records.
        is_void: whether the import of this reference never happened and never will.
    """
    by_key: dict[str, list[MappedChange]] = defaultdict(list)
    for change in changes:
        by_key[change.key].append(change)
    decided = Decided()
    for key, of_key in by_key.items():
        known = watermarks.get(key)
        if not known and len(of_key) == 1:
            decided.rows.append(_only_row(of_key[0]))
            continue
        known = known or Watermark({})
        busy = any(is_unfinished(mark.reference) for mark in known.scopes.values())
        _Coalescing(key, known, is_void, decided, busy=busy).add_all(of_key)
    return decided


def _only_row(change: MappedChange) -> Row:
    """The usual case, without the detour: one change of a record that nothing is known of."""
    mark = Mark(change.version, change.event, change.occurrence.origin)
    scopes = _scopes(change)
    return Row(change.key, change.text, change.options, (change,), dict.fromkeys(scopes, mark), ())


def _scopes(change: MappedChange) -> tuple[str, ...]:
    if not change.partial:
        return (FULL,)
    columns = (*change.columns, *change.left_out)
    return tuple(column for column in columns if not _identifies(change, column)) or (FULL,)


def _identifies(change: MappedChange, column: str) -> bool:
    """Whether a column only says which record it is: the key's own, and what helps to read it."""
    return column == "country_codes" or column == change.key.partition("#")[2].partition(":")[0]


class _Coalescing:
    """One record's changes of a batch, oldest first, becoming at most one row."""

    def __init__(
        self,
        key: str,
        known: Watermark,
        is_void: Callable[[str], bool],
        decided: Decided,
        *,
        busy: bool,
    ) -> None:
        self._key = key
        self._known = known
        self._marks = dict(known.scopes)
        self._ended = [item_of(origin) for origin in known.earlier] + [
            item_of(mark.origin) for mark in known.scopes.values() if not is_void(mark.reference)
        ]
        self._is_void = is_void
        self._decided = decided
        self._busy = busy
        self._waits = False
        self._columns: dict[str, tuple[object, MappedChange]] = {}
        self._contributors: list[MappedChange] = []
        self._shadowed: list[Settled] = []

    def add_all(self, changes: list[MappedChange]) -> None:
        changes.sort(key=_order)
        for change in changes:
            self._add(change)
        if self._contributors:
            self._decided.rows.append(self._row())

    def _add(self, change: MappedChange) -> None:
        if self._has_ended(change.occurrence.origin):
            return
        verdicts = {scope: self._verdict(change, scope) for scope in _scopes(change)}
        fresh = [scope for scope, verdict in verdicts.items() if verdict is _Verdict.FRESH]
        if fresh:
            waits = self._busy or self._needs_another_import(change)
        else:  # the copy of a claim that an older change, which waits, is going to replace
            waits = self._waits and _Verdict.DUPLICATE in verdicts.values()
        if waits:
            self._waits = True
            self._decided.busy.append(change)
        elif not fresh:
            self._settle(change, list(verdicts.values()))
        elif FULL in fresh:
            self._add_full(change)
        else:
            self._add_partial(change, fresh)

    def _has_ended(self, origin: str) -> bool:
        """Whether this attempt or a later one is part of an import, and so ends with that.

        Also if the claim it had is another one's by now: one of this batch takes over what failed.
        """
        item, attempt = item_of(origin)
        return any(item == claimed and attempt <= last for claimed, last in self._ended)

    def _verdict(self, change: MappedChange, scope: str) -> _Verdict:
        mark = self._marks.get(scope)
        full = self._marks.get(FULL)
        if scope != FULL and full is not None and self._is_older(change, full):
            return _Verdict.STALE
        if mark is None:
            return _Verdict.FRESH
        void = bool(mark.reference) and self._is_void(mark.reference)
        item, attempt = item_of(change.occurrence.origin)
        claimed_item, claimed_attempt = item_of(mark.origin)
        if item == claimed_item:
            again = mark.failed and attempt > claimed_attempt
            return _Verdict.FRESH if void or again else _Verdict.REDELIVERED
        same_version = change.version == mark.version or change.by_receipt
        if same_version and mark.event == change.event:
            if void or mark.failed:
                return _Verdict.FRESH
            if not _is_put_back_after(change, mark):
                return _Verdict.DUPLICATE
        return _Verdict.STALE if self._is_older(change, mark) else _Verdict.FRESH

    @staticmethod
    def _is_older(change: MappedChange, mark: Mark) -> bool:
        """Of two equal versions the one that was received earlier is the older.

        To what a person forces over newer data only changes of the same replay are newer.
        """
        replay = change.occurrence.replay
        if replay and replay.force and replay_id_of(mark.origin) != replay.id:
            return False
        return _order(change) < (mark.version, receipt_order(mark.origin))

    def _settle(self, change: MappedChange, verdicts: list[_Verdict]) -> None:
        if _Verdict.REDELIVERED in verdicts:
            return
        outcome = Outcome.DUPLICATE if _Verdict.DUPLICATE in verdicts else Outcome.SUPERSEDED
        settled = Settled(change.occurrence, outcome)
        (self._shadowed if self._contributors else self._decided.settled).append(settled)

    def _needs_another_import(self, change: MappedChange) -> bool:
        """A partial change that cannot join the row comes later.

        The row's import has other options, or the row could become larger than an import may be.
        """
        if not self._contributors or not change.partial:
            return False
        size = len(change.text) + sum(len(one.text) for one in self._contributors)
        return change.options != self._contributors[0].options or size > LARGEST_ROW_B

    def _add_full(self, change: MappedChange) -> None:
        self._shadow(self._contributors)
        newer = {
            scope
            for scope, mark in self._marks.items()
            if scope != FULL and self._is_older(change, mark)
        }
        self._marks = {scope: self._marks[scope] for scope in newer} | {FULL: _mark(change)}
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
        self._marks |= dict.fromkeys(fresh, _mark(change))
        contributing = {id(owner) for _, owner in self._columns.values()}
        # A full record that this row claims is part of it, even if others set all its columns.
        contributing |= {id(c) for c in self._contributors if self._claims_all(c)}
        self._shadow([c for c in self._contributors if id(c) not in contributing])
        self._contributors = [c for c in self._contributors if id(c) in contributing] + [change]

    def _claims_all(self, change: MappedChange) -> bool:
        mark = self._marks.get(FULL)
        return mark is not None and not mark.reference and mark.origin == change.occurrence.origin

    def _shadow(self, changes: Iterable[MappedChange]) -> None:
        self._shadowed += [Settled(c.occurrence, Outcome.SUPERSEDED) for c in changes]

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
            self._marks,
            tuple(self._shadowed),
            self._earlier(),
        )

    def _earlier(self) -> tuple[str, ...]:
        """Origins whose marks are replaced by now; those of void imports have not ended."""
        replaced = dict.fromkeys(self._known.earlier)
        for mark in self._known.scopes.values():
            if not self._is_void(mark.reference):
                replaced[mark.origin] = None
        for mark in self._marks.values():
            replaced.pop(mark.origin, None)
        return tuple(replaced)[-EARLIER_KEPT:]


def _is_put_back_after(change: MappedChange, mark: Mark) -> bool:
    """Whether a person put back what had been claimed: its mapping may have changed since."""
    replay = change.occurrence.replay
    return replay is not None and replay_id_of(mark.origin) != replay.id


def _order(change: MappedChange) -> tuple[int, tuple[str, int]]:
    return change.version, receipt_order(change.occurrence.origin)


def _mark(change: MappedChange) -> Mark:
    return Mark(change.version, change.event, change.occurrence.origin)


def request_body(rows: Sequence[Row], *, reference: str | None = None) -> bytes:
    """The exact body of `POST /import` for rows of one group; `reference` if Mateo takes it."""
    head: dict[str, object] = rows[0].options.body_head()
    if reference is not None:
        head["reference_id"] = reference
    opening = _encode(head)[:-1].encode()
    return b"".join((opening, b',"payload":[', b",".join(row.text for row in rows), b"]}"))
