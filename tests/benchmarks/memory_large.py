"""Memory of submit: a full import of records as large as they may be for one. As in `memory`."""

import json
from collections.abc import Iterator

from tests.benchmarks.batch import padded, record
from tests.benchmarks.measures import Measure
from tests.benchmarks.memory import peak_mb

ROWS, RECORD_B = 5_000, 13_000
BAR_MB = 512.0
"""Half of what the function has."""


def measure() -> Iterator[Measure]:
    """Peak memory of one full import of large records."""

    def records() -> list[str]:
        return [json.dumps(padded(record(number), RECORD_B)) for number in range(ROWS)]

    peak = peak_mb(records, imports=1)
    yield Measure("submit peak memory, records of 13 kB", peak, BAR_MB, "MB")
