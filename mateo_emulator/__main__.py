"""``python -m mateo_emulator --port 4010 --state DIR``: the emulator as a process of its own.

Each flag can also be set in the environment (``--port`` as ``MATEO_EMULATOR_PORT``). A flag wins
over the environment, both over what the state folder remembers, that over the default.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from mateo_emulator.application import BASE_PATH, build_application
from mateo_emulator.emulator import MateoEmulator
from mateo_emulator.server import listen, serve
from mateo_emulator.settings import Start
from mateo_emulator.storage import StateError

_ENVIRONMENT = "MATEO_EMULATOR_"
_FLAGS: tuple[tuple[str, str, Callable[[str], object], str | None, str], ...] = (
    ("--host", "host", str, "127.0.0.1", "address to listen on"),
    ("--port", "port", int, "4010", "port to listen on, 0 for any free one"),
    ("--state", "state", Path, ".local/mateo", "folder of the database"),
    ("--token", "token", str, None, "the valid bearer token (local-token)"),
    ("--requests-per-second", "requests_per_second", int, None, "limit (2)"),
    ("--requests-per-day", "requests_per_day", int, None, "limit (10000)"),
    ("--entities-per-day", "entities_per_day", int, None, "limit (25000)"),
    ("--time-zone", "time_zone", str, None, "where the day of the limits begins (UTC)"),
    ("--clock-offset", "clock_offset_s", float, None, "seconds added to the machine's time"),
)


def read_start(arguments: Sequence[str], environment: Mapping[str, str]) -> Start:
    """The flags, with the environment in their place where they are missing."""
    parser = argparse.ArgumentParser(prog="python -m mateo_emulator", description=__doc__)
    for flag, name, kind, default, text in _FLAGS:
        variable = _ENVIRONMENT + flag.removeprefix("--").replace("-", "_").upper()
        parser.add_argument(
            flag, dest=name, type=kind, default=environment.get(variable, default), help=text
        )
    return Start(**vars(parser.parse_args(arguments)))


def main(arguments: Sequence[str]) -> int:
    """Run until SIGTERM or SIGINT; 1 with one line on stderr when it cannot start."""
    sys.setswitchinterval(0.001)  # requests answer quickly while the worker computes
    start = read_start(arguments, os.environ)
    try:
        bound = listen(start.host, start.port)
    except OSError as error:
        sys.stderr.write(f"mateo: cannot listen on {start.host}:{start.port}: {error.strerror}\n")
        return 1
    try:
        emulator = MateoEmulator(start)
    except (StateError, OSError) as error:
        sys.stderr.write(f"mateo: {error}\n")
        return 1
    except ValidationError as error:
        first = error.errors()[0]
        sys.stderr.write(f"mateo: {first['loc'][0]}: {first['msg']}\n")
        return 1
    host = f"[{start.host}]" if ":" in start.host else start.host
    address = f"http://{host}:{bound.getsockname()[1]}"
    line = f"mateo: {address}{BASE_PATH}, try it at {address}/docs, state {start.state}"
    serve(build_application(emulator), bound, line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
