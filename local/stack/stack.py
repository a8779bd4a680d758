"""The embedded stack: the relay's whole template at work on this machine, for `up`, `demo` and
the tests.

    with Stack(state_dir=folder) as stack:
        requests to stack.webhooks_url, boto3 through stack.client("s3"),
        stack.advance_clock(3600), ...

Start-up: moto and Mateo start as processes while the template is read; resources are
provisioned; then the gateway, the poller, the schedules and the mirror of the reports begin.
`stop` ends everything it started.
"""

from __future__ import annotations

import asyncio
import functools
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from local import child, ports
from local.aws.bucket_events import BucketEvents
from local.aws.metrics import Metrics
from local.aws.poller import Poller, SqsQueue, read_mapping
from local.aws.provisioning import provision
from local.aws.schedules import Schedules
from local.background import together
from local.clock import StackClock
from local.environment import REGION, http_json
from local.lambda_runtime.execution_environment import LineSink
from local.lambda_runtime.functions import Functions
from local.lambda_runtime.runtime_api import InvocationResult
from local.stack.admin import StackAdmin
from local.stack.event_loop import EventLoop
from local.stack.examples import example_secrets
from local.stack.functions import STARTED_FIRST, described_functions
from local.stack.gateway import StackGateway
from local.stack.invocations import Invocations
from local.stack.reports import Mirror
from local.stack.resources import Resources
from local.stack.server import serve_gateway
from local.stack.services import REQUESTS_COUNT_S, Services, let_requests_pass
from local.template.loading import Template, load

STACK_NAME = "import-relay"
MAPPING = "SubmitImportsQueueBatch"
"""Logical id of the live lane's event source mapping."""
QUEUE_OUTPUTS = {MAPPING: "QueueUrl", "SubmitImportsBulkBatch": "BulkQueueUrl"}
"""Logical id of each event source mapping, the live lane's first → the output with its queue."""

T = TypeVar("T")
Loop = Poller | Schedules | Mirror | BucketEvents


class RunningStack(Resources):
    """One running stack. Ports that are 0 are chosen freely."""

    def __init__(  # noqa: PLR0913 - each has a default, and all are named
        self,
        *,
        state_dir: Path,
        root: Path = child.ROOT,
        webhooks_port: int = 0,
        aws_port: int = 0,
        mateo_port: int = 0,
        parameters: Mapping[str, str] | None = None,
        secrets: Mapping[str, list[str]] | None = None,
        on_line: LineSink | None = None,
        disable_lag_s: float = 0.0,
        concurrency: Mapping[str, int] | None = None,
        with_mateo: bool = True,
        mappings: Mapping[str, str] = QUEUE_OUTPUTS,
    ) -> None:
        """Describe a stack; nothing runs before `start`.

        Args:
            state_dir: folder for logs, the mirrored reports and Mateo's database.
            root: folder of template.yaml.
            parameters: template parameters instead of their defaults; the batching window
                is 2 s if it is not given, and Mateo is the local one.
            secrets: connection secrets instead of those in local/example_secrets.json; names that
                end in `.token` become the CRM tokens.
            on_line: called with each line that a function writes.
            disable_lag_s: seconds for which a disabled event source mapping is still polled.
            concurrency: most processes per function, by logical id.
            with_mateo: False to point `MateoBaseUrl` at something else.
            mappings: as `QUEUE_OUTPUTS`.
        """
        super().__init__(mappings)
        self.state_dir = state_dir
        self.clock = StackClock()
        self._root = root
        self._wanted_ports = (webhooks_port, aws_port, mateo_port)
        self._parameters = dict(parameters or {})
        self._secrets = secrets
        self._on_line: LineSink = on_line or (lambda *_: None)
        self.metrics = Metrics()
        self.functions = Functions(self.clock, state_dir / "logs", self._take_line)
        self._disable_lag_s = disable_lag_s
        self._concurrency = dict(concurrency or {})
        self._with_mateo = with_mateo
        self.webhooks_url = self.mateo_url = ""
        self.template: Template | None = None
        self._make_parts()

    def _make_parts(self) -> None:
        """What `start` begins and `stop` ends."""
        self._services = Services(self.state_dir)
        self._undo = ExitStack()
        self._loop = EventLoop()
        self._invocations = Invocations(
            self.functions, self.metrics, self.clock, self._loop, self._on_line
        )
        self._moving = threading.Lock()
        self._up = threading.Event()

    # ------------------------------------------------------------ start and stop

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything; returns when webhooks are accepted.

        Raises:
            PortTaken: if a port is in use.
            TemplateError: if the template cannot be executed.
            StackError: if a process does not start.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything; safe to call twice."""
        self._undo.close()
        self._clients.clear()

    def kill(self) -> None:
        """SIGKILL all child processes, for when `stop` takes too long."""
        self._services.kill()
        self.functions.kill_all()

    def _start(self) -> None:
        (self.state_dir / "logs").mkdir(parents=True, exist_ok=True)
        webhooks, aws, mateo_port = self._bind()
        self._undo.callback(self._services.stop)
        self._services.start_aws(aws, f"{self._address}/_stack/invoke")
        if self._with_mateo:
            self._services.start_mateo(mateo_port, self._template_parameters())
        self._loop.start()
        self._undo.callback(self._loop.stop)
        self.template = load(self._root / "template.yaml", self._template_parameters(), STACK_NAME)
        self.functions.endpoint = self.aws_endpoint
        self._undo.callback(lambda: self.run(self.functions.stop()))
        self._start_gateway(webhooks, self.template)
        self.make_clients()
        self._services.wait_for("aws", f"{self.aws_endpoint}/_stack/health")
        self.provisioned = provision(self.template, STACK_NAME, self.client, self._address)
        for function in described_functions(
            self.template, self.provisioned, self.client("lambda"), self._concurrency
        ):
            self.functions.add(function)
        given = self._secrets
        self.put_secrets(example_secrets(self._root) if given is None else given)
        if self._with_mateo:
            self._services.wait_for("mateo", f"{self._mateo_address}/_sandbox/state")
        self._start_loops()
        self._up.set()
        self._undo.callback(self._up.clear)
        for name in STARTED_FIRST:
            if name in self.template.code:
                self.run(self.functions.warm(name))

    def _bind(self) -> tuple[Any, Any, int]:
        webhooks_port, aws_port, mateo_port = self._wanted_ports
        webhooks = ports.listen_on_loopback(webhooks_port, "webhooks", "--webhooks-port")
        self._undo.callback(webhooks.close)
        aws = ports.listen_on_loopback(aws_port, "AWS", "--aws-port")
        self._undo.callback(aws.close)
        if self._with_mateo:
            mateo_port = ports.free(mateo_port, "Mateo", "--mateo-port")
        self._address = f"http://{ports.HOST}:{ports.port_of(webhooks)}"
        self.webhooks_url = f"{self._address}/webhooks"
        self.aws_endpoint = f"http://{ports.HOST}:{ports.port_of(aws)}"
        self._mateo_address = f"http://{ports.HOST}:{mateo_port}"
        self.mateo_url = f"{self._mateo_address}/api/v1"
        return webhooks, aws, mateo_port

    def _template_parameters(self) -> dict[str, str]:
        mateo = {"MateoBaseUrl": self.mateo_url} if self._with_mateo else {}
        return {"BatchingWindow": "2"} | mateo | self._parameters

    def _start_gateway(self, listening: Any, template: Template) -> None:
        gateway = StackGateway(
            template.routes,
            self._invocations.receive,
            self.clock,
            admin=StackAdmin(self).respond,
            is_up=self._up.is_set,
        )
        self._undo.callback(serve_gateway(gateway, listening, self._loop))

    def _start_loops(self) -> None:
        self.pollers = [self._poller(*one) for one in self._mappings.items()]
        self.schedules = Schedules(
            self.client("scheduler"),
            self.client("lambda"),
            self.clock,
            lambda text: self._on_line("Stack", text),
            invoke=self._invocations.by_schedule,
        )
        self.mirror = Mirror(self.client("s3"), self.outputs["BucketName"], self.state_dir)
        self.bucket_events = self._bucket_events()
        loops: list[Loop] = [*self.pollers, self.schedules, self.mirror, *self.bucket_events]
        for loop in loops:
            loop.start()
        self._undo.callback(lambda: together([*(one.stop for one in loops), self.end_long_polls]))
        self.metrics.start(self.client("cloudwatch"))
        self._undo.callback(self.metrics.stop)

    def _bucket_events(self) -> list[BucketEvents]:
        """What looks for new files, if the template has the function that reads them."""
        if "ImportFiles" not in self.provisioned.resources:
            return []
        arn = str(self.provisioned.resources["ImportFiles"]["Arn"])
        invoke = functools.partial(self._invocations.by_schedule, arn)
        tell = functools.partial(self._on_line, "Stack")
        return [BucketEvents(self.client("s3"), self.outputs["BucketName"], invoke, tell)]

    def _poller(self, mapping: str, output: str) -> Poller:
        mapping_id = self.provisioned.resources[mapping]["Ref"]
        described = self.client("lambda").get_event_source_mapping(UUID=mapping_id)
        return Poller(
            SqsQueue(self.client("sqs"), self.outputs[output], described["EventSourceArn"]),
            functools.partial(read_mapping, self.client("lambda"), mapping_id),
            functools.partial(self._invocations.from_queue, described["FunctionArn"]),
            region=REGION,
            disable_lag_s=self._disable_lag_s,
        )

    # ------------------------------------------------------------ what the stack offers

    def invoke(self, name: str, event: object) -> InvocationResult:
        """Invoke a function by logical id, as Lambda's `Invoke` would."""
        return self._invocations.invoke(name, json.dumps(event).encode())

    def kill_function(self, name: str) -> int:
        """SIGKILL the processes of a function that are at work (all, if none is); how many."""
        return int(self.run(_immediately(lambda: self.functions.kill(name))))

    def busy(self, name: str) -> int:
        """How many invocations of a function are under way."""
        return self.functions.busy(name)

    def restart_functions(self) -> None:
        """Replace the function processes; those at work finish first. Empties all their caches."""
        self.run(self._restart())

    def advance_clock(self, seconds: float, then: Callable[[], object] = lambda: None) -> datetime:
        """Move the time of day forward for everything; returns the new time.

        Batches and invocations under way finish first, so nothing sees the clock jump while it
        works. Before this returns, `then` is called, and schedules that became due are executed.
        """
        with self._moving:
            offset = self.clock.moved(seconds)
            together([*(one.pause for one in self.pollers), self.end_long_polls])
            try:
                self.run(self._move_everything(offset))
            finally:
                for poller in self.pollers:
                    poller.resume()
        then()
        self.schedules.run_due()
        return self.clock.now()

    def advance_to_next_day(self, then: Callable[[], object] = lambda: None) -> datetime:
        """Move to the next day of the limits, past the schedule that resumes submission."""
        parameters = self.template.parameters if self.template else {}
        zone = str(parameters.get("LimitTimeZone", "UTC"))
        return self.advance_clock(self.clock.seconds_to_next_day(zone), then)

    def mateo(self, method: str, path: str, content: object = None) -> Any:
        """A request to Mateo's admin surface: `stack.mateo("POST", "faults", {...})`."""
        return http_json(method, f"{self._mateo_address}/_sandbox/{path}", content)

    def status(self) -> dict[str, object]:
        """What is going on and where, for `python -m local` and the tests.

        What functions counted so far is in CloudWatch when this returns.
        """
        self.metrics.put()
        return {
            "time": self.clock.now().isoformat(),
            "clock_offset_s": self.clock.offset_s,
            "submission": "running" if self.esm_enabled() else "paused",
            "queue": self.queue_counts(),
            "bulk_queue": self.queue_counts("BulkQueueUrl"),
            "dead_letter_queue": self.queue_counts("DeadLetterQueueUrl"),
            "running_executions": self.running_executions(),
            "invocations": dict(self.functions.counts),
            "webhooks": self.webhooks_url,
            "aws": self.aws_endpoint,
            "mateo": self.mateo_url,
            "logs": str((self.state_dir / "logs").resolve()),
            "outputs": dict(self.outputs),
        }

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine in the stack's event loop and wait for it."""
        return self._loop.run(coroutine)

    # ------------------------------------------------------------ inside

    def _take_line(self, function: str, line: str) -> None:
        self.metrics.read(line)
        self._on_line(function, line)

    async def _restart(self) -> None:
        async with self.functions.paused():
            await self.functions.replace()

    async def _move_everything(self, offset_s: float) -> None:
        async with self.functions.paused():
            # Mateo counts them by the machine's time, functions by the clock that is moved.
            if self._with_mateo:
                await asyncio.to_thread(let_requests_pass, self.mateo)
            else:
                await self.functions.rest(REQUESTS_COUNT_S)
            moved = {"offset_s": offset_s}
            await asyncio.to_thread(http_json, "PUT", f"{self.aws_endpoint}/_stack/clock", moved)
            if self._with_mateo:
                await asyncio.to_thread(self.mateo, "PUT", "clock", moved)
            self.clock.offset_s = offset_s
            await self.functions.move_clock()


async def _immediately(action: Callable[[], T]) -> T:
    return action()
