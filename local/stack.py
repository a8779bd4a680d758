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
import time
import tomllib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import uvicorn

from local import child, ports
from local.admin import Admin
from local.clock import Clock
from local.environment import REGION, client, http_json
from local.execution_environment import Function, LineSink
from local.functions import Functions
from local.gateway import Gateway
from local.hosting import Hosting
from local.lineage import Lineage, LoopDetected
from local.metrics import Metrics
from local.poller import Poller, SqsQueue, read_mapping
from local.provision import Provisioned, References, provision
from local.reports import Mirror
from local.runtime_api import Outcome
from local.schedules import Schedules
from local.services import MATEO_TOKEN, Services, StackError
from local.template import Template, load

STACK_NAME = "import-relay"
MAPPING = "SubmitImportsQueueBatch"
"""Logical id of the event source mapping."""

READING_SUFFIX = ".token"
"""How names of CRM tokens end; all other names are those of connections' secrets."""

DEFAULT_CONCURRENCY = 4
"""Processes per function at most, where nothing else limits it: a laptop has few cores."""

SERVICES = (
    "cloudformation",
    "secretsmanager",
    "stepfunctions",
    "scheduler",
    "cloudwatch",
    "lambda",
    "sqs",
    "s3",
)
"""What every start needs; their clients are made while the processes start."""

LOOP_REFUSED = (
    "Lambda would refuse this invocation as a recursive loop: a message was sent on more than 16 "
    "times, and the template does not set RecursiveLoop: Allow. It ends in the dead-letter queue"
)
T = TypeVar("T")


class Stack:
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
        mapping: str = MAPPING,
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
            mapping: logical id of the event source mapping that is polled.
        """
        self.state_dir = state_dir
        self.clock = Clock()
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
        self._mapping = mapping
        self._services = Services(state_dir)
        self._undo = ExitStack()
        self._loop = asyncio.new_event_loop()
        self._moving = threading.Lock()
        self._up = threading.Event()
        self._clients: dict[str, Any] = {}
        self.webhooks_url = self.aws_endpoint = self.mateo_url = ""
        self.template: Template | None = None
        self.provisioned = Provisioned(resources={}, outputs={})

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
        self._start_loop()
        self.template = load(self._root / "template.yaml", self._template_parameters(), STACK_NAME)
        self.functions.endpoint = self.aws_endpoint
        self._undo.callback(lambda: self.run(self.functions.stop()))
        self._start_gateway(webhooks, self.template)
        for service in SERVICES:
            self.client(service)
        self._services.wait_for("aws", f"{self.aws_endpoint}/_stack/health")
        self.provisioned = provision(self.template, STACK_NAME, self.client, self._address)
        self._add_functions(self.template)
        self._put_secrets()
        if self._with_mateo:
            self._services.wait_for("mateo", f"{self._mateo_address}/_sandbox/state")
        self._start_loops()
        self._up.set()
        self._undo.callback(self._up.clear)
        for name in self.template.code:
            self.run(self.functions.warm(name))

    def _bind(self) -> tuple[Any, Any, int]:
        webhooks_port, aws_port, mateo_port = self._wanted_ports
        webhooks = ports.listen(webhooks_port, "webhooks", "--webhooks-port")
        self._undo.callback(webhooks.close)
        aws = ports.listen(aws_port, "AWS", "--aws-port")
        self._undo.callback(aws.close)
        if self._with_mateo:
            mateo_port = ports.free(mateo_port, "Mateo", "--mateo-port")
        self._address = f"http://{ports.HOST}:{ports.number(webhooks)}"
        self.webhooks_url = f"{self._address}/webhooks"
        self.aws_endpoint = f"http://{ports.HOST}:{ports.number(aws)}"
        self._mateo_address = f"http://{ports.HOST}:{mateo_port}"
        self.mateo_url = f"{self._mateo_address}/api/v1"
        return webhooks, aws, mateo_port

    def _template_parameters(self) -> dict[str, str]:
        defaults = {"BatchingWindow": "2"}
        if self._with_mateo:
            defaults["MateoBaseUrl"] = self.mateo_url
        return defaults | self._parameters

    def _start_loop(self) -> None:
        thread = threading.Thread(target=self._loop.run_forever, name="stack", daemon=True)
        thread.start()

        def end() -> None:
            self.run(_cancel_others())
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

        self._undo.callback(end)

    def _start_gateway(self, listening: Any, template: Template) -> None:
        gateway = Gateway(
            template.routes,
            self._receive,
            self.clock,
            admin=Admin(self).respond,
            is_up=self._up.is_set,
        )
        config = uvicorn.Config(
            gateway,
            http="h11",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        serving = asyncio.run_coroutine_threadsafe(server.serve(sockets=[listening]), self._loop)

        def end() -> None:
            server.should_exit = True
            server.force_exit = True
            serving.result()

        self._undo.callback(end)

    def _add_functions(self, template: Template) -> None:
        for logical_id, code in template.code.items():
            own = self.provisioned.resources[logical_id]
            answer = self.client("lambda").get_function_configuration(FunctionName=own["Ref"])
            variables = answer.get("Environment", {}).get("Variables", {})
            self.functions.add(
                Function(
                    logical_id=logical_id,
                    name=own["Ref"],
                    arn=own["Arn"],
                    handler=answer["Handler"],
                    timeout_s=float(answer["Timeout"]),
                    memory_mb=int(answer["MemorySize"]),
                    code=code,
                    variables={name: str(value) for name, value in variables.items()},
                    concurrency=self._concurrency.get(logical_id, DEFAULT_CONCURRENCY),
                    hosting=self._hosting(template.hosting[logical_id]),
                )
            )

    def _hosting(self, described: Hosting) -> Hosting:
        """With the log group's name in the place of its reference."""
        group = References(self.provisioned.resources).fill(described.log_group)
        return replace(described, log_group=group)

    def _put_secrets(self) -> None:
        secrets = self._secrets if self._secrets is not None else example_secrets(self._root)
        tokens = {name: texts for name, texts in secrets.items() if name.endswith(READING_SUFFIX)}
        proofs = {name: texts for name, texts in secrets.items() if name not in tokens}
        self.set_secret("ConnectionSecrets", json.dumps(proofs))
        if self.template is not None and "CrmTokens" in self.provisioned.resources:
            self.set_secret("CrmTokens", json.dumps(tokens))
        self.set_secret("MateoToken", MATEO_TOKEN)

    def _start_loops(self) -> None:
        mapping_id = self.provisioned.resources[self._mapping]["Ref"]
        lambda_ = self.client("lambda")
        mapping = functools.partial(read_mapping, lambda_, mapping_id)
        described = lambda_.get_event_source_mapping(UUID=mapping_id)
        self.poller = Poller(
            SqsQueue(self.client("sqs"), self.outputs["QueueUrl"], described["EventSourceArn"]),
            mapping,
            functools.partial(self._invoke_from_queue, described["FunctionArn"]),
            region=REGION,
            disable_lag_s=self._disable_lag_s,
        )
        self.schedules = Schedules(
            self.client("scheduler"),
            lambda_,
            self.clock,
            lambda text: self._on_line("Stack", text),
            invoke=self._invoke_by_schedule,
        )
        self.mirror = Mirror(self.client("s3"), self.outputs["BucketName"], self.state_dir)
        self.poller.start()
        self._undo.callback(self.poller.stop)
        self.schedules.start()
        self._undo.callback(self.schedules.stop)
        self.mirror.start()
        self._undo.callback(self.mirror.stop)
        self.metrics.start(self.client("cloudwatch"))
        self._undo.callback(self.metrics.stop)

    # ------------------------------------------------------------ what the stack offers

    @property
    def outputs(self) -> Mapping[str, str]:
        """The outputs of the CloudFormation stack."""
        return self.provisioned.outputs

    def client(self, service: str) -> Any:
        """A boto3 client for the stack's AWS endpoint, one per service."""
        if service not in self._clients:
            self._clients[service] = client(service, self.aws_endpoint)
        return self._clients[service]

    def invoke(self, name: str, event: object) -> Outcome:
        """Invoke a function by logical id, as Lambda's `Invoke` would."""
        return self._invoke(name, json.dumps(event).encode())

    def kill_function(self, name: str) -> int:
        """SIGKILL the processes of a function that are at work (all, if none is); how many."""
        killed: int = self.run(_immediately(lambda: self.functions.kill(name)))
        return killed

    def busy(self, name: str) -> int:
        """How many invocations of a function are under way."""
        return self.functions.busy(name)

    def set_secret(self, logical_id: str, value: str) -> None:
        """Store a secret's text; functions keep the old one cached until `restart_functions`."""
        arn = self.provisioned.resources[logical_id]["Ref"]
        self.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=value)

    def restart_functions(self) -> None:
        """Replace the function processes; those at work finish first. Empties all their caches."""
        self.run(self._restart())

    def esm_enabled(self) -> bool:
        """Whether the event source mapping is enabled: the gate is open."""
        uuid = self.provisioned.resources[self._mapping]["Ref"]
        return read_mapping(self.client("lambda"), uuid).enabled

    def open_gate(self) -> None:
        """Open the gate by hand: forget until when it is closed, then enable the mapping."""
        ledger = self.outputs["LedgerTableName"]
        self.client("dynamodb").delete_item(TableName=ledger, Key={"pk": {"S": "gate"}})
        uuid = self.provisioned.resources[self._mapping]["Ref"]
        self.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=True)

    def advance_clock(self, seconds: float) -> datetime:
        """Move the time of day forward for everything; returns the new time.

        Batches and invocations under way finish first, so nothing sees the clock jump while it
        works. Schedules that became due are executed before this returns.
        """
        with self._moving:
            offset = self.clock.moved(seconds)
            self.poller.pause()
            try:
                self.run(self._move_everything(offset))
            finally:
                self.poller.resume()
        self.schedules.run_due()
        return self.clock.now()

    def advance_to_next_day(self) -> datetime:
        """Move to the next day in the limits' time zone, past the schedule that opens the gate."""
        parameters = self.template.parameters if self.template else {}
        return self.advance_clock(
            self.clock.seconds_to_next_day(str(parameters.get("LimitTimeZone", "UTC")))
        )

    def queue_counts(self, output: str = "QueueUrl") -> dict[str, int]:
        """Messages of a queue: `visible`, `in_flight`, `delayed`."""
        names = {
            "visible": "ApproximateNumberOfMessages",
            "in_flight": "ApproximateNumberOfMessagesNotVisible",
            "delayed": "ApproximateNumberOfMessagesDelayed",
        }
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[output], AttributeNames=list(names.values())
        )
        return {key: int(answer["Attributes"][name]) for key, name in names.items()}

    def wait_until(
        self, condition: Callable[[], T], what: str, timeout_s: float = 30.0, period_s: float = 0.1
    ) -> T:
        """Wait until `condition` gives something true, and return that.

        Raises:
            StackError: after `timeout_s`, naming `what`.
        """
        deadline = time.monotonic() + timeout_s
        while not (result := condition()):
            if time.monotonic() > deadline:
                raise StackError(f"in vain for {timeout_s:.0f} s: {what}")
            time.sleep(period_s)
        return result

    def wait_for_empty_queue(self, timeout_s: float = 60.0) -> None:
        """Wait until no message is visible, delayed or in flight."""
        self.wait_until(lambda: not any(self.queue_counts().values()), "an empty queue", timeout_s)

    def running_executions(self) -> int:
        """Executions of the state machine that have not ended."""
        answer = self.client("stepfunctions").list_executions(
            stateMachineArn=self.outputs["StateMachineArn"], statusFilter="RUNNING"
        )
        return len(answer["executions"])

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
            "gate": "open" if self.esm_enabled() else "closed",
            "queue": self.queue_counts(),
            "dead_letter_queue": self.queue_counts("DeadLetterQueueUrl"),
            "running_executions": self.running_executions(),
            "invocations": dict(self.functions.counts),
            "webhooks": self.webhooks_url,
            "aws": self.aws_endpoint,
            "mateo": self.mateo_url,
            "outputs": dict(self.outputs),
        }

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine in the stack's event loop and wait for it."""
        future: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result()

    # ------------------------------------------------------------ inside

    def _take_line(self, function: str, line: str) -> None:
        self.metrics.read(line)
        self._on_line(function, line)

    async def _receive(self, name: str, event: bytes) -> Outcome:
        outcome = await self.functions.invoke(name, event)
        if outcome.failed:
            self.metrics.count_error(self.functions.find(name).name, self.clock.time())
        return outcome

    async def _restart(self) -> None:
        async with self.functions.paused():
            await self.functions.replace()

    def _invoke(self, name: str, event: bytes) -> Outcome:
        outcome: Outcome = self.run(self.functions.invoke(name, event))
        return outcome

    def _invoke_by_schedule(self, name: str, event: bytes) -> str:
        outcome = self._invoke(name, event)
        return outcome.payload.decode() if outcome.failed else ""

    def _invoke_from_queue(self, name: str, event: bytes, lineage: Lineage) -> Outcome:
        try:
            outcome: Outcome = self.run(self.functions.invoke(name, event, lineage))
        except LoopDetected:
            function = self.functions.find(name)
            self.metrics.count_dropped(function.name, self.clock.time())
            self._on_line("Stack", f"{function.logical_id}: {LOOP_REFUSED}")
            raise
        return outcome

    async def _move_everything(self, offset_s: float) -> None:
        async with self.functions.paused():
            await asyncio.to_thread(
                http_json, "PUT", f"{self.aws_endpoint}/_stack/clock", {"offset_s": offset_s}
            )
            if self._with_mateo:
                await asyncio.to_thread(self._mateo_put, "clock", {"offset_s": offset_s})
            self.clock.offset_s = offset_s
            await self.functions.replace()

    def _mateo_put(self, path: str, content: object) -> None:
        self.mateo("PUT", path, content)


def example_secrets(root: Path = child.ROOT) -> dict[str, list[str]]:
    """The example connections' secrets: {connection: [secret, ...]}; none without the file."""
    path = root / "local" / "example_secrets.json"
    if not path.exists():
        return {}
    secrets: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return secrets


def example_connections(root: Path = child.ROOT) -> dict[str, dict[str, object]]:
    """The tables of connections.toml, in the file's order."""
    file = root / "layers" / "connections" / "connections.toml"
    return tomllib.loads(file.read_text(encoding="utf-8-sig"))


async def _immediately(action: Callable[[], T]) -> T:
    return action()


async def _cancel_others() -> None:
    others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()
