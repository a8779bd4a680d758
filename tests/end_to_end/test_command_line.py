"""What a newcomer does: `up` and its curl line, and `demo`."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from local import ports
from local.child import ROOT
from local.environment import client, http_json
from tests.support.processes import alive, descendants

STOP_LIMIT_S = 5
T = TypeVar("T")


@pytest.fixture
def up(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    free = [ports.free(0, "a test", "") for _ in range(3)]
    names = ["RELAY_WEBHOOKS_PORT", "RELAY_AWS_PORT", "RELAY_MATEO_PORT"]
    variables = {name: str(port) for name, port in zip(names, free, strict=True)}
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--state-dir", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    yield process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(condition: Callable[[], T], what: str) -> T:
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.1)
    return found


def read_until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    text = ""
    while word not in text:
        line = process.stdout.readline()
        assert line, f"it ended: {text}"
        text += line
    return text


def run_curl(line: str) -> str:
    """Run a curl line as a person would; without curl, do what its options say."""
    words = shlex.split(line)
    if shutil.which("curl"):
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    headers = dict(words[n + 1].split(": ", 1) for n, word in enumerate(words) if word == "-H")
    (data,) = (words[n + 1] for n, word in enumerate(words) if word == "-d")
    body = (ROOT / data.removeprefix("@")).read_bytes()
    answer = httpx.post(words[2], headers=headers, content=body, trust_env=False, timeout=30)
    return f"HTTP/1.1 {answer.status_code}\r\n\r\n{answer.text}"


def test_up_takes_its_own_curl_line_to_a_report_and_leaves_nothing_behind(
    up: subprocess.Popen[str], tmp_path: Path
) -> None:
    welcome = read_until(up, "Ctrl-C")
    addresses = {line.split()[0]: line.split()[1] for line in welcome.splitlines() if "://" in line}
    curl = next(line for line in welcome.splitlines() if "curl" in line)

    stack = client("cloudformation", addresses["AWS"]).describe_stacks(StackName="import-relay")
    outputs = {one["OutputKey"] for one in stack["Stacks"][0]["Outputs"]}
    assert {"BucketName", "QueueUrl", "LedgerTableName"} <= outputs
    headers = {"Authorization": "Bearer local-token"}
    imports = httpx.get(f"{addresses['Mateo']}/import", headers=headers, trust_env=False)
    assert imports.json() == []

    answer = run_curl(curl)

    assert answer.split()[1] == "200"
    assert json.loads(answer.splitlines()[-1])["received"] == 1
    printed = read_until(up, "import.finished")
    assert "webhook.stored" in printed
    contacts = http_json("GET", f"{addresses['Mateo'].partition('/api')[0]}/_sandbox/contacts")
    assert [one["external_id"] for one in contacts["items"]] == ["10001"]
    wait_for(lambda: list(tmp_path.glob("reports/**/summary.json")), "the mirrored report")
    children = descendants(up.pid)
    assert len(children) >= 6

    up.terminate()

    assert up.wait(STOP_LIMIT_S) == 0
    wait_for(lambda: not alive(children), "the end of its processes")


def test_demo_balances_and_shows_a_failure_report(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "local", "demo", "--contacts", "150", "--state-dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "submission.paused" in ended.stdout
    assert "WRONG" not in ended.stdout
    report = Path(ended.stdout.split("A failure report: ")[1].splitlines()[0])
    assert report.is_relative_to(tmp_path)
    assert report.read_text(encoding="utf-8-sig").startswith("code,")
