"""Kills import_files while it puts items back: none may be lost, none put back twice.

    python -m tests.integration.files.replay_sweep

kills it before and after each of its calls, in a run each. `test_killed` has some of these runs.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import time_machine

from import_relay.domain.replays import Replay
from tests.integration.bulk.put_back import BAD, DAY_S, EVERYTHING, ID, US, received, replaying
from tests.integration.files.dying import Process
from tests.integration.files.killing import Sweep
from tests.integration.files.uploads import Uploads
from tests.support.aws import relay_resources
from tests.support.builders import NOON
from tests.support.following import Killed
from tests.support.relay import Relay

SIZES = (2, 1, 2)
"""Items of each batch; all of them ended without an import."""
ITEMS = sum(SIZES)
ROUNDS = 8
"""More than a replay needs whose process was killed once."""


def played(folder: Path, process: Process) -> Iterator[Uploads]:
    """Replay the items with a process that dies, and further ones that do not."""
    with time_machine.travel(NOON, tick=False), relay_resources() as aws:
        relay = Relay(aws)
        for number, size in enumerate(SIZES):
            delivery = f"20261121T110000000000-00000000{number:02}"
            relay.submit(received(*[BAD] * size, delivery=delivery), invocation=f"inv-{number}")
        relay.clock.now += DAY_S
        replay = Replay(ID, int(relay.clock.now * US), "mapping corrected")
        replaying(relay).begin(replay, EVERYTHING, planned=ITEMS)
        uploads = Uploads(relay, folder, entities_per_day=3, process=process)
        for _ in range(ROUNDS):
            with suppress(Killed):
                uploads.run()
            if process.is_dead:
                uploads.process = Process()
            relay.clock.now += 901  # the longest that a process can run
            uploads.submit()
            if not replaying(relay).parts.replays.open():
                break
        yield uploads


def promises_broken(uploads: Uploads) -> list[str]:
    """What is wrong in the end."""
    relay, broken = uploads.relay, []
    found = replaying(relay).get(ID)
    if (found.total, dict(found.ended)) != (ITEMS, {"rejected": ITEMS}):
        broken.append(f"put back {found.total}, ended {dict(found.ended)}")
    if not found.is_finished or replaying(relay).parts.replays.open():
        broken.append("not finished")
    counts = relay.outcome_counts.days(["2026-11-22"]).get("2026-11-22", {})
    if counts != {"replayed": ITEMS, "rejected": ITEMS}:
        broken.append(f"counts {counts}")
    return broken


REPLAY_SWEEP = Sweep(played, promises_broken)

if __name__ == "__main__":
    sys.exit(REPLAY_SWEEP.run())
