"""Functions run as processes under the official runtime client, and end as Lambda's do."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from local.clock import StackClock
from local.lambda_runtime.execution_environment import MAX_PAYLOAD_BYTES, Function
from local.lambda_runtime.functions import Functions, PayloadTooLarge
from local.lambda_runtime.runtime_api import InvocationResult
from local.template.code import FunctionCode, Layer
from local.template.hosting import Hosting

HANDLER = """
import os, sys, time
started = time.monotonic()

def handler(event, context):
    match event.get("do"):
        case "raise":
            raise ValueError("asked to")
        case "sleep":
            time.sleep(event["s"])
        case "exit":
            os._exit(3)
        case "large":
            return "x" * event["bytes"]
        case "print":
            print("a line", flush=True)
        case "log":
            import logging
            logging.getLogger("anything").debug("a debug line")
            logging.getLogger("anything").error("an error line")
            print("a plain line", flush=True)
    return {"echo": event, "pid": os.getpid(), "time": time.time(), "environment": dict(os.environ),
            "remaining_ms": context.get_remaining_time_in_millis(), "id": context.aws_request_id,
            "arn": context.invoked_function_arn, "path": sys.path,
            "has_pytest": sys.modules.get("pytest") is not None}
"""

ARN = "arn:aws:lambda:us-east-1:123456789012:function:echo"
Use = Callable[[Functions], Awaitable[None]]


def function(folder: Path, **changes: Any) -> Function:
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "echo.py").write_text(changes.pop("source", HANDLER))
    values: dict[str, Any] = {
        "logical_id": "Echo",
        "name": "echo",
        "arn": ARN,
        "handler": "echo.handler",
        "timeout_s": 20.0,
        "memory_mb": 128,
        "code": FunctionCode(folder=code, layers=()),
        "variables": {},
        "concurrency": 2,
    }
    return Function(**(values | changes))


def use(folder: Path, act: Use, clock: StackClock | None = None, **changes: Any) -> list[str]:
    """Run `act` with the function; returns the lines that it wrote."""
    lines: list[str] = []

    async def run() -> None:
        functions = Functions(
            clock or StackClock(),
            folder,
            lambda function, line: lines.append(f"{function}: {line}"),
        )
        functions.add(function(folder, **changes))
        try:
            await act(functions)
        finally:
            await functions.stop()

    asyncio.run(run())
    return lines


async def call(functions: Functions, **event: object) -> InvocationResult:
    return await functions.invoke("Echo", json.dumps(event).encode())


def content(result: InvocationResult) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(result.payload)
    return answer


def test_a_function_answers_with_lambdas_context(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        result = await call(functions, a=1)
        answer = content(result)
        assert not result.failed
        assert answer["echo"] == {"a": 1}
        assert answer["arn"] == ARN
        assert 0 < answer["remaining_ms"] <= 20_000

    use(tmp_path, act)


def test_an_idle_process_is_used_again_and_a_busy_one_is_not(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        first = content(await call(functions))["pid"]
        assert content(await call(functions))["pid"] == first
        both = await asyncio.gather(call(functions, do="sleep", s=0.3), call(functions))
        assert len({content(result)["pid"] for result in both}) == 2

    use(tmp_path, act)


def test_no_more_processes_run_than_the_concurrency_allows(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        results = await asyncio.gather(*(call(functions) for _ in range(6)))
        assert len({content(result)["pid"] for result in results}) == 1

    use(tmp_path, act, concurrency=1)


def test_an_exception_is_an_error_with_type_and_message(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        result = await call(functions, do="raise")
        assert result.failed
        assert content(result)["errorType"] == "ValueError"
        assert content(result)["errorMessage"] == "asked to"
        assert not (await call(functions)).failed

    lines = use(tmp_path, act)
    assert any("ValueError: asked to" in line for line in lines)


def test_a_timeout_kills_the_process(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        before = content(await call(functions))["pid"]
        result = await call(functions, do="sleep", s=60)
        assert result.failed
        assert content(result)["errorType"] == "Sandbox.Timedout"
        assert "Task timed out after 0.50 seconds" in content(result)["errorMessage"]
        assert content(await call(functions))["pid"] != before

    use(tmp_path, act, timeout_s=0.5)


def test_a_crash_is_an_exit_error(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        result = await call(functions, do="exit")
        assert result.failed
        assert content(result)["errorType"] == "Runtime.ExitError"
        assert "exit status 3" in content(result)["errorMessage"]
        assert not (await call(functions)).failed

    use(tmp_path, act)


def test_a_killed_process_is_an_exit_error(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        running = asyncio.create_task(call(functions, do="sleep", s=60))
        await call(functions)
        assert functions.busy("Echo") == 1
        assert functions.kill("Echo") == 1
        assert "signal: SIGKILL" in content(await running)["errorMessage"]

    use(tmp_path, act)


def test_code_that_cannot_be_imported_is_an_error(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        result = await call(functions)
        assert result.failed
        assert content(result)["errorType"] == "Runtime.ImportModuleError"

    use(tmp_path, act, source="import no_such_module")


def test_an_event_over_6_mb_is_refused(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        with pytest.raises(PayloadTooLarge):
            await functions.invoke("Echo", b" " * (MAX_PAYLOAD_BYTES + 1))

    use(tmp_path, act)


def test_an_answer_over_6_mb_is_an_error(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        result = await call(functions, do="large", bytes=MAX_PAYLOAD_BYTES)
        assert content(result)["errorType"] == "Function.ResponseSizeTooLarge"

    use(tmp_path, act)


def test_what_a_function_writes_is_in_its_log_file(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        await call(functions, do="print")

    lines = use(tmp_path, act)

    assert "Echo: a line" in lines
    assert "a line\n" in (tmp_path / "echo.log").read_text()


def test_the_environment_is_the_functions_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("MY_SECRET", "x")
    layer = Layer(root=tmp_path / "layer", modules=tmp_path / "layer" / "python")
    layer.root.mkdir()
    (layer.root / "settings.toml").touch()
    code = FunctionCode(folder=tmp_path / "code", layers=(layer,))

    async def act(functions: Functions) -> None:
        answer = content(await call(functions))
        environment = answer["environment"]
        assert not {"AWS_PROFILE", "MY_SECRET", "RELAY_CLOCK_OFFSET"} & set(environment)
        assert environment["SETTINGS"] == str(layer.root / "settings.toml")
        assert environment["MISSING"] == "/opt/missing"
        assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "echo"
        assert str(layer.modules) in answer["path"]
        assert not any(path.endswith("/local") for path in answer["path"])

    variables = {"SETTINGS": "/opt/settings.toml", "MISSING": "/opt/missing"}
    use(tmp_path, act, code=code, variables=variables)


def test_a_call_that_was_held_back_runs_in_the_new_function(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        async with functions.paused():
            waiting = asyncio.create_task(call(functions))
            await asyncio.sleep(0)
            await functions.replace()
            functions.add(function(tmp_path, variables={"NEW": "1"}))
        assert content(await waiting)["environment"]["NEW"] == "1"

    use(tmp_path, act)


def test_a_pause_waits_for_running_calls_and_holds_back_new_ones(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        running = asyncio.create_task(call(functions, do="sleep", s=0.3))
        while not functions.busy("Echo"):  # noqa: ASYNC110 - the process says nothing else
            await asyncio.sleep(0.01)
        async with functions.paused():
            assert running.done()
            held = asyncio.create_task(call(functions))
            await asyncio.sleep(0.05)
            assert not held.done()
        assert not (await held).failed

    use(tmp_path, act)


def test_an_unknown_function_is_a_key_error(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        with pytest.raises(KeyError):
            await functions.invoke("Nobody", b"{}")

    use(tmp_path, act)


@pytest.mark.parametrize(
    ("level", "shown"),
    [("DEBUG", {"debug", "error", "plain"}), ("INFO", {"error", "plain"}), ("ERROR", {"error"})],
)
def test_json_logs_have_lambdas_variables_level_and_filter(
    tmp_path: Path, level: str, shown: set[str]
) -> None:
    async def act(functions: Functions) -> None:
        environment = content(await call(functions, do="log"))["environment"]
        assert environment["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
        assert environment["AWS_LAMBDA_LOG_LEVEL"] == level
        assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "group"

    hosting = Hosting(log_format="JSON", log_level=level, log_group="group")
    lines = use(tmp_path, act, hosting=hosting)
    kept = (tmp_path / "echo.log").read_text().splitlines()
    assert {
        word for line in lines for word in ("debug", "error", "plain") if f"{word} line" in line
    } == shown
    assert len(lines) == len(kept) == len(shown)


def test_without_json_nothing_is_filtered_and_no_level_is_set(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        environment = content(await call(functions, do="log"))["environment"]
        assert environment["AWS_LAMBDA_LOG_FORMAT"] == "Text"
        assert "AWS_LAMBDA_LOG_LEVEL" not in environment
        assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/echo"

    assert any("a plain line" in line for line in use(tmp_path, act))
