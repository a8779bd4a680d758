"""ministack, an AWS of its own making, as a process: neither moto nor the local stack.

It runs in an environment of its own (`make second-aws` installs it), since it pins another
botocore than the tests. `fake` gives the one that stands for moto; `tests/second_aws` starts one
that enforces permissions and deploys onto it.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("SECOND_AWS_PYTHON", ROOT / ".venv-second-aws/bin/python"))
REGION = "eu-central-1"
ACCOUNT = "123456789012"
START_S = 60.0
FAKE = "AWS_FAKE"
"""If this variable is `ministack`, tests of the stores run against it instead of moto."""


_FIRES_NOTHING = (
    "import ministack.app, ministack.services.scheduler as scheduler;"
    "scheduler.start_scheduler = lambda: None; ministack.app.main()"
)
"""Starts ministack without its thread that fires schedules and deletes those that are over."""


class Ministack:
    """A running one, empty at first. `environment` adds to what its process sees.

    `fires_schedules`: when they are due by the machine's clock, which is not that of every test.
    """

    def __init__(
        self,
        folder: Path,
        *,
        enforces: bool,
        fires_schedules: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = folder / "ministack.log"
        self.port = _free_port()
        self.url = f"http://localhost:{self.port}"
        if not PYTHON.exists():
            raise RuntimeError(f"{PYTHON} is missing: `make second-aws` installs it")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(PYTHON),
                    *(("-m", "ministack") if fires_schedules else ("-c", _FIRES_NOTHING)),
                ],
                cwd=folder,
                env=_environment(folder, self.port, enforces=enforces) | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/_ministack/ready", trust_env=False).is_success:
                    return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"ministack did not start:\n{self.log()[-2_000:]}")

    def log(self) -> str:
        """All that it wrote."""
        return self._log.read_text(errors="replace")

    def reset(self) -> None:
        """Forget everything."""
        httpx.post(f"{self.url}/_ministack/reset", timeout=60, trust_env=False).raise_for_status()

    def queued(self, queue_url: str) -> list[tuple[dict[str, Any], int]]:
        """(content, delay in s) of every message in a queue, without receiving it."""
        answer = httpx.get(
            f"{self.url}/_ministack/sqs/messages", params={"QueueUrl": queue_url}, trust_env=False
        ).raise_for_status()
        return [
            (json.loads(one["Body"]), one["VisibleAt"] - one["SentTimestamp"])
            for regions in answer.json()["messages"].values()
            for queues in regions.values()
            for messages in queues.values()
            for one in messages
        ]

    def stop(self) -> None:
        """End it, with the functions that it started."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment(folder: Path, port: int, *, enforces: bool) -> dict[str, str]:
    """Nothing of this machine, and nothing that leaves it."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_AUTOCREATE_AWS_MANAGED": "1",
        "AUTH": str(enforces).lower(),
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        "LOG_LEVEL": "WARNING",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_fake() -> bool:
    """Whether tests of the stores run against ministack."""
    return os.environ.get(FAKE) == "ministack"


@cache
def fake() -> Ministack:
    """The one of this process, started when it is first asked for and ended with the process."""
    import atexit
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="ministack-"))
    one = Ministack(folder, enforces=False, fires_schedules=False)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(one.stop)
    return one


@contextlib.contextmanager
def fresh_fake() -> Iterator[None]:
    """The fake with nothing in it; while it lasts, clients that are made without one find it."""
    one = fake()
    one.reset()
    before = os.environ.get("AWS_ENDPOINT_URL")
    os.environ["AWS_ENDPOINT_URL"] = one.url
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_ENDPOINT_URL"]
        else:
            os.environ["AWS_ENDPOINT_URL"] = before
