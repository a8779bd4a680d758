"""Finds a smaller scenario that breaks the same promise: called for a seed that fails.

Parts of a scenario are taken away as long as the failure stays: delta debugging ("ddmin", Zeller
and Hildebrandt 2002) by complements only, until no single part can go. Files and replays stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from tests.simulation.scenario import Account, FaultProfile, Scenario

T = TypeVar("T")
SLIDES = 64
"""How many calls at most a webhook may have made before the first fault to be taken away."""


class _OutOfTimeError(Exception):
    """There is no time for another try."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest scenario found. `is_done`: nothing more can go; else time ran out."""

    scenario: Scenario
    tries: int
    is_done: bool


@dataclass(slots=True)
class _Search:
    best: Scenario
    breaks: Callable[[Scenario], bool]
    is_over: Callable[[], bool]
    tries: int = 0
    failed: set[str] = field(default_factory=set)

    def takes(self, candidate: Scenario) -> bool:
        """Whether a candidate breaks the promise too; then it is the best one so far."""
        if candidate == self.best:
            return False
        known = repr(candidate)
        if known in self.failed:
            return False
        if self.is_over():
            raise _OutOfTimeError
        self.tries += 1
        if not self.breaks(candidate):
            self.failed.add(known)
            return False
        self.best = candidate
        return True


def shrink(
    scenario: Scenario, breaks: Callable[[Scenario], bool], is_over: Callable[[], bool]
) -> Shrunk:
    """Take away what the failure does not need, in the same way each time.

    Args:
        scenario: one that breaks a promise.
        breaks: whether another one breaks it as well.
        is_over: asked before each try; if time is over, the best scenario so far is returned.
    """
    search = _Search(scenario, breaks, is_over)
    before = None
    try:
        while before != search.best:
            before = search.best
            _calm(search)
            _fewer_faults(search)
            _fewer_webhooks(search)
            _fewer_records(search)
            if before == search.best:
                _slide(search)
    except _OutOfTimeError:
        return Shrunk(search.best, search.tries, is_done=False)
    return Shrunk(search.best, search.tries, is_done=True)


def _calm(search: _Search) -> None:
    """Take away the fault profile and what is special about the account: whole, else by field."""
    for part, plain in (("fault_profile", FaultProfile()), ("account", Account())):
        if search.takes(_with(search.best, part, plain)):
            continue
        for each in fields(plain):
            value = getattr(plain, each.name)
            changed: Any = replace(getattr(search.best, part), **{each.name: value})
            search.takes(_with(search.best, part, changed))


def _with(scenario: Scenario, part: str, value: object) -> Scenario:
    parts: dict[str, Any] = {part: value}
    return replace(scenario, **parts)


def _fewer_faults(search: _Search) -> None:
    fewest(
        sorted(search.best.faults.items()),
        lambda some: search.takes(replace(search.best, faults=dict(some))),
    )


def _fewer_webhooks(search: _Search) -> None:
    fewest(
        search.best.webhooks,
        lambda some: search.takes(replace(search.best, webhooks=tuple(some))),
    )


def _fewer_records(search: _Search) -> None:
    """A webhook keeps at least one record: it goes only as a whole."""
    for number, webhook in enumerate(search.best.webhooks):

        def still(some: Sequence[Any], number: int = number) -> bool:
            webhooks = list(search.best.webhooks)
            webhooks[number] = replace(webhooks[number], records=tuple(some))
            return bool(some) and search.takes(replace(search.best, webhooks=tuple(webhooks)))

        fewest(webhook.records, still)


def _slide(search: _Search) -> None:
    """Take away a webhook and move the faults: the calls they hit have other numbers without it."""
    for number in reversed(range(len(search.best.webhooks))):
        webhooks = list(search.best.webhooks)
        del webhooks[number]
        faults = search.best.faults
        for by in range(1, min(min(faults, default=1), SLIDES + 1)):
            moved = {call - by: fault for call, fault in faults.items()}
            if search.takes(replace(search.best, webhooks=tuple(webhooks), faults=moved)):
                break


def fewest(items: Sequence[T], still: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """Take away as many items as can go while `still` holds: halves first, single ones last."""
    if not items or still(()):
        return ()
    size = max(len(items) // 2, 1)
    while True:
        left = _without(items, size, still)
        if size == 1 and len(left) == len(items):
            return left
        items, size = left, max(size // 2, 1)


def _without(items: Sequence[T], size: int, still: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    start = 0
    while start < len(items):
        fewer = [*items[:start], *items[start + size :]]
        if fewer and still(fewer):
            items = fewer
        else:
            start += size
    return items
