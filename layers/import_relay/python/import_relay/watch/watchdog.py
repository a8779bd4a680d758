"""The use case of run_watchdog: every quarter of an hour, what no alarm of AWS sees.

    resume    resume submission that is paused past its time (`storage.overdue_pause`)
    follow    an open import whose execution ended or never ran gets a new one
    wake      a lane that holds records although nothing of it is queued is looked at again
    erasures  demands to erase a person that wait for somebody are counted
    rates     connections with a high rate of rejected, failed, ignored or left-out values are named
              in the log, and in a mail

The checks know nothing of each other: one that fails leaves the others alone. Each may run twice at
the same time, or late; nothing is repaired that is not broken.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from import_relay.domain.log_events import Emit
from import_relay.domain.reasons import reason_of
from import_relay.storage.connection_counts import OTHERS
from import_relay.storage.erasure_demands import PendingErasures
from import_relay.storage.executions import Executions
from import_relay.storage.held_lanes import HeldLanes
from import_relay.storage.open_imports import OpenImports
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.overdue_pause import OverduePause
from import_relay.watch.connection_rates import (
    DAYS_OF_FEW,
    HighRate,
    RateLimits,
    high_rates,
    high_rates_of_few,
    undecided,
)
from import_relay.watch.rate_mails import RateMails

INTERVAL_S = 900.0
"""Between two runs, as the template schedules them."""
YOUNG_S = 300.0
"""A younger import is left alone: its execution was started just before, and is listed late."""
ON_TIME_S = 120.0
"""A schedule has a precision of a minute. A pause that ends within this is not late."""
_DAY_S = 86_400.0
MAX_RESTARTS = 500
"""In one run; the rest follows in the next, oldest first."""


@dataclass(frozen=True, slots=True)
class WatchdogParts:
    """Everything that the watchdog looks at. `connections` gives the names of all connections."""

    pause: OverduePause
    open_imports: OpenImports
    executions: Executions
    outcome_counts: OutcomeCounts
    connections: Callable[[], Collection[str]]
    erasures: PendingErasures
    held_lanes: HeldLanes
    rate_mails: RateMails


@dataclass(frozen=True, slots=True)
class WatchdogReport:
    """What one run found. `overdue`: whether submission was paused past its time, and not just."""

    overdue: bool = False
    restarted: int = 0
    high_rates: int = 0
    erasures: int = 0


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Looks and repairs; made once per process. `day`: the day of a time (s since the epoch)."""

    parts: WatchdogParts
    limits: RateLimits
    day: Callable[[float], str]
    clock: Callable[[], float]
    emit: Emit

    def run(self) -> WatchdogReport:
        """Do all checks once.

        Raises:
            the first error of a check, after all checks were done.
        """
        errors: list[Exception] = []
        self._check("wake", self._wake, errors)
        overdue = self._check("resume", self._resume, errors)
        restarted = self._check("follow", self._follow, errors)
        high = self._check("rates", self._tell_rates, errors)
        erasures = self._check("erasures", self.parts.erasures.count, errors)
        if errors:
            raise errors[0]
        return WatchdogReport(bool(overdue), restarted, high, erasures)

    def _check(self, name: str, check: Callable[[], int], errors: list[Exception]) -> int:
        try:
            return check()
        except Exception as error:  # noqa: BLE001 - the other checks still have to run
            self.emit("watchdog.check_failed", check=name, reason=reason_of(error))
            errors.append(error)
            return 0

    def _resume(self) -> int:
        """Whether a pause was overdue; the first two minutes belong to its schedule."""
        ended = self.parts.pause.end()
        if ended is None:
            return 0
        late_s = self.clock() - ended.paused_until
        self.emit("submission.resumed", reason=ended.reason, paused_until=ended.paused_until)
        return int(late_s > ON_TIME_S)

    def _follow(self) -> int:
        """Start a new execution for each open import that none follows; how many."""
        now = self.clock()
        begun = self.parts.open_imports.begun_before(now - YOUNG_S)
        if not begun:
            return 0
        followed = self.parts.executions.followed()
        alone = [reference for reference in begun if reference not in followed]
        # Read after the list: an execution closes its import before it ends.
        still_open = self.parts.open_imports.still_open(alone[:MAX_RESTARTS])
        restarted = 0
        for reference, deadline in still_open.items():
            number = int(now // INTERVAL_S)
            if self.parts.executions.start(reference, deadline=deadline, again=number):
                self.emit("import.tracking_restarted", reference=reference)
                restarted += 1
        return restarted

    def _wake(self) -> int:
        """Wake lanes that hold records although nothing of them is queued; how many."""
        woken = self.parts.held_lanes.wake()
        for lane in woken:
            self.emit("submission.woken", lane=lane.value)
        return len(woken)

    def _tell_rates(self) -> int:
        """Name the connections with a high rate; how many. A day that just ended counts as well."""
        now = self.clock()
        found: list[tuple[str, HighRate]] = [
            (self.day(at), rate)
            for at in (now - INTERVAL_S, now)
            if at == now or self.day(at) != self.day(now)
            for rate in self._high_rates(at)
        ]
        for day, rate in found:
            self.emit(
                "watchdog.high_rate",
                connection=rate.connection,
                rate=rate.rate,
                field=rate.field,
                percent=rate.percent,
                count=rate.count,
                of=rate.of,
                day=day,
                days=rate.days,
            )
        self.parts.rate_mails.send(found)
        return len({rate.connection for _, rate in found})

    def _high_rates(self, at: float) -> list[HighRate]:
        """Those of the day of a time (s since the epoch); few records count with days before."""
        counts, names = self.parts.outcome_counts, {*self.parts.connections(), OTHERS}
        of_day = counts.connections(self.day(at), names)
        high = high_rates(of_day, self.limits)
        few = undecided(of_day)
        if not few:
            return high
        days = {self.day(at - n * _DAY_S) for n in range(1, DAYS_OF_FEW)} - {self.day(at)}
        earlier = [counts.connections(day, few) for day in sorted(days)]
        return high + high_rates_of_few(few, [*earlier, of_day], self.limits)
