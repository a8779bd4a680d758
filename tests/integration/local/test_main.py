"""`python -m local` starts the stack, says in one line what is wrong, and leaves nothing behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from local.child import ROOT

STOP_LIMIT_S = 60


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def free_ports() -> list[str]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [str(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    options = ["--webhooks-port", "--aws-port", "--mateo-port"]
    return [word for pair in zip(options, ports, strict=True) for word in pair]


def descendants(pid: int) -> set[int]:
    children: dict[int, set[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError):
            continue
        children.setdefault(parent, set()).add(int(folder.name))
    found: set[int] = set()
    todo = [pid]
    while todo:
        new = children.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def alive(pids: set[int]) -> set[int]:
    running = set()
    for pid in pids:
        try:
            state = (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state != "Z":
            running.add(pid)
    return running


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def read_welcome(up: subprocess.Popen[str]) -> str:
    assert up.stdout is not None
    text = ""
    while "Ctrl-C" not in text:
        line = up.stdout.readline()
        assert line, f"it ended: {up.stderr.read() if up.stderr else ''}"
        text += line
    return text


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    ports = free_ports()
    process = command("up", "--state-dir", str(tmp_path), *ports)
    yield process, ports
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


Up = tuple[subprocess.Popen[str], list[str]]


def test_up_says_what_a_person_needs_and_sigterm_leaves_nothing(up: Up) -> None:
    process, ports = up
    welcome = read_welcome(process)
    for port in ports[1::2]:
        assert f"http://127.0.0.1:{port}" in welcome
    for word in (
        "standard_webhooks",
        "pipedrive",
        "json",
        "local/example_secrets.json",
        "curl",
        "local-token",
    ):
        assert word in welcome
    children = descendants(process.pid)
    assert len(children) >= 5

    process.terminate()

    assert process.wait(STOP_LIMIT_S) == 0
    wait_for(lambda: not alive(children))


def test_the_curl_line_works_and_is_logged_in_one_line(up: Up) -> None:
    process, ports = up
    welcome = read_welcome(process)
    curl = next(line for line in welcome.splitlines() if "curl" in line)
    secret = curl.split("X-Relay-Secret: ")[1].split("'")[0]
    body = (ROOT / curl.split("-d @")[1]).read_text()
    response = httpx.post(
        f"http://127.0.0.1:{ports[1]}/webhooks/json",
        content=body,
        headers={"Content-Type": "application/json", "X-Relay-Secret": secret},
        trust_env=False,
    )

    assert response.is_success
    assert process.stdout is not None
    while not (line := process.stdout.readline()).strip():
        pass
    assert "webhook.stored" in line
    assert "connection=json" in line


def test_a_killed_supervisor_takes_its_children_along(up: Up) -> None:
    process, _ = up
    read_welcome(process)
    children = descendants(process.pid)

    process.kill()

    process.wait()
    wait_for(lambda: not alive(children))


def test_an_interrupt_during_the_start_leaves_nothing(up: Up) -> None:
    process, _ = up
    wait_for(lambda: descendants(process.pid))
    children = descendants(process.pid)

    process.send_signal(signal.SIGINT)

    process.wait(STOP_LIMIT_S)
    wait_for(lambda: not alive(children))


@pytest.mark.parametrize("option", ["--webhooks-port", "--aws-port", "--mateo-port"])
def test_a_taken_port_is_one_line_and_exit_code_2(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = free_ports()
        ports[ports.index(option) + 1] = port
        process = command("up", "--state-dir", str(tmp_path), *ports)
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 2
    assert len(errors.strip().splitlines()) == 1
    assert f"Port {port}" in errors
    assert option in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--parameter", "EntitiesPerDay"], "NAME=VALUE"),
        (["--parameter", "NoSuchThing=1"], "no such parameter: NoSuchThing"),
        (["--parameter", "RowsPerImport=0"], "parameter RowsPerImport"),
    ],
)
def test_a_wrong_parameter_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    process = command("up", "--state-dir", str(tmp_path), *free_ports(), *arguments)
    _, errors = process.communicate(timeout=20)

    assert process.returncode == 2
    assert len(errors.strip().splitlines()) == 1
    assert words in errors


def test_without_a_stack_its_commands_say_so(tmp_path: Path) -> None:
    process = command("status", *free_ports()[:2])
    _, errors = process.communicate(timeout=20)

    assert process.returncode == 2
    assert "No stack answers" in errors
