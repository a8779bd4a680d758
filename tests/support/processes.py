"""Which processes a process has started, and which of them are still there. Reads `ps`."""

import subprocess


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


def _listed() -> list[tuple[int, int, str]]:
    command = ["ps", "-A", "-o", "pid=,ppid=,stat="]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [
        (int(pid), int(parent), state) for pid, parent, state in map(str.split, text.splitlines())
    ]
