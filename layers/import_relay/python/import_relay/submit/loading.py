"""Loads items that were stored apart, within what one batch may hold. Called by `interpreting`.

A pointer of 200 bytes may stand for six megabytes of JSON, and these for forty times as much
memory. They are loaded one after the other; what does not fit any more waits for a later batch.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from import_relay.domain.models import ItemOutcome, Occurrence, Outcome, Pointer
from import_relay.domain.reasons import reason_of

MAX_LOADED_ITEM_B = 8_000_000
"""Own limit; the receiver takes six megabytes, and some connectors write an item anew."""
MAX_ITEM_VALUES = 200_000
"""Own limit on commas and brackets, inside of texts as well: at most 50 MB of objects."""
MAX_BATCH_B = 32_000_000
MAX_BATCH_VALUES = 400_000

ERASED_ITEM = b"null"
"""What `relay erase` leaves of an item; no sender's own is so small."""


class Fetch(Protocol):
    """Reads an object by its key, and not much more than `most` bytes of it."""

    def __call__(self, key: str, *, most: int) -> bytes:
        """The object."""


@dataclass(slots=True)
class Loading:
    """Loads the items of one batch.

    `waiting`: item ids of those that did not fit. `failed`: item id → what kept an item from being
    loaded. `outcomes`: those that are larger than any item may be.
    """

    fetch: Fetch
    is_in_time: Callable[[], bool]
    waiting: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    outcomes: list[ItemOutcome] = field(default_factory=list)
    _bytes_left: int = MAX_BATCH_B
    _values_left: int = MAX_BATCH_VALUES

    def load(self, occurrences: Iterable[Occurrence]) -> list[Occurrence]:
        """The occurrences with their items; those that cannot be had now are left out."""
        found = []
        for one in occurrences:
            if not isinstance(one.item, Pointer):
                found.append(one)
                continue
            loaded = self._loaded(one, one.item.key)
            if loaded is not None:
                found.append(loaded)
        return found

    def take_outcomes(self) -> list[ItemOutcome]:
        """Those that ended since this was asked for last."""
        outcomes, self.outcomes = self.outcomes, []
        return outcomes

    def _loaded(self, one: Occurrence, key: str) -> Occurrence | None:
        if self.waiting or not self.is_in_time():
            self.waiting.add(one.item_id)
            return None
        try:
            text = self.fetch(key, most=MAX_LOADED_ITEM_B)
            values = count_values(text)
            if len(text) > MAX_LOADED_ITEM_B or values > MAX_ITEM_VALUES:
                detail = f"at least {len(text)} bytes with {values} values"
                code = "row.too_many_values"
                self.outcomes.append(ItemOutcome(one, Outcome.REJECTED, code, detail=detail))
                return None
            if len(text) > self._bytes_left or values > self._values_left:
                self.waiting.add(one.item_id)
                return None
            if text == ERASED_ITEM:
                self.outcomes.append(_erased(one))
                return None
            item = json.loads(text)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - AWS, the network or its text; others must go on
            self.failed[one.item_id] = reason_of(error)
            return None
        self._bytes_left -= len(text)
        self._values_left -= values
        return one._replace(item=item)


def _erased(one: Occurrence) -> ItemOutcome:
    return ItemOutcome(one._replace(item=None, event=""), Outcome.ERASED, "row.erased")


def count_values(text: bytes) -> int:
    """About how many values a JSON text holds; never less than there are."""
    return text.count(b",") + text.count(b"[") + text.count(b"{") + 1
