"""Follows what a replay put back until each record has an outcome, by what is written of it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from import_relay.domain.models import item_of
from import_relay.storage.bucket_reads import read_all
from relay_ops.stack import Stack

REPLAY_POLL_S, LOCAL_REPLAY_POLL_S = 10.0, 0.5
OUTCOME_PREFIXES = ("outcomes/", "rejected/", "reports/")
ROWS = "rows.ndjson.gz"


@dataclass(slots=True)
class ReplayFollowing:
    """Reads lines of outcomes and reports, each object once. `ended`: item → its outcome."""

    stack: Stack
    replay_id: str
    ended: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    @property
    def outcomes(self) -> Counter[str]:
        """How many records ended how."""
        return Counter(self.ended.values())

    def look(self) -> None:
        """Take what was written since the last look."""
        new = [key for key in self._keys() if key not in self._seen]
        self._seen.update(new)
        for found in read_all(self._of_object, new, lambda: None):
            self.ended.update(found)

    def follow(self, total: int) -> Iterator[int]:
        """How many of so many records have ended, look after look, until all have."""
        while True:
            self.look()
            yield len(self.ended)
            if len(self.ended) >= total:
                return
            time.sleep(LOCAL_REPLAY_POLL_S if self.stack.is_local else REPLAY_POLL_S)

    def _keys(self) -> Iterator[str]:
        begun = datetime.strptime(self.replay_id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        day, last = begun.astimezone(self.stack.time_zone).date(), self.stack.now().date()
        while day <= last:
            for prefix in OUTCOME_PREFIXES:
                for one in self.stack.objects.keys(f"{prefix}date={day}/"):
                    if prefix != "reports/" or one.key.endswith(ROWS):
                        yield one.key
            day += timedelta(days=1)

    def _of_object(self, key: str) -> dict[str, str]:
        """Outcomes of the replay's records in one object; a retried record has none yet."""
        content, mark = self.stack.objects.content(key) or b"", f".{self.replay_id}/"
        found: dict[str, str] = {}
        for text in content.splitlines() if mark.encode() in content else ():
            line = json.loads(text)
            if line["outcome"] != "retried":
                items = line.get("item_ids") or [line["item_id"]]
                found |= {item_of(one)[0]: line["outcome"] for one in items if mark in one}
        return found
