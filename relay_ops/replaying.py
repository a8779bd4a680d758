"""Replays of a stack: its parts by the outputs, times as a person writes them."""

from __future__ import annotations

import math
import re
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from import_relay.bulk.reading import PAGE_ROWS
from import_relay.bulk.replay_feeding import first_items
from import_relay.bulk.replay_wiring import Names, build_replaying
from import_relay.bulk.replaying import ReplayCounts
from import_relay.domain.errors import RelayError, ReplayTaken
from import_relay.domain.replays import Replay
from import_relay.storage.files import Files
from import_relay.storage.replays import ReplayProgress, Selection
from relay_ops.exits import CommandError, UsageMistake
from relay_ops.files.plan import days_of
from relay_ops.mateo import limits_of, quota_of
from relay_ops.output import number_of
from relay_ops.stack import ITEMS_KEPT_DAYS, Stack

REPLAY_POLL_S, LOCAL_REPLAY_POLL_S = 10.0, 0.5
"""Between two looks at a replay that is followed."""
_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")


class StackReplay:
    """The use case for a stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        names = Names(
            stack.ledger_table,
            stack.bucket,
            stack.outputs["BulkQueueUrl"],
            stack.outputs["DeadLetterQueueUrl"],
            limits_of(stack).day,
        )
        self._replaying = build_replaying(stack.client, names, emit=_unsaid, clock=stack.clock)

    def cost(self, records: int) -> str:
        """What so many records cost at most, for a person."""
        limits = limits_of(self._stack)
        left = max(0, limits.entities_per_day - quota_of(self._stack).usage().entities)
        days = days_of(records, self._a_day())
        imports = math.ceil(records / int(self._stack.settings["ROWS_PER_IMPORT"]))
        return (
            f"They cost at most {number_of(records, 'entity')}, "
            f"{days:,} {'day' if days == 1 else 'days'} at {self._a_day():,} per day "
            f"({left:,} of all are left today), and at least {number_of(imports, 'request')}. "
            "Webhooks go first."
        )

    def warning(self, counts: ReplayCounts, selection: Selection) -> str:
        """What a replay of so many records may miss, for a person; empty if nothing.

        Files and other replays that wait already go first, or in turns with it.
        """
        kept_days = ITEMS_KEPT_DAYS - (self._stack.clock() - selection.received_from) / 86_400
        waiting = self._waiting()
        if self._days(counts, waiting) <= kept_days:
            return ""
        longer = (
            f"With the {waiting:,} records of files and replays that wait already, this replay"
            if waiting
            else "This replay"
        )
        return (
            f"Records are deleted after {ITEMS_KEPT_DAYS} days. {longer} takes longer than its "
            "oldest records are kept, so some may be deleted before their turn. The oldest go "
            "first: put back fewer, with a smaller --connection, --only or --to."
        )

    def _days(self, counts: ReplayCounts, waiting: int) -> int:
        """Days until the last record is put back; a connection may have a limit of its own."""
        used = quota_of(self._stack).usage().connections
        of_connections = (
            days_of(many, used[name].limit)
            for name, many in counts.by_connection.items()
            if name in used and used[name].limit
        )
        return max(days_of(counts.total + waiting, self._a_day()), *of_connections, 0)

    def _waiting(self) -> int:
        """Records of files and of other replays, in the bucket or under way."""
        parts, now = self._replaying.parts, self._stack.clock()
        dynamodb, table = self._stack.client("dynamodb"), self._stack.ledger_table
        files = Files(dynamodb, table, parts.outcome_counts, clock=self._stack.clock).open()
        of_files = sum(one.in_bucket + one.under_way(now) for one in files)
        return of_files + sum(one.in_bucket + one.under_way(now) for one in parts.replays.open())

    def _a_day(self) -> int:
        """Entities that the bulk lane has on a day."""
        limits = limits_of(self._stack)
        return max(1, int(limits.entities_per_day * limits.bulk_share))

    def selection(self, connection: str, begin: str, end: str, only: str) -> Selection:
        """What to put back.

        Raises:
            UsageMistake: a time is missing, no time, or too early.
        """
        now = self._stack.clock()
        if not begin:
            raise UsageMistake("--from is missing: a time such as 2026-11-21T10:00.")
        from_, to = self._timestamp("--from", begin), self._timestamp("--to", end) if end else now
        if from_ >= to:
            raise UsageMistake("--from is not before --to.")
        if from_ < now - ITEMS_KEPT_DAYS * 86_400:
            raise UsageMistake(f"--from: records are kept for {ITEMS_KEPT_DAYS} days.")
        return Selection(from_, to, connection, only)

    def count(self, selection: Selection) -> ReplayCounts:
        """What would be put back."""
        return self._replaying.count(selection)

    def begin(self, selection: Selection, reason: str, *, force: bool, planned: int = 0) -> str:
        """Note a replay of so many records; returns its id."""
        now = self._stack.clock()
        id_ = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        replay = Replay(id_, int(now * 1_000_000), reason, force)
        self._replaying.begin(replay, selection, planned=planned)
        return id_

    def run(self, id_: str) -> ReplayCounts:
        """Put back what may go at once; the stack continues it as its queue has room.

        Raises:
            UsageMistake: there is no such replay.
            CommandError: it stopped; its text says how to continue.
        """
        progress = self.progress(id_)
        try:
            return self._replaying.run(id_, has_room=first_items(PAGE_ROWS, self._stack.clock))
        except ReplayTaken:  # the stack is putting items back just now
            return ReplayCounts(total=progress.total)
        except (RelayError, ClientError, BotoCoreError) as error:
            text = f"The replay stopped: {error}\nContinue it with: relay replay --id {id_}"
            raise CommandError(text) from error

    def progress(self, id_: str) -> ReplayProgress:
        """How far it has got, and how its records ended.

        Raises:
            UsageMistake: there is no such replay.
        """
        if not _ID.fullmatch(id_):
            raise UsageMistake(f"--id {id_}: an id is like 20261121T100000-a1b2c3.")
        try:
            return self._replaying.get(id_)
        except LookupError as error:
            raise UsageMistake(f"--id {id_}: no such replay was begun.") from error

    def follow(self, id_: str) -> Iterator[ReplayProgress]:
        """How far it has got, look after look, until all is put back and has an outcome."""
        while True:
            progress = self.progress(id_)
            yield progress
            if progress.is_finished and progress.ended_in_all >= progress.total:
                return
            time.sleep(LOCAL_REPLAY_POLL_S if self._stack.is_local else REPLAY_POLL_S)

    def _timestamp(self, option: str, text: str) -> float:
        try:
            found = datetime.fromisoformat(text)
        except ValueError as error:
            raise UsageMistake(f"{option} {text}: write 2026-11-21 or 2026-11-21T10:00.") from error
        zoned = found if found.tzinfo else found.replace(tzinfo=self._stack.time_zone)
        return zoned.timestamp()


def _unsaid(*_: object, **__: object) -> None:
    """Log events of the use case: to a person its progress and outcomes say the same."""
