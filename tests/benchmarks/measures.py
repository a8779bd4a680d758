"""A figure of a benchmark, with its floor and its bar, and how CPU times are compared fairly."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measure:
    """One figure. The bar is on the ratio to the floor if there is a floor, else on the figure."""

    name: str
    ours: float
    bar: float
    unit: str
    floor: float | None = None

    @property
    def ratio(self) -> float:
        """How many times the floor the figure is, or the figure itself."""
        return self.ours / self.floor if self.floor else self.ours

    @property
    def is_met(self) -> bool:
        """Whether the bar holds."""
        return self.ratio <= self.bar

    def __str__(self) -> str:
        verdict = "ok" if self.is_met else "FAIL"
        ours = f"{self.name}: ours {self.ours:.2f} {self.unit}"
        if self.floor is None:
            return f"{ours} (bar {self.bar:g}) {verdict}"
        return (
            f"{ours}, floor {self.floor:.2f} {self.unit}, "
            f"ratio {self.ratio:.2f} (bar {self.bar:g}) {verdict}"
        )


def cpu_s(call: Callable[[], object]) -> float:
    """CPU seconds of this process that a call takes."""
    start = time.process_time()
    call()
    return time.process_time() - start


def best_of_alternating(
    ours: Callable[[], object], floor: Callable[[], object], *, rounds: int = 5
) -> tuple[float, float]:
    """The least CPU seconds of both, in turns: other work on this machine disturbs both alike."""
    taken = [(cpu_s(floor), cpu_s(ours)) for _ in range(rounds)]
    return min(one for _, one in taken), min(one for one, _ in taken)


@contextmanager
def discarded_log() -> Iterator[None]:
    """Discard the log of handlers: their CPU must not depend on who reads it."""
    with Path(os.devnull).open("w", encoding="utf-8") as log, redirect_stdout(log):
        yield
