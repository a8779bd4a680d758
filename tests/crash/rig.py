"""The stack whose functions are killed: real parts, functions behind a proxy, and a movable clock.

The functions are forked, so that killing one costs nothing. The queue is polled by hand, so that
deliveries do not depend on the speed of this machine, and nothing has to be waited for.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from local.aws.poller import Poller, SqsQueue, read_mapping
from local.environment import REGION
from local.stack.stack import QUEUE_OUTPUTS, RunningStack
from tests.support.fault_proxy import AWS, MATEO, FaultProxy
from tests.support.forked import Nursery
from tests.support.stack import FUNCTIONS, Line, port_of

HIT = (*FUNCTIONS, "ImportFiles")
"""Functions whose calls meet faults."""
ENTITIES_PER_DAY = 8
REQUESTS_PER_SECOND = 20
"""Ten times what Mateo allows, and as strictly kept: the pace is most of what a run waits for."""


class Rig:
    """A running stack with its proxy."""

    def __init__(self, stack: RunningStack, proxy: FaultProxy, lines: list[Line]) -> None:
        self.stack = stack
        self.proxy = proxy
        self.lines = lines
        self._lanes = [_Lane(stack, *one) for one in QUEUE_OUTPUTS.items()]

    def deliver(self) -> bool:
        """Deliver one batch of visible messages, live changes first; whether there was one."""
        return any(lane.deliver() for lane in self._lanes)


class _Lane:
    """The queue of a lane, which is polled by hand."""

    def __init__(self, stack: RunningStack, mapping: str, output: str) -> None:
        self._stack = stack
        self._output = output
        mapping_id = stack.provisioned.resources[mapping]["Ref"]
        self._read_mapping = functools.partial(read_mapping, stack.client("lambda"), mapping_id)
        described = stack.client("lambda").get_event_source_mapping(UUID=mapping_id)
        self._poller = Poller(
            SqsQueue(stack.client("sqs"), stack.outputs[output], described["EventSourceArn"]),
            self._read_mapping,
            lambda event, lineage: stack.run(
                stack.functions.invoke("SubmitImports", event, lineage)
            ),
            region=REGION,
        )

    def deliver(self) -> bool:
        """Deliver one batch of visible messages unless paused; whether there was one."""
        mapping = replace(self._read_mapping(), window_s=0.0)
        if not mapping.enabled or not self._stack.queue_counts(self._output)["visible"]:
            return False
        batch = self._poller.collect(mapping)
        self._poller.deliver(batch, mapping)
        return bool(batch)


@contextmanager
def running_rig(folder: Path) -> Iterator[Rig]:
    """A stack with small limits, for runs one after the other."""
    lines: list[Line] = []
    stack = RunningStack(
        state_dir=folder,
        parameters={
            "EntitiesPerDay": str(ENTITIES_PER_DAY),
            "RequestsPerSecond": str(REQUESTS_PER_SECOND),
            "RowsPerImport": "4",
            # Days pass at once, with few polls of an import: that alone must not time it out.
            "TrackingHours": "72",
        },
        on_line=lambda function, line: lines.append((function, line)),
        concurrency=dict.fromkeys(HIT, 1),
    )
    with FaultProxy(HIT, stack.kill_function) as proxy:
        nursery = Nursery(proxy.variables())
        stack.functions.make_environment = nursery.environment
        with stack:
            proxy.targets = {AWS: port_of(stack.aws_endpoint), MATEO: port_of(stack.mateo_url)}
            # Their work is done by hand or not wanted; schedules run when the clock is moved.
            for poller in stack.pollers:
                poller.stop()
            for loop in (stack.schedules, stack.mirror):
                loop.stop()
            for events in stack.bucket_events:
                events.stop()
            try:
                yield Rig(stack, proxy, lines)
            finally:
                stack.run(nursery.stop())
