"""The relay itself in a simulated world: production code, wired as its handlers wire it.

Only the clients of AWS and of HTTP, the clocks, the sleeps and the maker of Excel files are fakes:
Excel files say what the CSV files say, and would cost a tenth of a run. A function invocation runs
in an execution environment, which keeps its parts for the next one and has a clock of its own that
is wrong by up to `FaultProfile.skew_s`.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from import_relay.connectors.contract import Request
from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import lane_of_body, parse_message
from import_relay.receive.intake import Receipt, delivery_id
from import_relay.receive.responses import answer_to
from import_relay.storage.quota import Limits
from import_relay.submit.other_names import HANDLES_KNOWN
from tests.simulation.aws import MAPPINGS, S3, Scheduler, Ssm
from tests.simulation.crm import Crm
from tests.simulation.dynamodb import DynamoDB
from tests.simulation.inbox import Inbox
from tests.simulation.machine import Execution, StepFunctions
from tests.simulation.mateo import Mateo
from tests.simulation.messages import is_too_old, is_unproven, items_in
from tests.simulation.parts import RECEIVE_S, REPORT_S, SUBMIT_S, TRACK_S, Parts
from tests.simulation.pollers import EventSourceMapping
from tests.simulation.putting_back import PuttingBack
from tests.simulation.queue import (
    LANES,
    MAX_INVOCATIONS,
    MAY_LOOP,
    Queue,
    Received,
)
from tests.simulation.scenario import POISON, Account, Scenario
from tests.simulation.stores import WATERMARKS, Stores
from tests.simulation.watching import Watch
from tests.simulation.world import Environment, Process, World

DIES_WITHIN_S = 3_600.0
"""How long after its start an execution is ended from outside, at most."""
TIME_TO_ANSWER_S, SENDERS_WAIT_S = 0.5, 5.0
"""As in the receiver's handler."""


class Relay:
    """A deployed stack, and what is noted about its run."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        fault_profile = self.fault_profile = scenario.fault_profile
        self.world = world
        self.account: Account = scenario.account
        self._skew_s = fault_profile.skew_s
        self._throttled = fault_profile.throttled
        self.limits = Limits(
            self.account.requests_per_second,
            self.account.requests_per_day,
            self.account.entities_per_day,
            ZoneInfo(self.account.time_zone),
            self.account.bulk_share,
        )
        self.mateo = Mateo(world, self.account, fault_profile)
        self.dynamodb = DynamoDB(
            world,
            stale_index=fault_profile.stale_index,
            slow_reads=fault_profile.slow_reads,
            partial_reads=fault_profile.partial_reads,
            partial_writes=fault_profile.partial_writes,
        )
        if self.account.knows_handles:
            known = {"pk": {"S": HANDLES_KNOWN}, "claims": {"M": {}}}
            self.dynamodb.tables[WATERMARKS][HANDLES_KNOWN] = known
        self.s3 = S3(world, kills_after=fault_profile.kills_after)
        self.crm = Crm(world, scenario.webhooks, fault_profile)
        self.queue = Queue(
            world,
            duplicate_delivery=fault_profile.duplicate_delivery,
            partial_sends=fault_profile.partial_sends,
            lost_answers=fault_profile.lost_answers,
        )
        pollers = partial(
            EventSourceMapping,
            world,
            self.queue,
            window_s=self.account.batching_window_s,
            disable_lag_s=fault_profile.disable_lag_s,
            pollers=1 if fault_profile.one_poller else self.account.pollers,
        )
        self.mapping = pollers(
            partial(self._submit, Lane.LIVE),
            slow_disabling=fault_profile.slow_disabling,
            late_disabling=fault_profile.late_disabling,
        )
        self.bulk_mapping = pollers(
            partial(self._submit, Lane.BULK), lane=Lane.BULK, lambda_=self.mapping.lambda_
        )
        self.may_loop = MAY_LOOP
        self._lineages: dict[str, int] = {}
        self.queue.lineage = self._lineage
        self.queue.received = self._received
        self.executions: list[Execution] = []
        self.step_functions = StepFunctions(
            world,
            self._begin,
            lambda: [one.name for one in self.executions if one.status == "RUNNING"],
            double=fault_profile.double_execution,
            old_lists=fault_profile.old_lists,
        )
        self._dead_executions = fault_profile.dead_executions
        self.scheduler = Scheduler(world, self.mapping.lambda_, lost=fault_profile.lost_schedules)
        self.ssm = Ssm(world)
        self.stores = Stores(self)
        self._idle: dict[str, list[Environment]] = defaultdict(list)
        self._parts: list[Parts] = []
        self.invocations: Counter[str] = Counter()
        self._references = 0
        self.seen_before: set[str] = set()
        self.died: set[str] = set()
        self.unproven: set[str] = set()
        self.inbox = Inbox(self, scenario.files)
        self.put_back = PuttingBack(self, scenario.put_back)
        self.calm_at = math.inf
        self.throttles = 0
        self.killed: Counter[str] = Counter()
        self.killed_with: Counter[str] = Counter()
        self._bodies: dict[str, list[str]] = {}
        self.poisonings = 0
        self.poison: set[str] = set()
        self.is_poisoned = any(
            one.fields.get("name") == POISON for each in scenario.webhooks for one in each.records
        )
        self.watch = Watch(self)
        self._resume_daily()

    @cached_property
    def crm_client(self) -> httpx.Client:
        """The client of the CRM; few runs need it, and it is costly to make."""
        return self.crm.client()

    def _lineage(self) -> int:
        return self._lineages.get(self.world.current.name if self.world.current else "", 0)

    def invoke(
        self,
        function: str,
        timeout_s: float,
        body: Callable[["Parts"], object],
        on_end: Callable[[Process], object],
    ) -> None:
        """Run a function in a free execution environment, or in a new one."""
        idle = self._idle[function]
        environment = idle.pop() if idle else self._environment(function)
        self.invocations[function] += 1
        name = f"{function} {self.invocations[function]}"

        def ended(process: Process) -> None:
            if process.alive:
                idle.append(environment)
            else:
                self.killed[function] += 1
            if not process.alive or name in self.stores.trials.left_by:
                for message in self._bodies.get(name, ()):
                    self.killed_with.update(items_in(message))
            on_end(process)

        self.world.spawn(
            name,
            lambda: body(environment.parts),
            environment=environment,
            timeout_s=timeout_s,
            on_end=ended,
        )

    def _environment(self, function: str) -> Environment:
        skew_s = self.world.random.uniform(-self._skew_s, self._skew_s) if self._skew_s else 0.0
        made = Environment(function, len(self._parts) + 1, skew_s)
        made.parts = Parts(self)
        self._parts.append(made.parts)
        return made

    def receive(
        self,
        connection: str,
        request: Request,
        on_end: Callable[[Process], object],
        on_delivery: Callable[[str], object],
    ) -> None:
        """A request at the gateway; the process's result is the receipt and the answer's status.

        `on_delivery` is told the id of the delivery, whatever becomes of it.
        """
        world = self.world

        def body(parts: "Parts") -> tuple[Receipt | None, int]:
            received_at = int(world.clock() * 1_000_000)
            begun_at = world.now
            delivery = delivery_id(received_at, world.random.randbytes(5))
            on_delivery(delivery)
            outcome: Receipt | Exception
            try:
                outcome = parts.intake.receive(
                    replace(request, received_at=received_at),
                    connection,
                    delivery=delivery,
                    answer_by=begun_at + min(RECEIVE_S, SENDERS_WAIT_S) - TIME_TO_ANSWER_S,
                    give_up_at=begun_at + RECEIVE_S - TIME_TO_ANSWER_S,
                )
            except Exception as error:  # noqa: BLE001 - as the handler
                outcome = error
            status = answer_to(outcome, parts.intake.replies(connection)).status
            world.tell("answers", status=status, delivery=delivery)
            return (outcome if isinstance(outcome, Receipt) else None), status

        self.invoke("receive", RECEIVE_S, body, on_end)

    def _submit(
        self, lane: Lane, batch: Sequence[Received], on_end: Callable[[Process], None]
    ) -> None:
        world = self.world
        lineage = 1 + max(one.lineage for one in batch)
        if self._throttled and world.random.random() < self._throttled:
            self.throttles += 1
            self._refuse_to_submit("throttled", on_end)
            return
        if lineage > MAX_INVOCATIONS and not self.may_loop:
            self._refuse_to_submit("recursive loop", on_end)
            return

        def body(parts: "Parts") -> set[str]:
            name = world.process.name.replace(" ", "-")
            self._lineages[world.process.name] = lineage
            world.tell("receives", messages=[one.id for one in batch])
            self._received(batch)
            report = parts.submission.submit(
                {one.id: one.body for one in batch},
                invocation=name,
                deadline=world.clock() + SUBMIT_S,
                redelivered={one.id for one in batch if one.receives > 1},
                sent_at={one.id: one.sent_at for one in batch},
                receipts={one.id: one.id for one in batch},
                lane=lane,
            )
            return report.failed_message_ids

        self.invoke("submit", SUBMIT_S, body, on_end)

    def _received(self, messages: Sequence[Received]) -> None:
        """Note messages that a process of submission has received."""
        bodies = self._bodies.setdefault(self.world.process.name, [])
        for one in messages:
            bodies.append(one.body)
            if one.receives > 1 or '"requeues": 0' not in one.body:
                self.seen_before |= items_in(one.body)
            if '"replay": ' in one.body:
                self.put_back.received(parse_message(one.id, one.body).occurrences)

    def _refuse_to_submit(self, why: str, on_end: Callable[[Process], None]) -> None:
        """Lambda does not invoke the function: the batch comes back once it is visible again."""
        refused = Process("submit", Environment("submit", 0, 0.0), 0.0, lambda: None, on_end)
        refused.error = RuntimeError(why)
        self.world.after(1.0, lambda: on_end(refused))

    def _begin(self, name: str, document: dict[str, Any]) -> None:
        execution = Execution(self.world, name, document, self._task, self.watch.execution_ended)
        self.executions.append(execution)
        if self._dead_executions and self.world.random.random() < self._dead_executions:
            self.world.after(self.world.random.uniform(0, DIES_WITHIN_S), execution.stop)

    def _task(
        self, resource: str, event: dict[str, Any], on_end: Callable[[Process], None]
    ) -> None:
        if resource == "${TrackImportArn}":
            self.invoke("track", TRACK_S, lambda parts: parts.track(event), on_end)
        else:
            assert resource == "${WriteReportArn}"
            self.invoke("report", REPORT_S, lambda parts: parts.report(event), on_end)

    def _resume_daily(self) -> None:
        """The schedules in the template that resume submission one minute after midnight."""
        timestamp = self.limits.next_day(self.world.now) + 60

        def fire() -> None:
            for uuid in MAPPINGS:
                self.mapping.lambda_.set_enabled(uuid, enabled=True)
            self.dynamodb.expire()
            self._resume_daily()

        self.world.at(timestamp, fire)

    def calm_down(self) -> None:
        """From now on every service behaves."""
        self.calm_at = self.world.now
        self.queue.duplicate_delivery = self.queue.partial_sends = self.queue.lost_answers = 0.0
        self.step_functions.double = self.dynamodb.slow_reads = 0.0
        self.dynamodb.partial_reads = self.dynamodb.partial_writes = 0.0
        self.mapping.lambda_.slow_disabling = self.mapping.lambda_.late_disabling = 0.0
        self._throttled = self._dead_executions = self.scheduler.lost = 0.0
        self.mateo.quiet_down()

    def redrive(self) -> None:
        """Redrive dead letters as a person does: they become new messages.

        Records that killed processes are corrected by then.
        """
        self.is_poisoned = False
        dead, self.queue.dead = self.queue.dead, []
        for message in dead:
            items = items_in(message.body)
            if is_unproven(message.body):  # it would be refused again
                self.unproven |= items
                continue
            # A message that waited for thirteen days is there by the relay's own rule.
            self.died |= items if not is_too_old(message.body) else set()
            self.queue.put(message.body, 0, LANES[lane_of_body(message.body)])

    def leave_unproven(self) -> None:
        """Leave refused records in the dead-letter queue: nothing says what is wrong with them."""
        others = [one for one in self.queue.dead if not is_unproven(one.body)]
        self.queue.dead = [one for one in self.queue.dead if is_unproven(one.body)]
        self.redrive()
        self.queue.dead = others

    def close(self) -> None:
        """Drop what holds references to each other, so that its memory is freed at once."""
        self.world.close()
        for parts in self._parts:
            vars(parts).clear()
        vars(self.stores).clear()
        vars(self.mateo).clear()
        vars(self).clear()

    def is_quiet(self) -> bool:
        """Whether nothing is queued, followed, read from a file or replayed any more."""
        if self.queue.messages or not self.put_back.is_quiet() or not self.inbox.is_quiet():
            return False
        ended = all(one.status != "RUNNING" for one in self.executions)
        return ended and not self.watch.unfollowed()

    def reference(self, type_: str) -> str:
        """The next name of an import."""
        self._references += 1
        return f"{type_.removesuffix('_details')}-{self._references:04}"
