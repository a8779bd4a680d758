"""The emulator as a process: started, killed, started again, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from mateo_emulator.__main__ import read_start
from tests.integration.mateo_emulator.emulator import (
    AT_ONCE,
    NO_LIMITS,
    Emulator,
    contact,
    wait_for,
)

ROOT = Path(__file__).resolve().parents[3]
ROWS = 3_000


def command(state: Path, *flags: str) -> list[str]:
    return [sys.executable, "-m", "mateo_emulator", "--port", "0", "--state", str(state), *flags]


@contextmanager
def running(state: Path, *flags: str) -> Iterator[tuple[Emulator, subprocess.Popen[str]]]:
    """A process and a client for it; killed at the end if it still runs."""
    with subprocess.Popen(
        command(state, *flags), stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1].removesuffix("/api/v1,")
            with httpx.Client(timeout=15) as http:
                yield Emulator(address, http), process
        finally:
            process.kill()


def test_a_killed_process_loses_and_repeats_no_row(tmp_path: Path) -> None:
    slow = {**AT_ONCE, "processing_per_row_us": 400}
    with running(tmp_path) as (emulator, process):
        emulator.change("limits", **NO_LIMITS)
        emulator.change("behaviour", **slow)
        bad = [{"external_id": "B-1", "email": "wrong"}]
        rows = [contact(number) for number in range(ROWS)] + bad
        ids = [emulator.post(rows).json()["id"] for _ in range(2)]
        wait_for(lambda: emulator.look(f"imports/{ids[0]}")["next_row"] > 0, "the first chunk")
        process.kill()
    for _ in range(3):
        with running(tmp_path) as (emulator, process):
            before = emulator.look("state")["counts"]["contacts"]
            process.kill()
    assert 0 < before <= ROWS
    with running(tmp_path) as (emulator, _):
        emulator.change("behaviour", **AT_ONCE)
        done = [emulator.finished(import_id) for import_id in ids]
        assert [(one["success_count"], one["failed_count"]) for one in done] == [(ROWS, 1)] * 2
        assert emulator.look("contacts", limit=1)["count"] == ROWS
        assert {one["rows_applied"] for one in emulator.items("contacts")} == {2}
        assert [len(one["failed"]) for one in done] == [1, 1]


def test_usage_clock_limits_and_token_survive_a_kill(tmp_path: Path) -> None:
    with running(tmp_path) as (emulator, process):
        emulator.change("clock", day="2030-01-01")
        emulator.change("limits", requests_per_second=None, entities_per_day=3)
        assert emulator.post([contact(1), contact(2)]).status_code == 201
        emulator.change("token", token="rotated")
        process.kill()
    with running(tmp_path) as (emulator, _):
        state = emulator.look("state")
        assert state["usage"] == {"day": "2030-01-01", "requests": 1, "entities": 2}
        assert emulator.get().status_code == 403
        assert state["limits"]["entities_per_day"] == 3


def test_flags_win_over_what_the_state_remembers(tmp_path: Path) -> None:
    with running(tmp_path) as (emulator, _):
        emulator.change("limits", entities_per_day=3)
    flags = ("--entities-per-day", "5", "--token", "mine", "--time-zone", "Europe/Berlin")
    with running(tmp_path, *flags) as (emulator, _):
        limits = emulator.look("state")["limits"]
        assert (limits["entities_per_day"], limits["time_zone"]) == (5, "Europe/Berlin")
        assert emulator.get({"authorization": "Bearer mine"}).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_although_a_request_is_open(tmp_path: Path, number: int) -> None:
    with running(tmp_path) as (emulator, process):
        emulator.change("limits", request_timeout_s=600)
        emulator.fault("timeout_before")
        with socket.create_connection(
            ("127.0.0.1", int(emulator.root.rpartition(":")[2]))
        ) as open_:
            open_.sendall(
                b"GET /api/v1/import HTTP/1.1\r\nhost: x\r\n"
                b"authorization: Bearer local-token\r\n\r\n"
            )
            wait_for(lambda: bool(emulator.items("requests")), "the request")
            process.send_signal(number)
            process.wait(timeout=60)
        assert process.stdout is not None
        assert process.stdout.read() == ""


def failure_of(state: Path, *flags: str) -> tuple[int, str]:
    result = subprocess.run(
        command(state, *flags), capture_output=True, text=True, cwd=ROOT, timeout=20, check=False
    )
    assert result.stdout == ""
    return result.returncode, result.stderr


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, text = failure_of(tmp_path, "--port", str(port))
    assert (code, len(text.splitlines())) == (1, 1)
    assert f"127.0.0.1:{port}" in text


@pytest.mark.parametrize(
    ("prepare", "flags", "word"),
    [
        (lambda _: None, ("--time-zone", "Mars/Olympus"), "time zone"),
        (lambda path: (path / "mateo.sqlite3").write_text("not a database " * 100), (), "mateo.sq"),
    ],
)
def test_a_start_that_cannot_work_is_one_clear_line(
    tmp_path: Path, prepare: Callable[[Path], object], flags: tuple[str, ...], word: str
) -> None:
    prepare(tmp_path)
    code, text = failure_of(tmp_path, *flags)
    assert (code, len(text.splitlines())) == (1, 1)
    assert word in text


def test_flags_win_over_the_environment_and_that_over_the_defaults() -> None:
    environment = {"MATEO_EMULATOR_PORT": "4011", "MATEO_EMULATOR_ENTITIES_PER_DAY": "7"}
    start = read_start(["--port", "4012", "--clock-offset", "86400"], environment)
    assert (start.port, start.entities_per_day, start.clock_offset_s) == (4012, 7, 86_400.0)
    assert read_start([], {}).port == 4010


def test_it_is_a_command_of_the_stack_too(tmp_path: Path) -> None:
    line = ["-m", "local", "mateo", "--port", "0", "--state", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, *line], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1].removesuffix("/api/v1,")
        assert httpx.get(f"{address}/_sandbox/clock").status_code == 200
        process.terminate()


def test_the_process_needs_no_environment(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "mateo_emulator", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        check=True,
    )
    assert "--clock-offset" in result.stdout
