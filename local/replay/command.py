"""The command: which items, and why; then it says how many it put back, and how to go on."""

from __future__ import annotations

import argparse
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from import_relay.bulk.replay_wiring import Names, build_replaying
from import_relay.bulk.replaying import ReplayCounts, Replaying
from import_relay.domain.errors import RelayError
from import_relay.domain.replays import Replay
from import_relay.storage.quota import Limits
from import_relay.storage.replays import Selection
from local.environment import client as local_client
from local.stack.services import StackError
from local.stack.stack import STACK_NAME

CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard"})
KEPT_DAYS = 35
"""The lifecycle of `imports/` and `items/` in the template."""
NEEDED = {"LedgerTableName", "BucketName", "BulkQueueUrl", "DeadLetterQueueUrl"}
"""Outputs of the template."""
CLOCKS_S = 5.0
"""This machine's clock may be off by so much from the stack's; AWS gives its own in seconds."""
_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack: what CloudFormation says of it, clients of its services, and its time of day."""

    described: Mapping[str, Any]
    client: Callable[[str], Any]
    clock: Callable[[], float]


def main(options: argparse.Namespace, running: Callable[[], Mapping[str, Any]]) -> int:
    """Put items back, or count them.

    Raises:
        StackError: an option is wrong, there is no such stack, or AWS failed.
    """
    try:
        stack = _deployed(options) if options.stack else _local(running())
        replaying = build(stack)
        if options.id:
            return _go_on(replaying, options.id)
        selection = _selection(options, stack.clock())
        if options.dry_run:
            print(_text("Would put back", replaying.count(selection)))
            return 0
        return _begin(replaying, options, selection, stack.clock())
    except (ClientError, BotoCoreError) as error:
        raise StackError(f"{options.stack or 'The stack'} cannot be used: {error}") from error


def _begin(
    replaying: Replaying, options: argparse.Namespace, selection: Selection, now: float
) -> int:
    if not options.reason:
        raise StackError("--reason is missing: say why these items are put back")
    id_ = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    replay = Replay(id_, int(now * 1_000_000), options.reason, options.force)
    replaying.begin(replay, selection)
    return _go_on(replaying, id_)


def _go_on(replaying: Replaying, id_: str) -> int:
    if not _ID.fullmatch(id_):
        raise StackError(f"--id {id_}: an id is like 20261121T100000-a1b2c3")
    try:
        counts = replaying.run(id_)
    except LookupError as error:
        raise StackError(f"--id {id_}: no such replay was begun") from error
    except (RelayError, ClientError, BotoCoreError) as error:
        print(f"Stopped: {error}\nGo on with: --id {id_}", file=sys.stderr)
        return 1
    print(_text(f"Replay {id_} put back", counts))
    return 0


def _text(what: str, counts: ReplayCounts) -> str:
    lines = [f"{what} {counts.total} items"]
    lines += [f"  {name}  {many}" for name, many in sorted(counts.by_connection.items())]
    return "\n".join(lines)


def _selection(options: argparse.Namespace, now: float) -> Selection:
    if not options.received_from:
        raise StackError("--from is missing: a time such as 2026-11-21 or 2026-11-21T10:00")
    begin = _timestamp("--from", options.received_from)
    end = _timestamp("--to", options.received_to) if options.received_to else now
    if begin >= end:
        raise StackError("--from is not before --to")
    if begin < now - KEPT_DAYS * 86_400:
        raise StackError(f"--from: items are kept for {KEPT_DAYS} days")
    return Selection(begin, end, options.connection, options.outcome)


def _timestamp(option: str, text: str) -> float:
    """A time in s since the epoch; in UTC unless it has an offset."""
    try:
        timestamp = datetime.fromisoformat(text)
    except ValueError as error:
        raise StackError(f"{option} {text}: write 2026-11-21 or 2026-11-21T10:00") from error
    return (timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)).timestamp()


def build(stack: Stack) -> Replaying:
    """The use case for a stack, which finds its parts by the outputs of the stack.

    Raises:
        StackError: it is no import relay.
    """
    found = stack.described
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}
    missing = sorted(NEEDED - outputs.keys())
    if missing:
        raise StackError(
            f"{found['StackName']} is no import relay, or not deployed: it has no {missing[0]}"
        )
    zone = ZoneInfo(parameters.get("LimitTimeZone", "UTC"))
    names = Names(
        outputs["LedgerTableName"],
        outputs["BucketName"],
        outputs["BulkQueueUrl"],
        outputs["DeadLetterQueueUrl"],
        Limits(2.0, 10_000, 25_000, zone),  # of which the days alone are needed
    )
    return build_replaying(stack.client, names, emit=_say, clock=stack.clock)


def _say(event: str, **keys: object) -> None:
    print(event, *(f"{name}={value}" for name, value in keys.items()), file=sys.stderr)


def _local(said: Mapping[str, Any]) -> Stack:
    return described(STACK_NAME, partial(local_client, endpoint=str(said["aws"])))


def _deployed(options: argparse.Namespace) -> Stack:
    session = boto3.session.Session(region_name=options.region)
    return described(options.stack, partial(session.client, config=CONFIG))


def described(name: str, client: Callable[[str], Any]) -> Stack:
    """A stack by its name.

    Its time of day is AWS's: a replay is counted by it, and orders what it forces. The clock of
    the machine on which a person works may be wrong.
    """
    answer = client("cloudformation").describe_stacks(StackName=name)
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    ahead_s = parsedate_to_datetime(said).timestamp() - time.time() if said else 0.0
    if abs(ahead_s) < CLOCKS_S:
        ahead_s = 0.0
    return Stack(answer["Stacks"][0], client, lambda: time.time() + ahead_s)
