"""The two services that the stack starts as processes of their own: AWS (`aws`) and Mateo."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local import child, ports
from local.environment import base_environment, http_json

MATEO_TOKEN = "local-token"  # noqa: S105 - it opens nothing
START_TIMEOUT_S = 30.0
REQUESTS_COUNT_S = 1.0
"""For how long a request counts towards those that Mateo takes within a second."""

_LIMITS = {
    "RequestsPerSecond": "--requests-per-second",
    "RequestsPerDay": "--requests-per-day",
    "EntitiesPerDay": "--entities-per-day",
    "LimitTimeZone": "--time-zone",
}
"""Template parameters that both sides must agree on, and Mateo's options for them."""

_MOTO = {"MOTO_DISABLE_GLOBAL_CORS": "true"}
"""No browser calls the AWS endpoint, and the headers for one cost time on each request."""


class StackError(Exception):
    """The stack could not start or be read, or a wait timed out; the text says what and why."""


def let_requests_pass(mateo: Callable[[str, str], Any]) -> None:
    """Wait until the last request no longer counts towards those that Mateo takes in a second.

    `mateo` makes a request to its admin surface, which does not count.
    """
    count = int(mateo("GET", "state")["counts"]["requests"])
    for last in mateo("GET", f"requests?limit=1&offset={max(0, count - 1)}")["items"]:
        passed_at = last["arrived_real_us"] / 1_000_000 + REQUESTS_COUNT_S
        time.sleep(max(0.0, passed_at - time.time()))


class Services:
    """Processes that begin together, each with its log, and end together."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_aws(self, listening: socket.socket, invoke_url: str) -> None:
        """Start moto on a socket that already listens; it takes the socket over."""
        arguments = ["local.aws.moto_process", "--socket", str(listening.fileno())]
        arguments += ["--port", str(ports.port_of(listening)), "--invoke", invoke_url]
        self._start("aws", arguments, listening.fileno())
        listening.close()

    def start_mateo(self, port: int, parameters: Mapping[str, str]) -> None:
        """Start Mateo, empty, with the limits that the template's parameters name."""
        # The AWS services begin empty; with yesterday's usage Mateo would not agree with the
        # quota.
        state = self._state_dir / "mateo"
        shutil.rmtree(state, ignore_errors=True)
        arguments = ["mateo_emulator", "--host", ports.HOST, "--port", str(port)]
        arguments += ["--state", str(state), "--token", MATEO_TOKEN]
        for parameter, option in _LIMITS.items():
            if parameter in parameters:
                arguments += [option, parameters[parameter]]
        self._start("mateo", arguments)

    def wait_for(self, name: str, url: str) -> None:
        """Wait until a service answers.

        Raises:
            StackError: if it ends or stays silent, with the last line of its log.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._processes[name].poll() is None:
            try:
                http_json("GET", url)
            except OSError:
                time.sleep(0.02)
            else:
                return
        log = self._log(name)
        last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it says nothing"]
        raise StackError(f"{name} did not start: {last[0]} ({log})")

    def stop(self) -> None:
        """End them all, gently for two seconds."""
        child.stop(list(self._processes.values()))
        self._processes.clear()

    def kill(self) -> None:
        """End them at once."""
        for process in self._processes.values():
            child.signal_group(process.pid, child.KILL)

    def _log(self, name: str) -> Path:
        return self._state_dir / "logs" / f"{name}.log"

    def _start(self, name: str, arguments: list[str], *pass_fds: int) -> None:
        self._processes[name] = child.start(
            ["-m", "local.child", *arguments], base_environment() | _MOTO, self._log(name), pass_fds
        )
