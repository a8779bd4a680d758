"""What submission has to know before it begins a batch, read at once from the ledger table.

Called by `submission` under the lease, whose holder alone changes most of it. One call instead of
five: while nothing can be sent, batches do little else.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from import_relay.domain.erased_handles import ErasedHandles
from import_relay.domain.lanes import Lane
from import_relay.domain.models import Occurrence
from import_relay.storage.bulk_reads import read_items
from import_relay.storage.erasures import ERASURES_KEY, erased_of
from import_relay.storage.held import HeldState, held_key, held_state
from import_relay.storage.outcome_counts import KnownOutcomes, known_outcomes, outcome_keys
from import_relay.storage.pause import BULK_PAUSE_KEY, PAUSE_KEY, PauseState, pause_state
from import_relay.storage.quota import Limits, Usage, day_key, usage_of
from import_relay.storage.refusals import REFUSALS_KEY, RefusalPause, RefusedKind, refusals_of
from import_relay.storage.trials import TRIALS_KEY, Tried, tried_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class BatchState:
    """Each as it was at one time during the read.

    `usage`: of today. `tried` and `known` are of items that were delivered before.
    """

    pause: PauseState
    bulk_pause: PauseState
    usage: Usage
    refused: dict[RefusedKind, RefusalPause]
    tried: Tried
    known: KnownOutcomes
    erased: ErasedHandles
    held: HeldState


@dataclass(frozen=True, slots=True)
class BatchStates:
    """Where it is read. `clock` gives seconds since the epoch."""

    client: "DynamoDBClient"
    table: str
    limits: Limits
    clock: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def read(self, seen_before: Sequence[Occurrence], lane: Lane = Lane.LIVE) -> BatchState:
        """Read it consistently; `seen_before`: what may have ended or killed a process already.

        `lane`: whose holding queue `held` is about.

        Raises:
            StoreUnavailable: DynamoDB left a part unanswered, again and again.
        """
        day = self.limits.day(self.clock())
        keys = [PAUSE_KEY, BULK_PAUSE_KEY, day_key(day), REFUSALS_KEY, ERASURES_KEY, held_key(lane)]
        if seen_before:
            keys += [TRIALS_KEY, *outcome_keys(seen_before)]
        items = {
            item["pk"]["S"]: item
            for item in read_items(self.client, self.table, keys, sleep=self.sleep)
        }

        def item_of(key: Mapping[str, Any]) -> Mapping[str, Any]:
            return items.get(key["pk"]["S"], _NOTHING)

        return BatchState(
            pause_state(item_of(PAUSE_KEY)),
            pause_state(item_of(BULK_PAUSE_KEY)),
            usage_of(day, item_of(day_key(day))),
            refusals_of(item_of(REFUSALS_KEY)),
            tried_of(item_of(TRIALS_KEY)),
            known_outcomes(seen_before, items),
            erased_of(item_of(ERASURES_KEY)),
            held_state(item_of(held_key(lane))),
        )
