"""Functions that call each other in a circle are stopped, unless the template allows it."""

from pathlib import Path

import pytest

from local.lambda_runtime.functions import Functions
from local.lambda_runtime.lineage import LoopDetected, mark, parsed
from local.template.hosting import Hosting
from tests.integration.local.lambda_runtime.test_functions import ARN, content, use


def test_a_function_is_told_its_lineage_and_refused_the_seventeenth_time(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        result = await functions.invoke("Echo", b"{}", {mark(ARN): 15})
        trace = content(result)["environment"]["_X_AMZN_TRACE_ID"]
        assert parsed(trace) == {mark(ARN): 16}
        with pytest.raises(LoopDetected):
            await functions.invoke("Echo", b"{}", parsed(trace))

    use(tmp_path, act)


def test_a_function_that_may_loop_is_never_refused(tmp_path: Path) -> None:
    async def act(functions: Functions) -> None:
        assert not (await functions.invoke("Echo", b"{}", {mark(ARN): 400})).failed

    use(tmp_path, act, hosting=Hosting(may_loop=True))
