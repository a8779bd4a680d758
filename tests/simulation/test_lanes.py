"""A live change waits for minutes, not for days, while the bulk lane works off a backfill."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from tests.simulation.queue import BULK_URL
from tests.simulation.relay import Relay
from tests.simulation.scenario import Account, Record, Scenario, Webhook
from tests.simulation.senders import Senders
from tests.simulation.simulation import run
from tests.simulation.workload import FIRST_VERSION
from tests.simulation.world import START, World

BACKFILL, PER_MESSAGE = 50_000, 100
LIVE_EVERY_S, DAYS_S = 1_740.0, 2.5 * 86_400.0
FIRST_LIVE = 900_000
MINUTES_S = 360.0
"""A batching window, an import of the bulk lane, and a requeue that met both."""


def backfill() -> Iterator[str]:
    """Messages as files and replays send them."""
    for part in range(BACKFILL // PER_MESSAGE):
        first = part * PER_MESSAGE
        items = [
            {"n": n, "event": str(first + n), "item": {"id": str(first + n), "name": "N", "v": 1}}
            for n in range(PER_MESSAGE)
        ]
        yield json.dumps(
            {
                "format": 1,
                "delivery": f"20261031T200000000000-{part:010x}",
                "connection": "erp",
                "received_at": int(START * 1_000_000),
                "requeues": 0,
                "items": items,
            }
        )


def created_at(relay: Relay) -> tuple[dict[str, float], Counter[str]]:
    """When the row of each live record was created; and rows of the backfill by day."""
    at = {one.import_id: one.at for one in relay.mateo.requests if one.import_id}
    live, bulk = dict[str, float](), Counter[str]()
    for import_id, one in relay.mateo.imports.items():
        for row in one.payload:
            if int(row["external_id"]) >= FIRST_LIVE:
                live[row["external_id"]] = at[import_id]
            else:
                bulk[relay.limits.day(at[import_id])] += 1
    return live, bulk


def test_a_live_change_waits_for_minutes_while_fifty_thousand_records_are_put_back() -> None:
    sent = {str(FIRST_LIVE + n): n * LIVE_EVERY_S + 30.0 for n in range(int(DAYS_S / LIVE_EVERY_S))}
    webhooks = [
        Webhook(at, "erp", f"e{key}", [Record(key, 1_000_000, {"name": "Live"})])
        for key, at in sent.items()
    ]
    world = World(7)
    relay = Relay(world, Scenario(7, webhooks, account=Account(batching_window_s=120.0)))
    Senders(world, relay).plan(webhooks)
    for body in backfill():
        relay.queue.put(body, 0, BULK_URL)

    world.run(START + DAYS_S + 7_200)

    live, bulk = created_at(relay)
    share, limits = 20_000, relay.limits
    waits = {key: live[key] - START - at for key, at in sent.items()}
    late = {key: wait for key, wait in waits.items() if wait > MINUTES_S}
    # In a day's last hour the bulk lane may use up the day: these wait until midnight.
    assert all(START + sent[key] > limits.bulk_opens_at(START + sent[key]) for key in late)
    assert all(wait < 3_700 for wait in late.values())
    assert len(live) == len(sent)
    assert sum(bulk.values()) == BACKFILL
    assert all(number <= limits.entities_per_day for number in bulk.values())
    assert min(bulk["2026-10-31"], bulk["2026-11-01"]) > share
    relay.close()


def test_several_connections_keep_to_limits_of_their_own_and_pay_for_nobody_else() -> None:
    """Five contacts of each of two, four that they share, and five of one without a limit."""
    own = [(name, str(1_000 + n)) for n, name in enumerate(["erp", "plain"] * 5)]
    shared = [(name, str(2_000 + n)) for n in range(4) for name in ("erp", "plain")]
    free = [("hub", str(3_000 + n)) for n in range(5)]
    sets = {"erp": {"city": "Kiel"}, "plain": {"name": "Ada"}, "hub": {"zip": "24103"}}
    webhooks = [
        Webhook(60.0, name, f"e{n}", [Record(key, FIRST_VERSION + 1_000 * n, sets[name])])
        for n, (name, key) in enumerate(own + shared + free)
    ]
    account = Account(erp_entities_per_day=3, plain_entities_per_day=2)

    findings = run(Scenario(11, webhooks, account=account))

    assert not findings.violations
    # Fourteen contacts at five a day; the run begins in the evening of the first of three days.
    assert findings.days > 28 / 24


def test_a_file_of_a_connection_leaves_some_of_its_own_limit_to_its_webhooks() -> None:
    """More than three days of the limit wait in the bulk lane; three webhooks come each day."""
    own, day = 40, 86_400.0
    sent = {str(FIRST_LIVE + n): 60.0 + n * day / 3 for n in range(9)}
    webhooks = [
        Webhook(at, "erp", f"e{key}", [Record(key, 1_000_000, {"name": "Live"})])
        for key, at in sent.items()
    ]
    world = World(7)
    account = Account(batching_window_s=10.0, erp_entities_per_day=own)
    relay = Relay(world, Scenario(7, webhooks, account=account))
    Senders(world, relay).plan(webhooks)
    for body in islice(backfill(), 2):
        relay.queue.put(body, 0, BULK_URL)

    world.run(START + 4 * day)

    live, bulk = created_at(relay)
    assert {key for key, at in sent.items() if live[key] - START - at > MINUTES_S} == set()
    whole_days = sorted(bulk)[1:-1]
    assert all(bulk[one] >= own - 4 for one in whole_days)
    relay.close()
