"""The stack that a command works on: a deployed one by its name, or the one on this machine."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from import_relay.storage.bucket_reads import READERS, Bucket
from relay_ops.exits import StackUnavailable

LOCAL_NAME = "import-relay"
LOCAL_REGION = "us-east-1"
ITEMS_KEPT_DAYS = 35
"""The lifecycle of `imports/` and `items/` in the template."""
CLOCK_OFFSET_S = 5.0
"""This machine's clock may be off by so much from the stack's; AWS gives its own in seconds."""
NEEDED_OUTPUTS = (
    "BucketName",
    "QueueUrl",
    "BulkQueueUrl",
    "DeadLetterQueueUrl",
    "LedgerTableName",
    "WatermarksTableName",
)
AWS_CONNECT_TIMEOUT_S, AWS_READ_TIMEOUT_S, FUNCTION_TIMEOUT_S = 5, 60, 660


@dataclass(frozen=True)
class Stack:
    """A stack: what CloudFormation says of it, clients of its services, and its time of day.

    `place` says where it is, for people. `refresh` is called before counts are read: the local
    stack then has counted everything. `clock` gives s since the epoch. `webhooks_at`: where the
    local one takes webhooks.
    """

    name: str
    place: str
    described: Mapping[str, Any]
    make_client: Callable[[str], Any]
    clock: Callable[[], float] = time.time
    refresh: Callable[[], object] = lambda: None
    is_local: bool = False
    webhooks_at: str = ""
    logs: Path | None = None
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def client(self, service: str) -> Any:
        """A boto3 client, one per service; threads may share it."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.make_client(service)
            return self._clients[service]

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The outputs of the stack: `BucketName`, `QueueUrl`, `LedgerTableName` and so on."""
        return {one["OutputKey"]: one["OutputValue"] for one in self.described.get("Outputs", [])}

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The parameters with which it was deployed."""
        found = self.described.get("Parameters", [])
        return {one["ParameterKey"]: one["ParameterValue"] for one in found}

    @cached_property
    def resources(self) -> Mapping[str, str]:
        """Logical id → physical id of everything in the stack."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.name)
            for one in page["StackResourceSummaries"]
            if one.get("PhysicalResourceId")
        }

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """The environment variables of submission: limits, Mateo's address, names."""
        function = self.resources["SubmitImports"]
        answer = self.client("lambda").get_function_configuration(FunctionName=function)
        return {name: str(text) for name, text in answer["Environment"]["Variables"].items()}

    @property
    def webhooks(self) -> str:
        """The address for the CRMs; a connection's name follows it after a slash."""
        return self.webhooks_at or self.outputs["WebhookUrl"].removesuffix("/{connection}")

    @property
    def bucket(self) -> str:
        """The bucket with reports and everything that was stored."""
        return self.outputs["BucketName"]

    @property
    def objects(self) -> Bucket:
        """What is in the bucket."""
        return Bucket(self.client("s3"), self.bucket)

    @property
    def ledger_table(self) -> str:
        """The table of imports, quota and lease."""
        return self.outputs["LedgerTableName"]

    @cached_property
    def time_zone(self) -> ZoneInfo:
        """The zone in which the days of the limits and of the reports begin."""
        return ZoneInfo(self.parameters.get("LimitTimeZone", "UTC"))

    @property
    def created_at(self) -> datetime:
        """When it was first deployed."""
        found: datetime = self.described["CreationTime"]
        return found

    def now(self) -> datetime:
        """The stack's time of day in its own zone."""
        return datetime.fromtimestamp(self.clock(), self.time_zone)


def open_stack(name: str = "", region: str = "") -> Stack:
    """The stack of this name, or the one that runs on this machine.

    Raises:
        StackUnavailable: there is none, or it is no import relay.
        ClientError, BotoCoreError: AWS does not let us see it.
    """
    stack = deployed(name, region) if name else on_this_machine()
    missing = [one for one in NEEDED_OUTPUTS if one not in stack.outputs]
    if missing:
        raise StackUnavailable(
            f"{stack.name} is no import relay, or not deployed: it has no output {missing[0]}."
        )
    return stack


def deployed(name: str, region: str) -> Stack:
    """A deployed stack, with the credentials of the AWS CLI."""
    import boto3
    import botocore.session
    from botocore.config import Config

    from relay_ops.quick_times import with_quick_times

    own = with_quick_times(botocore.session.Session())
    session: Any = boto3.session.Session(region_name=region or None, botocore_session=own)
    config = Config(
        connect_timeout=AWS_CONNECT_TIMEOUT_S,
        read_timeout=AWS_READ_TIMEOUT_S,
        max_pool_connections=READERS,
        retries={"mode": "standard"},
    )
    place = str(session.region_name)

    def client(service: str) -> Any:
        return session.client(service, config=config.merge(own_config(service)))

    return of_clients(name, place, client)


def own_config(service: str) -> Any:
    """What a service needs besides.

    S3's addresses for a browser are refused unless they are signed for the bucket's region; a
    function may work for ten minutes before it answers.
    """
    from botocore.config import Config

    if service == "lambda":
        return Config(read_timeout=FUNCTION_TIMEOUT_S)
    if service != "s3":
        return Config()
    return Config(signature_version="s3v4", s3={"addressing_style": "virtual"})


def on_this_machine(webhooks_port: int = 0) -> Stack:
    """The stack that `make up` keeps running."""
    port = webhooks_port or int(os.environ.get("RELAY_WEBHOOKS_PORT", "3000"))
    ask = _asking(port)
    said = ask()
    offset_s = float(said["clock_offset_s"])
    session = _local_session()

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=str(said["aws"]), config=_local_config())

    stack = of_clients(
        LOCAL_NAME,
        "on this machine",
        client,
        clock=lambda: time.time() + offset_s,
        refresh=ask,
        is_local=True,
    )
    return replace(
        stack, webhooks_at=f"http://127.0.0.1:{port}/webhooks", logs=Path(str(said["logs"]))
    )


def of_clients(
    name: str,
    place: str,
    make_client: Callable[[str], Any],
    *,
    clock: Callable[[], float] | None = None,
    refresh: Callable[[], object] = lambda: None,
    is_local: bool = False,
) -> Stack:
    """A stack by its name. Without `clock`, its time of day is AWS's.

    Days are counted by it, and the clock of the machine on which a person works may be wrong.
    """
    cloudformation = make_client("cloudformation")
    answer = cloudformation.describe_stacks(StackName=name)
    stack = Stack(
        name,
        place,
        answer["Stacks"][0],
        make_client,
        clock or _clock_of(answer),
        refresh,
        is_local,
    )
    stack._clients["cloudformation"] = cloudformation  # noqa: SLF001 - made here
    return stack


def _clock_of(answer: Mapping[str, Any]) -> Callable[[], float]:
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    ahead_s = parsedate_to_datetime(said).timestamp() - time.time() if said else 0.0
    if abs(ahead_s) < CLOCK_OFFSET_S:
        ahead_s = 0.0
    return lambda: time.time() + ahead_s


def _asking(port: int) -> Callable[[], dict[str, Any]]:
    """Asks the local stack about itself; then it has counted everything that happened."""
    address = f"http://127.0.0.1:{port}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask() -> dict[str, Any]:
        try:
            with opener.open(f"{address}/_stack/status", timeout=30) as answer:
                said: dict[str, Any] = json.loads(answer.read())
                return said
        except (OSError, ValueError) as error:
            raise StackUnavailable(
                f"No stack answers at {address}. Start one with `make up`, "
                "or name a deployed one with --stack."
            ) from error

    return ask


def _local_session() -> Any:
    """A session that reads nothing of the user's own AWS set-up."""
    import boto3
    import botocore.session

    from relay_ops.quick_times import with_quick_times

    nothing: Mapping[str, Any] = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
        "ca_bundle": (None, None, None, None),
        "use_fips_endpoint": (None, None, None, None),
        "use_dualstack_endpoint": (None, None, None, None),
        "ignore_configured_endpoint_urls": (None, None, True, None),
        "region": (None, None, LOCAL_REGION, None),
    }
    return boto3.session.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the local stack asks for none in particular
        region_name=LOCAL_REGION,
        botocore_session=with_quick_times(botocore.session.Session(session_vars=dict(nothing))),
    )


def _local_config() -> Any:
    from botocore.config import Config

    return Config(
        proxies={},
        retries={"total_max_attempts": 1},
        connect_timeout=AWS_CONNECT_TIMEOUT_S,
        read_timeout=AWS_READ_TIMEOUT_S,
        max_pool_connections=READERS,
    )
