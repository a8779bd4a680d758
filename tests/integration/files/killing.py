"""What the sweeps share: they kill a process before and after each of its calls, in a run each."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.integration.files.dying import Process
from tests.integration.files.uploads import Uploads


@dataclass(frozen=True)
class Sweep:
    """Runs of one scenario.

    Attributes:
        played: plays it in a folder with a process, and yields the final state.
        promises_broken: what is wrong in that state.
    """

    played: Callable[[Path, Process], Iterator[Uploads]]
    promises_broken: Callable[[Uploads], Sequence[str]]

    def calls(self, folder: Path) -> int:
        """How many calls the processes make if none of them dies."""
        process = Process()
        for uploads in self.played(folder, process):
            assert self.promises_broken(uploads) == []
        return process.calls

    def broken(self, folder: Path, calls: range, *, is_late: bool) -> dict[int, Sequence[str]]:
        """Number of the call → the promises that a kill there broke."""
        return {
            number: found
            for number in calls
            for uploads in self.played(folder, Process(number, is_late=is_late))
            if (found := self.promises_broken(uploads))
        }

    def run(self) -> int:
        """Kill at every call; how many kills broke a promise."""
        os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"
        with TemporaryDirectory() as name:
            calls, wrong = self.calls(Path(name)), 0
            for is_late in (False, True):
                broken = self.broken(Path(name), range(1, calls + 1), is_late=is_late)
                wrong += len(broken)
                side = "after" if is_late else "before"
                print(f"killed at {calls} calls, {side}: {broken or 'ok'}")
        return wrong
