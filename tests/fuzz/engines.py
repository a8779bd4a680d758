"""What makes inputs for `targets.run`: hypothesis, or atheris, which is guided by coverage."""

import importlib
import os
import sys

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from import_relay.connectors.kinds import kinds
from tests.fuzz import targets

INPUT_B = 40
PER_EXAMPLE = 20
"""Inputs in one example of hypothesis, whose own work takes longer than the code under test."""
EXAMPLES = 500
"""Examples of one run of hypothesis, which remembers all that it tried."""


def with_hypothesis(kind: str, inputs: int, start: int) -> None:
    """Run `inputs` inputs, seeded by the numbers from `start` on: the same ones each time.

    Raises:
        targets.FindingError: with an input made as small as hypothesis could.
    """
    examples = -(-inputs // PER_EXAMPLE)
    for number, done in enumerate(range(0, examples, EXAMPLES)):

        @seed(start + number)
        @settings(
            max_examples=min(EXAMPLES, examples - done),
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )
        @given(data=st.binary(min_size=PER_EXAMPLE * INPUT_B, max_size=PER_EXAMPLE * INPUT_B))
        def one(data: bytes) -> None:
            for at in range(0, len(data), INPUT_B):
                targets.run(kind, data[at : at + INPUT_B])

        one()


def with_atheris(kind: str, inputs: int, start: int) -> None:
    """The same with libFuzzer, guided by the lines of connectors that run; it ends this process."""
    atheris = importlib.import_module("atheris")
    for name in [name for name in sys.modules if name.startswith("import_relay.connectors.")]:
        del sys.modules[name]
    with atheris.instrument_imports(
        include=["import_relay.connectors"], enable_loader_override=False
    ):
        importlib.import_module(kinds()[kind])

    def one(data: bytes) -> None:
        try:
            targets.run(kind, data)
        except targets.FindingError as finding:
            print(finding, flush=True)
            os._exit(1)

    options = [f"-runs={inputs}", f"-seed={start + 1}", f"-max_len={INPUT_B}", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


ENGINES = {"hypothesis": with_hypothesis, "atheris": with_atheris}
