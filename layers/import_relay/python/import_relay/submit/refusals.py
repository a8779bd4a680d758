"""What Mateo's refusals of a batch's imports mean, and which records wait. No I/O, no clock.

A refusal says nothing of a row by itself: during a change of Mateo's schema every import is
refused. It is *proven* only by a row of the same connection, type and options that is accepted
between two refusals of this one, the second of them alone:

    refused, with others       parted by connection, then bisected, the left half first: contacts
                               end before the first deal is sent. What no call is left for waits
    refused alone, unproven    tried again once another row of its group is accepted
    … and refused again        rejected
    … never proven             requeued, marked with the time of its first refusal. Marked rows
                               are tried last and alone, and only if another one is accepted. After
                               a day they are tried once more, and then they are dead letters
    nothing accepted           the connection's records of this type wait, with growing pauses; then
                               one row without a mark is tried, and the rest if it is accepted

`submission` has one `Refusals` per batch; `posting` tells it what Mateo answered.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from import_relay.domain.batches import halves
from import_relay.domain.models import CONTACT_TYPE, Occurrence, Row
from import_relay.mateo.client import Posted
from import_relay.mateo.post_results import PostResult
from import_relay.storage.refusals import RefusalPause, RefusedKind
from import_relay.submit.attempts import Attempt, Group, by_connection, group_of
from import_relay.submit.blocked_contacts import contact_key
from import_relay.submit.refusal_texts import shown_code, shown_message
from import_relay.submit.verdicts import Rejection, UnresolvedRows, Verdict

MAX_UNPROVEN = 16
"""After so many refusals of a group without any acceptance, a batch stops trying it. Fewer suffice
to isolate the bad rows of an import of 5,000 in which only the first few are bad."""
UNPROVEN_S = 86_400.0
"""How long a row that was refused alone waits for a proof: by then a person has seen the alarm."""
FIRST_PAUSE_S, MAX_REFUSAL_PAUSE_S = 60.0, 3_600.0


@dataclass(slots=True)
class _Standing:
    """A group in this batch. `accepted_at`: the number of the last post that was accepted."""

    accepted_at: int = 0
    refused: int = 0
    is_lone: bool = True
    is_stopped: bool = False
    answer: Posted | None = None

    @property
    def is_refused(self) -> bool:
        return self.refused > 0 and not self.accepted_at


@dataclass(slots=True)
class Refusals:
    """The refusals of one batch.

    `waits`: what earlier batches found; it is kept up to date. `refused_since`: item id → when it
    was refused first (s since the epoch), of marked occurrences. `unproven_s`: so long those wait.
    """

    waits: dict[RefusedKind, RefusalPause]
    refused_since: dict[str, float]
    unproven_s: float = UNPROVEN_S
    _posts: int = 0
    _groups: dict[Group, _Standing] = field(default_factory=lambda: defaultdict(_Standing))
    _alone: dict[str, Attempt] = field(default_factory=dict)
    """Key → a row that was refused alone and may be tried again."""
    _marked: dict[Group, list[Row]] = field(default_factory=lambda: defaultdict(list))
    _behind: dict[RefusedKind, list[Attempt]] = field(default_factory=lambda: defaultdict(list))
    """What is sent if the row that is tried for it is accepted."""
    _open_contacts: set[str] = field(default_factory=set)
    """Keys of contacts that are marked or were refused alone."""
    _met: set[RefusedKind] = field(default_factory=set)
    _has_changed: bool = False

    # ------------------------------------------------------------ before anything is sent

    def arrange(self, imports: Iterable[Sequence[Row]], now: float) -> Verdict:
        """Separate the rows that wait or are tried alone, and choose one row per group to try.

        `now`, here and below: in s since the epoch.
        """
        if not self.waits and not self.refused_since:
            return Verdict([Attempt(rows) for rows in imports])
        attempts: list[Attempt] = []
        waiting: list[Row] = []
        for rows in imports:
            free = [row for row in rows if self._is_free(row, waiting, now)]
            attempts += [Attempt(free)] if free else []
        attempts += [self._trying_for(kind) for kind in list(self._behind)]
        attempts.sort(key=lambda one: (one.rows[0].options.type != CONTACT_TYPE, len(one.rows)))
        return Verdict(attempts, self._last_tries(now), waiting)

    def _is_free(self, row: Row, waiting: list[Row], now: float) -> bool:
        """Whether a row may be sent with others; if not, it is put where it belongs."""
        group = group_of(row)
        if all(change.occurrence.item_id in self.refused_since for change in row.changes):
            self._marked[group].append(row)
            self._leave_open(row)
        elif self._waits(group.kind, now):
            waiting.append(row)
        elif group.kind in self.waits:
            self._put_behind(group, row)
        else:
            return True
        return False

    def _last_tries(self, now: float) -> list[Attempt]:
        """Marked rows whose day is over: each is tried once more, since Mateo may take it by now.

        A row with a further change that is not marked is no marked row: it is sent with others.
        """
        found = []
        for group, rows in self._marked.items():
            over = [row for row in rows if self._are_over(row, now)]
            found += [Attempt([row], refused_at=0) for row in over]
            self._marked[group] = [row for row in rows if row not in over]
        return found

    def _leave_open(self, row: Row) -> None:
        if row.options.type == CONTACT_TYPE:
            self._open_contacts.add(row.key)

    def _waits(self, kind: RefusedKind, now: float) -> bool:
        wait = self.waits.get(kind)
        if wait is None or wait.until <= now:
            return False
        self._met.add(kind)
        return True

    def _put_behind(self, group: Group, row: Row) -> None:
        behind = self._behind[group.kind]
        if behind and behind[-1].rows[0].options == row.options:
            behind[-1] = replace(behind[-1], rows=[*behind[-1].rows, row])
        else:
            behind.append(Attempt([row]))

    def _trying_for(self, kind: RefusedKind) -> Attempt:
        """One of the rows that wait, another one each time; the rest follows if it is accepted."""
        first, *others = self._behind[kind]
        number = 7 * self.waits[kind].consecutive % len(first.rows)
        rest = [*first.rows[:number], *first.rows[number + 1 :]]
        self._behind[kind] = [replace(first, rows=rest), *others] if rest else others
        return Attempt([first.rows[number]])

    # ------------------------------------------------------------ before an import

    def admit(self, attempt: Attempt, blocked_contacts: Collection[str], now: float) -> Verdict:
        """Take out rows that must not be sent now: of stopped groups, and before their contacts.

        `blocked_contacts`: keys of contacts of this batch that are requeued later.
        """
        contacts = self._open_contacts.union(blocked_contacts)
        waiting = {row.key: row for row in attempt.rows if self._must_wait(row, contacts, now)}
        if not waiting:
            return Verdict([attempt])
        rows = [row for row in attempt.rows if row.key not in waiting]
        admitted = [replace(attempt, rows=rows)] if rows else []
        return Verdict(admitted, waiting=list(waiting.values()))

    def _must_wait(self, row: Row, contacts: Collection[str], now: float) -> bool:
        group = group_of(row)
        if group in self._groups and self._groups[group].is_stopped:
            return True
        if group.options.type == CONTACT_TYPE:
            return False
        of_contacts = RefusedKind(group.connection, CONTACT_TYPE)
        if self._waits(of_contacts, now) or self._is_stopped(of_contacts):
            return True
        return bool(contacts) and contact_key(row) in contacts

    def _is_stopped(self, kind: RefusedKind) -> bool:
        return any(one.is_stopped and group.kind == kind for group, one in self._groups.items())

    # ------------------------------------------------------------ what Mateo answered

    def accepted(self, attempt: Attempt) -> Verdict:
        """Its groups work: rows that were refused alone are tried again, waiting rows are sent."""
        self._posts += 1
        verdict = Verdict()
        self._open_contacts.difference_update(row.key for row in attempt.rows)
        for group in sorted({group_of(row) for row in attempt.rows}, key=str):
            self._groups[group].accepted_at = self._posts
            verdict.attempts = [
                *verdict.attempts,
                *self._refused_alone_of(group),
                *self._behind.pop(group.kind, []),
            ]
            marked = [Attempt([row], refused_at=0) for row in self._marked.pop(group, [])]
            verdict.last = [*verdict.last, *marked]
            self._has_changed |= self.waits.pop(group.kind, None) is not None
        return verdict

    def _refused_alone_of(self, group: Group) -> list[Attempt]:
        of_group = [key for key, one in self._alone.items() if group_of(one.rows[0]) == group]
        return [self._alone.pop(key) for key in of_group]

    def refused(self, attempt: Attempt, posted: Posted, now: float) -> Verdict:
        """Find out whose fault a refusal is."""
        self._posts += 1
        attempt = attempt.refused(self._posts, posted)
        parts = by_connection(attempt)
        if parts:
            return Verdict(parts)
        group = group_of(attempt.rows[0])
        standing = self._groups[group]
        if attempt.refused_at:  # what was refused before says nothing new of the others
            self._count(attempt, posted, standing)
        if len(attempt.rows) == 1:
            verdict = self._refused_alone(attempt, posted, standing, now)
        else:
            verdict = _bisected(attempt, standing)
        if standing.is_refused:
            behind = [row for one in self._behind.pop(group.kind, []) for row in one.rows]
            verdict.waiting = [*verdict.waiting, *behind]
        return verdict

    @staticmethod
    def _count(attempt: Attempt, posted: Posted, standing: _Standing) -> None:
        standing.refused += 1
        shown = shown_message(posted.code, posted.message, (row.text for row in attempt.rows))
        standing.answer = replace(posted, message=shown)
        standing.is_lone &= len(attempt.rows) == 1 and standing.refused == 1
        of_all = posted.outcome is PostResult.REFUSED_WHOLE and len(attempt.rows) > 1
        if standing.is_refused and (of_all or standing.refused >= MAX_UNPROVEN):
            standing.is_stopped = True

    def _refused_alone(
        self, attempt: Attempt, posted: Posted, standing: _Standing, now: float
    ) -> Verdict:
        (row,) = attempt.rows
        if (attempt.refused_at or 0) < standing.accepted_at:
            self._open_contacts.discard(row.key)
            return Verdict(rejections=[Rejection(row, posted)])
        for item_id in row.item_ids:
            self.refused_since.setdefault(item_id, now)
        self._alone[row.key] = attempt
        self._leave_open(row)
        return Verdict()

    # ------------------------------------------------------------ at the end

    def finish(self, now: float) -> UnresolvedRows:
        """Let those wait of whom nothing was accepted, and give up what was never proven."""
        for group, standing in self._groups.items():
            if standing.is_refused:
                self.waits[group.kind] = self._wait(group.kind, standing, now)
                self._met.add(group.kind)
                self._has_changed = True
        unproven = [row for one in self._alone.values() for row in one.rows]
        unproven += [row for rows in self._marked.values() for row in rows]
        self._met |= {group.kind for group in self._marked}
        behind = [row for rest in self._behind.values() for one in rest for row in one.rows]
        unresolved = UnresolvedRows(
            waiting=[*unproven, *behind],
            unproven=[
                one
                for attempt in self._alone.values()
                for one in _occurrences(attempt.rows[0])
                if self._is_over(one, now)
            ],
            waits={kind: self.waits[kind] for kind in sorted(self._met & self.waits.keys())},
            has_changed=self._has_changed,
        )
        self._has_changed = False
        for kept in (self._groups, self._alone, self._marked, self._behind, self._met):
            kept.clear()
        return unresolved

    def _are_over(self, row: Row, now: float) -> bool:
        return all(self._is_over(change.occurrence, now) for change in row.changes)

    def _is_over(self, one: Occurrence, now: float) -> bool:
        return now - self.refused_since.get(one.item_id, now) >= self.unproven_s

    def _wait(self, kind: RefusedKind, standing: _Standing, now: float) -> RefusalPause:
        """Let the connection wait, but not for a single row: the next one is tried at once."""
        before = self.waits.get(kind)
        consecutive = before.consecutive + 1 if before else 1
        pause = min(FIRST_PAUSE_S * 2.0 ** min(consecutive - 1, 10), MAX_REFUSAL_PAUSE_S)
        is_lone = before is None and standing.is_lone
        answer = standing.answer or Posted(PostResult.REFUSED)
        return RefusalPause(
            since=before.since if before else now,
            until=now if is_lone else now + pause,
            consecutive=consecutive,
            status=answer.status,
            code=shown_code(answer.code),
            message=answer.message,
        )


def _occurrences(row: Row) -> Sequence[Occurrence]:
    return [change.occurrence for change in row.changes] + [
        item_outcome.occurrence for item_outcome in row.shadowed
    ]


def _bisected(attempt: Attempt, standing: _Standing) -> Verdict:
    rows = attempt.rows
    if standing.is_stopped or not attempt.calls.spend(1):
        return Verdict(waiting=rows)
    return Verdict([replace(attempt, rows=half) for half in halves(rows)])
