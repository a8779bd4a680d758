"""A forked process of a function behaves as any other, and is ready at once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from local.clock import StackClock
from local.lambda_runtime.execution_environment import Function
from local.lambda_runtime.functions import Functions
from local.template.code import FunctionCode
from tests.support.forked import Nursery

HANDLER = """
import functools, os, time

@functools.cache
def prepared():
    return os.getpid()

def handler(event, context):
    if event.get("sleep"):
        time.sleep(60)
    return {"pid": os.getpid(), "prepared": prepared(), "time": time.time(),
            "own": os.environ["OWN"], "endpoint": os.environ["AWS_ENDPOINT_URL"]}
"""


def run(folder: Path, use: Callable[[Functions], Awaitable[None]]) -> None:
    (folder / "echo.py").write_text(HANDLER)
    function = Function(
        logical_id="Echo",
        name="echo",
        arn="arn:aws:lambda:us-east-1:123456789012:function:echo",
        handler="echo.handler",
        timeout_s=20.0,
        memory_mb=128,
        code=FunctionCode(folder=folder, layers=()),
        variables={"OWN": "the template's"},
        concurrency=1,
    )

    async def everything() -> None:
        nursery = Nursery({"Echo": {"OWN": "the test's"}})
        functions = Functions(StackClock(), folder, lambda *_: None)
        functions.endpoint = "http://127.0.0.1:1"
        functions.make_environment = nursery.environment
        functions.add(function)
        try:
            await use(functions)
        finally:
            await functions.stop()
            await nursery.stop()

    asyncio.run(everything())


async def call(functions: Functions) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((await functions.invoke("Echo", b"{}")).payload)
    return answer


def test_processes_share_what_was_prepared_and_have_variables_of_their_own(tmp_path: Path) -> None:
    async def use(functions: Functions) -> None:
        first = await call(functions)
        await functions.replace()
        second = await call(functions)

        assert first["pid"] != second["pid"]
        assert first["prepared"] == second["prepared"]
        assert (first["own"], first["endpoint"]) == ("the test's", "http://127.0.0.1:1")

    run(tmp_path, use)


def test_a_killed_process_is_an_error_for_its_caller_and_is_replaced(tmp_path: Path) -> None:
    async def use(functions: Functions) -> None:
        before = (await call(functions))["pid"]
        asleep = asyncio.ensure_future(functions.invoke("Echo", b'{"sleep": true}'))
        await asyncio.sleep(0.1)
        assert functions.kill("Echo") == 1

        result = await asleep
        assert result.failed
        assert b"SIGKILL" in result.payload
        assert (await call(functions))["pid"] != before

    run(tmp_path, use)


def test_a_new_process_sees_the_clock_as_it_was_moved(tmp_path: Path) -> None:
    async def use(functions: Functions) -> None:
        before = (await call(functions))["time"]
        functions._clock.offset_s = 3_600.0
        await functions.replace()
        assert (await call(functions))["time"] - before >= 3_600

    run(tmp_path, use)
