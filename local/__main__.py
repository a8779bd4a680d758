"""`python -m local COMMAND`: the embedded stack on the command line.

up          start everything and stay (also `make up`)
demo        send contacts through a fresh stack and watch (also `make demo`)
status      where every accepted item is, quota, pause, backlog; of a deployed stack by its name
clock       move a running stack's time of day forward
resume      resume submission after a pause
mateo       start only the Import API (also `make mateo`)
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local.child import ROOT, shift_clock
from local.clock import StackClock, seconds_until
from local.environment import http_json
from local.lambda_runtime.log_lines import readable
from local.ports import HOST, PortTaken
from local.stack.examples import example_connections, example_secrets
from local.stack.services import StackError
from local.stack.stack import RunningStack
from local.template.errors import TemplateError
from relay_ops.exits import CommandError

WEBHOOKS_PORT, AWS_PORT, MATEO_PORT = 3000, 4566, 4010
EXAMPLE_EVENT = "events/json.customer-changed.json"
RELAY = ROOT / "layers" / "import_relay" / "python"
_STOP_TIMEOUT_S = 4.5
"""After this the process ends itself, and its children with it."""

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 2 if it cannot start, with one line that says why."""
    options = _parser().parse_args(arguments)
    if getattr(options, "today", None) is not None:
        shift_clock(options.today)
    command: Command = options.command
    try:
        return command(options)
    except (PortTaken, TemplateError, StackError, CommandError) as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start everything and stay")
    add_stack_options(up)
    up.set_defaults(command=_up)
    demo = commands.add_parser("demo", help="send contacts through a fresh stack and watch")
    add_stack_options(demo)
    demo.add_argument("--contacts", type=int, default=int(os.environ.get("CONTACTS", "0")) or None)
    demo.set_defaults(command=_demo)
    status = commands.add_parser("status", help="where every accepted item is; 1 if sums are wrong")
    status.add_argument(
        "--stack", metavar="NAME", help="a deployed stack, with your AWS credentials"
    )
    status.add_argument("--region", help="its region")
    status.add_argument("--json", action="store_true", help="the same for programs")
    status.set_defaults(command=_status)
    clock = commands.add_parser("clock", help="move a running stack's time of day forward")
    clock.add_argument("step", help="seconds, or `next-day`")
    clock.set_defaults(command=_clock)
    resume = commands.add_parser("resume", help="resume submission")
    resume.set_defaults(command=_resume)
    # Everything after it is for `mateo_emulator`, which reads it itself: no flag begins with "+".
    mateo = commands.add_parser(
        "mateo", help="start only the Import API", prefix_chars="+", add_help=False
    )
    mateo.add_argument("flags", nargs="*")
    mateo.set_defaults(command=_mateo)
    for client in (status, clock, resume):
        _port(client, "--webhooks-port", WEBHOOKS_PORT)
    return parser


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that starts a stack."""
    _port(parser, "--webhooks-port", WEBHOOKS_PORT)
    _port(parser, "--aws-port", AWS_PORT)
    _port(parser, "--mateo-port", MATEO_PORT)
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path(os.environ.get("RELAY_STATE_DIR", ROOT / ".local")),
        help="folder for logs and reports (.local)",
    )
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a template parameter; may be repeated",
    )
    parser.add_argument(
        "--today",
        type=seconds_until,
        metavar="DATE",
        help="begin on this date, e.g. 2028-02-29 or 2030-12-31T23:58 (UTC)",
    )
    parser.add_argument("--fresh", action="store_true", help="delete earlier logs and reports")


def _port(parser: argparse.ArgumentParser, option: str, default: int) -> None:
    variable = "RELAY_" + option.removeprefix("--").replace("-", "_").upper()
    value = int(os.environ.get(variable, default))
    parser.add_argument(option, type=int, default=value, help=f"{value}; also {variable}")


def make_stack(options: argparse.Namespace, on_line: Callable[[str, str], None]) -> RunningStack:
    """The stack that the options of a command describe.

    Raises:
        TemplateError: for a parameter that is not NAME=VALUE.
    """
    if options.fresh:
        for folder in ("logs", "daily", "reports", "rejected", "outcomes", "quarantine"):
            shutil.rmtree(options.state_dir / folder, ignore_errors=True)
    return RunningStack(
        state_dir=options.state_dir,
        webhooks_port=options.webhooks_port,
        aws_port=options.aws_port,
        mateo_port=options.mateo_port,
        parameters=_parameters(options.parameter),
        on_line=on_line,
    )


def _parameters(given: Sequence[str]) -> dict[str, str]:
    wrong = [one for one in given if "=" not in one]
    if wrong:
        raise TemplateError(f"--parameter {wrong[0]}: write NAME=VALUE")
    return dict(one.split("=", 1) for one in given)


# ---------------------------------------------------------------- commands


def _up(options: argparse.Namespace) -> int:
    stopped = threading.Event()
    clock = StackClock()
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def show(function: str, line: str) -> None:
        text = readable(function, line, clock.now(), colour=colour)
        if text:
            print(text, flush=True)

    stack = make_stack(options, show)
    clock = stack.clock
    interruptible = True

    def end(*_: object) -> None:
        stopped.set()
        if interruptible:
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    print("Starting …", flush=True)
    with contextlib.suppress(KeyboardInterrupt), ended_in_time(stack, stopped):
        stack.start()
        interruptible = False
        print(welcome(stack, options.state_dir), flush=True)
        stopped.wait()
        print("Stopping …", flush=True)
    return 0


class ended_in_time:  # noqa: N801 - reads as a statement
    """Stops a stack at the end of a block, also while it starts, and within `_STOP_TIMEOUT_S`."""

    def __init__(self, stack: RunningStack, stopped: threading.Event) -> None:
        self._stack = stack
        self._stopped = stopped
        self._over = threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._stack.stop()
        self._over.set()

    def _watch(self) -> None:
        # A stop that hangs, or one that comes while the stack still starts, must not outlast this.
        self._stopped.wait()
        if not self._over.wait(_STOP_TIMEOUT_S):
            self._stack.kill()
            os._exit(1)


def _demo(options: argparse.Namespace) -> int:
    demo = importlib.import_module("local.demo.run")
    code: int = demo.main(options)
    return code


def _status(options: argparse.Namespace) -> int:
    sys.path.append(str(RELAY))
    status = importlib.import_module("local.status.command")
    code: int = status.main(options, lambda: _ask(options, "GET", "status"))
    return code


def _clock(options: argparse.Namespace) -> int:
    next_day = options.step == "next-day"
    try:
        content = {"to": "next-day"} if next_day else {"advance_s": float(options.step)}
    except ValueError as error:
        raise StackError(f"clock {options.step}: write seconds or next-day") from error
    print(f"It is {_ask(options, 'PUT', 'clock', content)['time']} now.")
    return 0


def _resume(options: argparse.Namespace) -> int:
    _ask(options, "POST", "resume")
    print("Submission is running.")
    return 0


def _mateo(options: argparse.Namespace) -> int:
    command = importlib.import_module("mateo_emulator.__main__")
    code: int = command.main(options.flags)
    return code


def _ask(
    options: argparse.Namespace, method: str, path: str, content: object = None
) -> dict[str, object]:
    address = f"http://{HOST}:{options.webhooks_port}"
    try:
        answer: dict[str, object] = http_json(method, f"{address}/_stack/{path}", content)
    except OSError as error:
        raise StackError(f"No stack answers at {address}; start one with `make up`.") from error
    return answer


# ---------------------------------------------------------------- the welcome


def welcome(stack: RunningStack, state_dir: Path) -> str:
    """What a person needs after the start."""
    secrets = example_secrets()
    lines = [
        "",
        f"Webhooks   {stack.webhooks_url}/{{connection}}",
        f"AWS        {stack.aws_endpoint}   stack import-relay, any credentials, us-east-1",
        f"Mateo      {stack.mateo_url}   token local-token",
        "",
        "Connections (layers/connections/connections.toml) and their secrets",
        "(local/example_secrets.json):",
        *(f"  {name:<21}{_secret(secrets, name)}" for name in example_connections()),
        "",
        "Send a contact:",
        f"  {_curl(stack.webhooks_url, secrets)}",
        "",
        f"Reports and logs appear under {state_dir}. Ctrl-C stops everything.",
        "",
    ]
    return "\n".join(lines)


def _secret(secrets: Mapping[str, Sequence[str]], name: str) -> str:
    return ", ".join(secrets.get(name, [])) or "none: every request is refused"


def _curl(webhooks_url: str, secrets: Mapping[str, Sequence[str]]) -> str:
    secret = next(iter(secrets.get("json", [])), "the-secret")
    return (
        f"curl -i {webhooks_url}/json -H 'Content-Type: application/json' "
        f"-H 'X-Relay-Secret: {secret}' -d @{EXAMPLE_EVENT}"
    )


if __name__ == "__main__":
    shift_clock()
    sys.exit(main())
