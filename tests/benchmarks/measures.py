"""What a benchmark found, beside its floor and its bar, and how two things are compared fairly."""

import time
from collections.abc import Callable
from dataclasses import dataclass


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
        """How many floors we need."""
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
    """The least CPU seconds of both, measured in turns: what disturbs one disturbs the other."""
    taken = [(cpu_s(floor), cpu_s(ours)) for _ in range(rounds)]
    return min(one for _, one in taken), min(one for one, _ in taken)
