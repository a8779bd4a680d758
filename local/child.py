"""Ties a process to the one that started it: `stack` starts its children so that none outlives it.

Each child leads its own process group (so that Ctrl-C reaches the supervisor alone, and a stop
reaches a child with all that it started) and ends when its parent does, even if the parent is
killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import time_machine

ROOT = Path(__file__).resolve().parent.parent
STOP_TIMEOUT_S = 2.0
KILL = signal.SIGKILL
CLOCK_SHIFT = "RELAY_CLOCK_SHIFT_S"
"""Seconds by which every process of a run sees another time of day than the machine's."""
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Let the kernel kill this process when its parent dies; called first thing in a child.

    Linux only; elsewhere the closed pipe does it (`watch_parent_pipe`) or the Runtime API that
    is gone.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def watch_parent_pipe(take: Callable[[bytes], None] = lambda _: None) -> None:
    """End this process when standard input, a pipe that only the parent holds, is closed.

    `take`: gets what the parent writes into it, in a thread.
    """

    def wait() -> None:
        with contextlib.suppress(OSError):
            while told := os.read(0, 1024):
                take(told)
        os._exit(0)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def shift_clock(seconds: float | None = None) -> None:
    """See a time of day that is so much later, in this process and those that it starts.

    Without `seconds`, first thing in a process: as much later as the process that started it.
    """
    inherited = float(os.environ.get(CLOCK_SHIFT, "0"))
    shift = inherited if seconds is None else seconds
    if seconds is not None:
        os.environ[CLOCK_SHIFT] = repr(inherited + seconds)
    if shift:
        _depart(shift)


class MovedClock:
    """The time of day that this process sees: the machine's plus an offset. Durations stay true."""

    def __init__(self) -> None:
        self._traveller: time_machine.Traveller | None = None
        self._offset_s = 0.0

    def move(self, offset_s: float) -> None:
        """From now on see the machine's time plus `offset_s`; the clock keeps running."""
        if self._traveller is None and offset_s:
            self._traveller = _depart(offset_s)
        elif self._traveller is not None:
            self._traveller.shift(offset_s - self._offset_s)
        self._offset_s = offset_s


def _depart(offset_s: float) -> time_machine.Traveller:
    # It imports pytest where that is installed, which takes longer than all the rest of it.
    sys.modules.setdefault("pytest", None)  # type: ignore[arg-type]  # None: cannot be imported
    import time_machine

    before, since = time.time(), time.monotonic()
    traveller = time_machine.travel(before + offset_s, tick=True).start()
    # The departure itself takes some milliseconds, by which the clock would be late.
    traveller.shift(before + offset_s + time.monotonic() - since - time.time())
    return traveller


def start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `python <arguments>` in its own process group, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )


def stop(processes: Sequence[subprocess.Popen[bytes]], timeout_s: float = STOP_TIMEOUT_S) -> None:
    """Ask all to end, wait for at most `timeout_s`, kill what is left with its whole group."""
    for process in processes:
        if process.poll() is None:
            signal_group(process.pid, signal.SIGTERM)
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout_s)
        signal_group(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group that a child leads; nothing if it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def main(arguments: Sequence[str]) -> None:
    """`python -m local.child MODULE ARGUMENTS...`: run a module of ours as a tied child."""
    import runpy

    end_with_parent()
    watch_parent_pipe()
    shift_clock()
    module, *rest = arguments
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
