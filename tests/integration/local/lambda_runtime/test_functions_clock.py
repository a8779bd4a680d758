"""The local clock moves while no function runs, and each function sees its new time."""

import asyncio
from pathlib import Path

from local.clock import StackClock
from local.lambda_runtime.functions import Functions
from tests.integration.local.lambda_runtime.test_functions import call, content, use


def test_a_moved_clock_is_seen_by_new_processes(tmp_path: Path) -> None:
    clock = StackClock()

    async def act(functions: Functions) -> None:
        before = content(await call(functions))
        async with functions.paused():
            clock.offset_s = 86_400.0
            await functions.replace()
        after = content(await call(functions))
        assert 86_400 <= after["time"] - before["time"] < 86_460
        assert 19_000 < after["remaining_ms"] <= 20_010
        assert not after["has_pytest"], "it takes longer to load than the function"

    use(tmp_path, act, clock=clock)


def test_a_moved_clock_is_seen_by_running_processes(tmp_path: Path) -> None:
    clock = StackClock()

    async def act(functions: Functions) -> None:
        before = content(await call(functions))
        for days in (1, 3):
            async with functions.paused():
                clock.offset_s = days * 86_400.0
                await functions.move_clock()
            after = content(await call(functions))
            assert days * 86_400 <= after["time"] - before["time"] < days * 86_400 + 60
            assert after["pid"] == before["pid"]
            assert 19_000 < after["remaining_ms"] <= 20_010

    use(tmp_path, act, clock=clock)


def test_a_process_that_cannot_move_its_clock_is_replaced(tmp_path: Path) -> None:
    clock = StackClock()

    async def act(functions: Functions) -> None:
        before = content(await call(functions))
        functions.kill("Echo")
        async with functions.paused():
            clock.offset_s = 86_400.0
            await functions.move_clock()
        assert content(await call(functions))["pid"] != before["pid"]

    use(tmp_path, act, clock=clock)


def test_a_rest_begins_with_the_end_of_the_last_invocation(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        await call(functions)
        ended = asyncio.get_running_loop().time()
        await functions.rest(0.3)
        assert asyncio.get_running_loop().time() - ended >= 0.25

    use(tmp_path, act)
