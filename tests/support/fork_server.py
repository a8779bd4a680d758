"""One function, prepared once and forked for each process that it needs; `forked` starts it.

    python -P fork_server.py HANDLER CONTROL_FD

Everything that a process does before its first event (importing, making clients) is done here, as
by a snapshot of Lambda's; a fork of it is a function process like any other, ready at once. Each
line of the control socket asks for one: `{"runtime_api": "host:port", "offset_s": 0.0}`. What
happened is told there as well: `{"started": pid}` and `{"ended": pid, "code": -9}`.
"""

import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

LOCAL = Path(__file__).parents[2] / "local"


def _load(name: str) -> ModuleType:
    # By its path, as the function process does it.
    spec = importlib.util.spec_from_file_location(f"_{name}", LOCAL / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


child = _load("child")


def prepare(handler: str) -> None:
    """Import all that a process needs, and let the handler's module make what it makes once."""
    sys.modules.setdefault("pytest", None)  # type: ignore[arg-type]  # see child._depart
    for name in ("time_machine", "simplejson", "snapshot_restore_py", "http.client"):
        importlib.import_module(name)
    hurry()
    module = importlib.import_module(handler.rpartition(".")[0])
    for factory in list(vars(module).values()):
        if hasattr(factory, "cache_info") and factory.__module__ == module.__name__:
            factory()
    gc.freeze()


def hurry() -> None:
    """Leave out the pauses that the SDK makes before it tries a call again."""
    from botocore.retries import standard

    setattr(standard.ExponentialBackoff, "delay_amount", lambda *_: 0.0)  # noqa: B010


def serve(handler: str, control: socket.socket) -> None:
    """Fork for each request, until the other end is closed."""
    waking, wake = os.pipe()
    for descriptor in (waking, wake):
        os.set_blocking(descriptor, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    requests = control.makefile("r")
    while True:
        ready, _, _ = select.select([control.fileno(), waking], [], [])
        if waking in ready:
            os.read(waking, 4096)
            _reap(control)
        if control.fileno() in ready:
            line = requests.readline()
            if not line:
                return
            wanted = json.loads(line)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for descriptor in (waking, wake):
                    os.close(descriptor)
                control.detach()
                _run(handler, wanted)
            _tell(control, started=pid)


def _reap(control: socket.socket) -> None:
    """Tell of every process that has ended."""
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _tell(control, ended=ended[0], code=os.waitstatus_to_exitcode(ended[1]))
    except ChildProcessError:
        return


def _tell(control: socket.socket, **what: int) -> None:
    control.sendall(json.dumps(what).encode() + b"\n")


def _run(handler: str, wanted: dict[str, Any]) -> None:
    """Be a function process until it ends."""
    os.setsid()
    child.end_with_parent()
    child.watch_parent_pipe()
    os.environ["AWS_LAMBDA_RUNTIME_API"] = wanted["runtime_api"]
    child.MovedClock().move(wanted["offset_s"])
    # Late: it takes the address from the environment when it is imported.
    from awslambdaric.__main__ import main as serve_invocations

    code = 1
    try:
        serve_invocations([sys.argv[0], handler])
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    """Prepare, then serve."""
    child.end_with_parent()
    child.shift_clock()
    handler, descriptor = sys.argv[1:]
    prepare(handler)
    serve(handler, socket.socket(fileno=int(descriptor)))


if __name__ == "__main__":
    main()
