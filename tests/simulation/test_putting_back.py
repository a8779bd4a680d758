"""A replay of a world waits for runs of import_files that have time for it, and is bounded."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.simulation.inbox import FILES_S
from tests.simulation.queue import BULK_URL
from tests.simulation.relay import Relay
from tests.simulation.scenario import Account, PutBack, Record, Scenario, Webhook
from tests.simulation.senders import Senders
from tests.simulation.world import START, World

HOUR_S = 3_600.0


@pytest.mark.parametrize("file_run_s", [840.0, 0.05])
def test_a_replay_is_finished_or_waits_for_a_run_with_time_for_it(file_run_s: float) -> None:
    webhooks = [
        Webhook(60.0 * n, "erp", f"e{n}", [Record(f"{n}", 1, {"name": "Ada"})]) for n in range(3)
    ]
    account = Account(file_run_s=file_run_s, page_rows=1)
    plan = PutBack(at=HOUR_S)
    world = World(1)
    relay = Relay(world, Scenario(1, webhooks, account=account, put_back=[plan]))
    Senders(world, relay).plan(webhooks)

    world.run(START + 4 * HOUR_S)

    assert bool(relay.put_back.unfinished()) is (file_run_s < 1.0)
    assert relay.put_back.is_quiet() is not bool(relay.put_back.unfinished())
    relay.close()


@pytest.fixture
def relay() -> Iterator[Relay]:
    """The bulk lane may use two entities of a day, and a person replays."""
    account = Account(entities_per_day=3)
    made = Relay(World(1), Scenario(1, [], account=account, put_back=[PutBack(at=HOUR_S)]))
    yield made
    made.close()


def sends(relay: Relay, function: str, **totals: int) -> list[int]:
    """Let a function send when replays have put back `totals`; returns what was too much."""
    ledger: dict[str, Any] = relay.dynamodb.tables["ledger"]
    for name, total in totals.items():
        ledger[f"replay#{name}"] = {"total": {"N": f"{total}"}, "lost": {"N": "0"}}
    current: Any = SimpleNamespace(
        environment=SimpleNamespace(function=function), dies_at=relay.world.now + FILES_S
    )
    relay.world.current = current
    relay.queue.sent(BULK_URL)
    relay.world.run(relay.world.now + 1.0)
    return relay.put_back.crowded


def test_what_a_person_begins_is_not_too_much(relay: Relay) -> None:
    assert relay.account.bulk_entities == 2
    assert not sends(relay, "replay", first=3)
    assert not sends(relay, "replay", first=3, second=3)
    assert not sends(relay, "files", first=3, second=3)  # rows of a file


def test_what_a_person_began_and_the_queue_refused_is_not_too_much_either(relay: Relay) -> None:
    assert not sends(relay, "replay", first=2)
    ledger: dict[str, Any] = relay.dynamodb.tables["ledger"]
    ledger["replay#first"]["total"] = {"N": "3"}
    relay.put_back.person_counted()  # its process ends without a message sent
    relay.world.run(relay.world.now + 1.0)

    assert not sends(relay, "files", first=3)
    assert sends(relay, "files", first=4) == [4]


def test_more_than_a_days_entities_is_too_much_after_the_first_object(relay: Relay) -> None:
    assert not sends(relay, "files", first=3)
    assert not sends(relay, "files", first=3, second=3)
    assert sends(relay, "files", first=3, second=4) == [7]
