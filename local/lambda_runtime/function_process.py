"""A function process: `functions` starts it as a script, `python -P function_process.py HANDLER`.

It moves its own clock by RELAY_CLOCK_OFFSET seconds and then is nothing but awslambdaric, the
runtime client that AWS ships. The function sees an environment like Lambda's, without this
variable. Its standard input is a socket, on which the stack moves the clock once more.
"""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType


def _load(name: str) -> ModuleType:
    # By its path: a function must not find the stack's modules on its own search path.
    path = Path(__file__).parents[1] / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Serve invocations until the stack ends this process."""
    child = _load("child")
    child.end_with_parent()
    child.shift_clock()
    os.environ.pop(child.CLOCK_SHIFT, None)
    clock = child.MovedClock()
    clock.move(float(os.environ.pop("RELAY_CLOCK_OFFSET", "0")))

    def moved(offset_s: bytes) -> None:
        clock.move(float(offset_s))
        os.write(0, b"moved\n")

    child.watch_parent_pipe(moved)
    from awslambdaric.__main__ import main as serve

    serve(sys.argv)


if __name__ == "__main__":
    main()
