"""Fits moto's Step Functions interpreter to the stack; `aws` calls `install_executions`.

Waits follow the stack's clock, which may be moved while an execution waits, and the
interpreter's calls to functions share one client instead of building one for each.
"""

from __future__ import annotations

import functools
import threading
import time
from typing import Any

from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment

from local.environment import client

_MAX_NAP_S = 0.5
"""A waiting execution looks this often whether it was stopped."""

_moved = threading.Condition()

MAX_TASK_S = 900
"""A function may run for 15 minutes (Lambda quotas)."""


def clock_moved() -> None:
    """Wake everything that waits for a time of day, so that it reads the clock."""
    with _moved:
        _moved.notify_all()


def _nap(deadline: float) -> bool:
    """Sleep for a while, at most until the clock shows `deadline`; whether it did already."""
    with _moved:
        left = deadline - time.time()
        if left > 0:
            _moved.wait(min(left, _MAX_NAP_S))
        return left <= 0


def wait_until(env: Environment, deadline: float) -> None:
    """Sleep until the clock, wherever it is moved, shows `deadline` or the execution is stopped."""
    while env.is_running() and not _nap(deadline):
        pass


def _wait_interval(_: WaitFunction, env: Environment, wait_seconds: int) -> None:
    wait_until(env, time.time() + wait_seconds)


class _RetryClock:
    """Stands for the module `time` where the interpreter sleeps between attempts."""

    @staticmethod
    def sleep(seconds: float) -> None:
        deadline = time.time() + seconds
        while not _nap(deadline):
            pass


def install_executions(endpoint: str) -> None:
    """Execute state machines from now on, their tasks through `endpoint`."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    # Set by name: what is replaced is private to the interpreter.
    setattr(WaitFunction, "_wait_interval", _wait_interval)  # noqa: B010
    setattr(retrier_decl, "time", _RetryClock)  # noqa: B010
    shared = functools.cache(
        lambda service: client(service, endpoint, read_timeout=MAX_TASK_S, max_pool_connections=50)
    )

    def client_for(service: str, **_: Any) -> Any:
        return shared(service)

    setattr(lambda_eval_utils, "boto_client_for", client_for)  # noqa: B010
