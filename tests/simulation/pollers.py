"""The fake of Lambda's event source mapping, which drains a queue by invoking the submitter.

Each poller gathers a batch within the batching window, up to 6 MB, and polls on for a while after
the mapping was disabled.
"""

from collections.abc import Callable, Sequence

from import_relay.domain.lanes import Lane
from tests.simulation.aws import MAPPINGS, Lambda
from tests.simulation.queue import BATCH_B, BATCH_MESSAGES, LANES, POLLERS, Queue, Received, event_b
from tests.simulation.world import Process, World

Invoke = Callable[[Sequence[Received], Callable[[Process], None]], object]


class EventSourceMapping:
    """Drains the queue of a lane by invoking the submitter. `lambda_`: that of the other lane."""

    def __init__(
        self,
        world: World,
        queue: Queue,
        invoke: Invoke,
        *,
        window_s: float,
        disable_lag_s: float,
        pollers: int = POLLERS,
        slow_disabling: float = 0.0,
        late_disabling: float = 0.0,
        lane: Lane = Lane.LIVE,
        lambda_: Lambda | None = None,
    ) -> None:
        self._url, self._uuid = LANES[lane], dict(zip(Lane, MAPPINGS, strict=True))[lane]
        self._world = world
        self._queue = queue
        self._invoke = invoke
        self._window_s = window_s
        self._disable_lag_s = disable_lag_s
        self.lambda_ = lambda_ or Lambda(
            world, slow_disabling=slow_disabling, late_disabling=late_disabling
        )
        self.lambda_.changed[self._uuid] = lambda: self._wake(world.now)
        self._idle = pollers
        self._wakes_at = float("inf")
        queue.changed[self._url] = self._wake

    def _wake(self, timestamp: float) -> None:
        """Poll at a time, unless that happens earlier anyway."""
        timestamp = max(timestamp, self._world.now)
        if timestamp < self._wakes_at:
            self._wakes_at = timestamp
            self._world.at(timestamp, self._poll)

    def _poll(self) -> None:
        if self._world.now < self._wakes_at:
            return  # planned before an earlier poll, which has planned the next one
        self._wakes_at = float("inf")
        if not self._is_polling() or not self._idle:
            return
        batch = self._queue.receive(BATCH_MESSAGES, BATCH_B, self._url)
        if not batch:
            timestamp = self._queue.next_visible(self._url)
            if timestamp is not None:
                self._wake(timestamp)
            return
        self._idle -= 1
        self._world.after(self._window_s, lambda: self._deliver(batch))
        self._wake(self._world.now + 1.0)  # another poller

    def _is_polling(self) -> bool:
        state = self.lambda_.states[self._uuid]
        return state.enabled or self._world.now < state.disabled_at + self._disable_lag_s

    def _deliver(self, batch: list[Received]) -> None:
        """The window is over: take what has come in the meantime, and invoke."""
        if self._is_polling():
            room = BATCH_B - sum(event_b(one.body) for one in batch)
            known = {one.id for one in batch}
            batch += [
                one
                for one in self._queue.receive(BATCH_MESSAGES - len(batch), room, self._url)
                if one.id not in known
            ]
        self._invoke(batch, lambda process: self._ended(batch, process))

    def _ended(self, batch: Sequence[Received], process: Process) -> None:
        self._idle += 1
        if process.error is None:
            assert isinstance(process.result, set)
            assert process.result <= {one.id for one in batch}, "Lambda would fail the whole batch"
            for one in batch:
                if one.id not in process.result:
                    self._queue.delete(one.id)
        timestamp = self._queue.next_visible(self._url)
        if timestamp is not None:
            self._wake(timestamp)
