"""The command: takes snapshots of a stack until it balances, and prints what it
found.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.environment import client as local_client
from local.stack.services import StackError
from local.stack.stack import STACK_NAME
from relay_ops.status.looking import (
    LOCAL_PATIENCE_S,
    LOOK_EVERY_S,
    LOOK_PATIENCE_S,
    Source,
    snapshot,
)
from relay_ops.status.screen import as_json, screen

READ_CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard"})


def main(options: argparse.Namespace, running: Callable[[], dict[str, Any]]) -> int:
    """Print the status; 0 if it balances, else 1.

    Args:
        options: `stack`, `region` and `json`.
        running: what the running stack says of itself; it then has counted all its metrics.

    Raises:
        StackError: there is no such stack, or it cannot be read.
    """
    try:
        source = _deployed(options) if options.stack else _local(running)
        shown = snapshot(source)
    except (ClientError, BotoCoreError) as error:
        raise StackError(f"{options.stack or 'The stack'} cannot be read: {error}") from error
    if options.json:
        print(json.dumps(as_json(shown), indent=2))
    else:
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(screen(shown, colour=colour))
    return 1 if shown.has_fault else 0


def _local(running: Callable[[], dict[str, Any]]) -> Source:
    said = running()
    endpoint, offset_s = str(said["aws"]), float(said["clock_offset_s"])
    return Source(
        stack=STACK_NAME,
        place="on this machine",
        client=partial(local_client, endpoint=endpoint),
        clock=lambda: time.time() + offset_s,
        refresh=running,
        period_s=0.5,
        patience_s=LOCAL_PATIENCE_S,
    )


def _deployed(options: argparse.Namespace) -> Source:
    session = boto3.session.Session(region_name=options.region)
    return Source(
        stack=options.stack,
        place=f"{session.region_name}",
        client=partial(session.client, config=READ_CONFIG),
        clock=time.time,
        refresh=lambda: None,
        period_s=LOOK_EVERY_S,
        patience_s=LOOK_PATIENCE_S,
    )
