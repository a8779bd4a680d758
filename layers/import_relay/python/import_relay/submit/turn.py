"""The limits of one submission under the lease: its holder, deadline, lane and import size.

Made by `submission`.
"""

import math
from dataclasses import dataclass, replace

from import_relay.domain.lanes import Lane
from import_relay.storage.executions import FIRST_POLL_S

IMPORT_S = 20.0
"""An import is begun only if this much of the invocation is left: all its steps fit into it."""
BULK_PLAN_S = 40.0
"""How long a bulk batch plans at most: with one import after that, it ends within the time for
which a live batch waits for the lease."""


@dataclass(slots=True)
class ReferenceIds:
    """Whether imports carry the relay's reference; off for this process once Mateo refused it."""

    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn at the lease: who has it, until when, and how large its imports may be.

    `invocation`: unique name of who has it. `deadline`: when its process is certainly gone (s since
    the epoch). `unproven_s`: as in `Submission`. `first_poll_s`: how long after it begins an
    import is polled first. `plan_until`: when planning ends (s since the epoch), if that is earlier
    than the deadline asks for.
    """

    invocation: str
    deadline: float
    rows_per_import: int
    reference_ids: ReferenceIds
    unproven_s: float
    lane: Lane = Lane.LIVE
    first_poll_s: int = FIRST_POLL_S
    plan_until: float = math.inf

    @property
    def give_up_at(self) -> float:
        """When planning ends, so that imports can still be sent (s since the epoch)."""
        return min(self.deadline - 2 * IMPORT_S, self.plan_until)

    def begun(self, now: float) -> "Turn":
        """The same from now on, when the lease is held: a bulk batch must not hold it for long."""
        return replace(self, plan_until=now + BULK_PLAN_S) if self.lane is Lane.BULK else self
