"""A relay with stored items, of which a replay puts some back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import time_machine

from import_relay.bulk.replay_wiring import Names, build_replaying
from import_relay.bulk.replaying import Replaying
from import_relay.domain.replays import Replay
from import_relay.storage.entries import State
from import_relay.storage.replays import Selection
from tests.support import aws as resources
from tests.support.aws import relay_resources
from tests.support.builders import NOON, message
from tests.support.relay import Relay

US = 1_000_000
DAY_S = 86_400.0
ID = "20261125T090000-a1b2c3"
ADA = {"id": "1", "name": "Ada", "v": 1}
BAD = {"name": "nobody"}
D1, D2, D3 = (f"20261121T1{n}0000000000-00000000a{n}" for n in range(3))
EVERYTHING = Selection(NOON - DAY_S, NOON + 35 * DAY_S)


@pytest.fixture
def relay() -> Iterator[Relay]:
    with time_machine.travel(NOON, tick=False), relay_resources() as aws:  # S3 dates objects
        yield Relay(aws)


def replaying(relay: Relay) -> Replaying:
    names = Names(
        resources.LEDGER,
        resources.BUCKET,
        relay.aws.bulk_queue_url,
        relay.aws.dead_letter_url,
        relay.limits.day,
    )
    return build_replaying(
        resources.client, names, emit=relay.emit, clock=relay.clock, sleep=relay.clock.sleep
    )


def received(*items: object, delivery: str = D1) -> str:
    return message(items, delivery=delivery, received_at=int(NOON * US))


def put_back(
    relay: Relay, selection: Selection = EVERYTHING, *, id_: str = ID, force: bool = False
) -> Sequence[str]:
    """Carry out a replay, and return the messages that it sent."""
    use_case = replaying(relay)
    use_case.begin(Replay(id_, int(relay.clock.now * US), "mapping corrected", force), selection)
    use_case.run(id_)
    return relay.aws.taken(relay.aws.bulk_queue_url)


def close(relay: Relay, reference: str, *, retried: str = "") -> None:
    entry = relay.entry(reference)
    if retried:
        relay.ledger.begin_report(entry, until=0.0, retried=retried)
    assert relay.ledger.close(entry, target=State.FINISHED, outcomes={})


def imported(relay: Relay, *bodies: str) -> None:
    """Submit each message alone, and let Mateo finish its imports."""
    for body in bodies:
        before = len(relay.mateo.bodies)
        relay.submit(body, invocation=f"inv-{before}")
        for n in range(before, len(relay.mateo.bodies)):
            close(relay, f"ref-{n + 1}")


def contents(bodies: Sequence[str]) -> list[dict[str, Any]]:
    return [json.loads(body) for body in bodies]


def counts(relay: Relay) -> Mapping[str, Mapping[str, int]]:
    return relay.outcome_counts.days(["2026-11-21", "2026-11-25"])
