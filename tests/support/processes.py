"""Which processes a process has started, and which of them are still there."""

import subprocess
from pathlib import Path

PROC = Path("/proc")

Process = tuple[int, int, str]
"""Its id, its parent's, and its state."""


def descendants(pid: int) -> set[int]:
    """All that a process has started, and what these have started."""
    children: dict[int, set[int]] = {}
    for one, parent, _ in _listed():
        children.setdefault(parent, set()).add(one)
    found: set[int] = set()
    ahead = [pid]
    while ahead:
        new = children.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that have not ended; one that only waits to be reaped has."""
    return {pid for pid, _, state in _listed() if pid in pids and not state.startswith("Z")}


def _listed() -> list[Process]:
    return _of_proc() if (PROC / "self" / "stat").exists() else _of_ps()


def _of_proc() -> list[Process]:
    """Linux: `ps` is missing from small images."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue  # it has just ended
        state, parent = text.rpartition(")")[2].split()[:2]
        found.append((int(folder.name), int(parent), state))
    return found


def _of_ps() -> list[Process]:
    command = ["ps", "-A", "-o", "pid=,ppid=,stat="]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = map(str.split, text.splitlines())
    return [(int(pid), int(parent), state) for pid, parent, state in lines]
