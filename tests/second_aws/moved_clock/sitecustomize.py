"""Moves the time of day of ministack and of the functions that it starts; Python runs it at start.

The file that the variable CLOCK_FILE names holds the offset in seconds. It may change at any time.
"""

import os
import threading
import time

import time_machine

PERIOD_S = 0.05


def follow(file: str) -> None:
    """Add the offset in the file to the machine's time, for as long as the process lives."""
    moved = 0.0
    traveller: time_machine.Traveller | None = None
    while True:
        with open(file, encoding="ascii") as given:  # noqa: PTH123 - of every process's start
            offset = float(given.read() or moved)
        if traveller is not None:
            traveller.shift(offset - moved)
        elif offset:
            traveller = time_machine.travel(time.time() + offset, tick=True).start()
        moved = offset
        threading.Event().wait(PERIOD_S)


if "CLOCK_FILE" in os.environ:
    threading.Thread(target=follow, args=(os.environ["CLOCK_FILE"],), daemon=True).start()
