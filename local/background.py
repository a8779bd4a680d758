"""A thread that makes round after round until it is stopped. The loops of the stack run in one.

`together` makes calls in threads of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor


def together(calls: Iterable[Callable[[], object]]) -> None:
    """Make calls at the same time; returns, or raises the first error, when all have ended."""
    made = list(calls)
    with ThreadPoolExecutor(max(1, len(made))) as pool:
        running = [pool.submit(one) for one in made]
    for one in running:
        one.result()


class Rounds:
    """Rounds in the background, `period_s` apart; the first one comes after that time.

    Args:
        name: of the thread.
        make_round: one round. Another one follows if it fails.
        period_s: seconds between two rounds.
        tell: gets the reason why a round failed, unless the rounds are being stopped.
        has_last: whether `stop` makes one more round.
    """

    def __init__(
        self,
        name: str,
        make_round: Callable[[], None],
        *,
        period_s: float,
        tell: Callable[[Exception], None] = lambda _: None,
        has_last: bool = False,
    ) -> None:
        self._make_round = make_round
        self._period_s = period_s
        self._tell = tell
        self._has_last = has_last
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether rounds are made."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin; call once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the round under way; nothing happens if there was no `start`."""
        self.stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self.stopping.wait(self._period_s):
            self._try_round()
        if self._has_last:
            self._try_round()

    def _try_round(self) -> None:
        try:
            self._make_round()
        except Exception as error:  # noqa: BLE001 - an endpoint may be starting, busy or stopping
            if not self.stopping.is_set():
                self._tell(error)
