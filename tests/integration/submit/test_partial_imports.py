"""Rows wait for a fuller import while more of them come, and only then."""

import json
from dataclasses import replace
from typing import Any

import pytest

from import_relay.domain.errors import LeaseHeld
from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import WAKE
from import_relay.submit import filling, queue_batch
from import_relay.submit.holding import MAX_HOLD_S
from tests.support.builders import ERP, connections, message
from tests.support.clients import Overruling
from tests.support.relay import Relay

FULL = 20
"""Rows of an import in these tests."""
CONNECTIONS = ("erp", "shop", "desk")
"""Connections whose contacts need imports of their own."""


def own_list(name: str) -> str:
    text = ERP.replace("[erp", f"[{name}").replace('"json"', f'"json"\nid_prefix = "{name}-"')
    return text.replace('version = "v"', f'version = "v"\ncontact_list_external_id = "{name}"')


@pytest.fixture
def relay(relay: Relay) -> Relay:
    relay.rows_per_import = FULL
    relay.connections = connections("".join(map(own_list, CONNECTIONS)))
    return relay


def contacts(count: int, connection: str = "erp", *, delivery: str = "d") -> str:
    """A message with so many contacts."""
    items = [{"id": f"{delivery}-{n}", "name": f"Ada {n}", "v": 1} for n in range(count)]
    return message(items, connection=connection, delivery=f"{delivery}-{connection}")


def sizes(relay: Relay) -> list[int]:
    return [len(body["payload"]) for body in relay.mateo.bodies]


def another_waits(relay: Relay, lane: Lane = Lane.LIVE) -> None:
    """Another batch of a lane waits for the lease; its note counts for some seconds."""
    with (
        relay.lease.held("first", until=relay.clock.now + 100, wait_until=relay.clock.now),
        pytest.raises(LeaseHeld),
        relay.lease.held(
            "second", until=relay.clock.now + 100, wait_until=relay.clock.now + 2, lane=lane
        ),
    ):
        pass


def submit_while_another_waits(relay: Relay, *bodies: str, lane: Lane = Lane.LIVE) -> Any:
    """The next batch has the lease, and one more begins to wait meanwhile."""
    table = relay.aws.dynamodb

    def waited(real: Any, **arguments: Any) -> Any:
        answer = real(**arguments)
        if arguments["Key"]["pk"]["S"].startswith("lease"):
            relay.aws = replace(relay.aws, dynamodb=table)
            note = {":until": {"N": str(relay.clock.now + 15)}}
            real(
                TableName=arguments["TableName"],
                Key=arguments["Key"],
                UpdateExpression=f"SET {lane.value}_waits_until = :until",
                ExpressionAttributeValues=note,
            )
        return answer

    broken: Any = Overruling(table, update_item=waited)
    relay.aws = replace(relay.aws, dynamodb=broken)
    try:
        return relay.submit(*bodies, lane=lane)
    finally:
        relay.aws = replace(relay.aws, dynamodb=table)


@pytest.mark.parametrize("lane", Lane)
def test_many_rows_wait_for_the_batch_that_comes_next(relay: Relay, lane: Lane) -> None:
    report = submit_while_another_waits(relay, contacts(15), lane=lane)
    assert (report.held, sizes(relay)) == (15, [])

    report = relay.submit(contacts(10, delivery="e"), lane=lane)

    assert (report.held, sizes(relay)) == (5, [FULL])


def test_a_few_rows_wait_for_the_batch_that_comes_next_and_for_no_further_one(relay: Relay) -> None:
    report = submit_while_another_waits(relay, contacts(2))
    assert (report.held, sizes(relay)) == (2, [])

    submit_while_another_waits(relay, contacts(3, delivery="e"))

    assert sizes(relay) == [5]


def test_many_rows_go_at_once_if_no_other_batch_comes(relay: Relay) -> None:
    another_waits(relay, Lane.BULK)  # the other lane has other rows

    report = relay.submit(contacts(15))

    assert (report.held, sizes(relay)) == (0, [15])


@pytest.mark.parametrize(("missing_b", "held"), [(0, 15), (1, 0)])
def test_many_rows_wait_for_the_next_batch_if_lambda_could_hand_over_no_more(
    relay: Relay, monkeypatch: pytest.MonkeyPatch, missing_b: int, held: int
) -> None:
    """Another poller may gather the rest meanwhile, and nothing tells of it."""
    body = contacts(15)
    event_b = len(json.dumps(body)) - len('""') + queue_batch.ENVELOPE_B
    monkeypatch.setattr(queue_batch, "FULL_EVENT_B", event_b + missing_b)

    report = relay.submit(body)
    assert report.held == held

    relay.submit(WAKE)
    assert sizes(relay) == [15]


def test_rows_that_were_held_for_long_wait_for_no_other_batch(relay: Relay) -> None:
    submit_while_another_waits(relay, contacts(15))
    relay.clock.now += MAX_HOLD_S

    submit_while_another_waits(relay, WAKE)

    assert sizes(relay) == [15]


@pytest.mark.parametrize("limit", ["MAX_FILLED_ITEMS", "MAX_FILLED_B"])
def test_the_largest_import_goes_if_memory_holds_no_full_one(
    relay: Relay, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, limit, 3)

    report = relay.submit(contacts(5), contacts(12, "shop"), contacts(7, "desk"))

    assert (report.held, sizes(relay)) == (12, [12])


@pytest.mark.parametrize("seconds", [40.0, 44.0])
def test_many_rows_are_held_if_there_is_no_time_to_plan_them(relay: Relay, seconds: float) -> None:
    report = relay.submit(contacts(12), contacts(7, "shop"), seconds=seconds)

    assert (report.held, sizes(relay)) == (19, [])
    relay.submit(WAKE)
    assert sorted(sizes(relay)) == [7, 12]


def test_many_rows_are_held_if_there_is_no_time_to_read_more(relay: Relay) -> None:
    class Slow:
        """Receiving takes half of the time."""

        def __getattr__(self, name: str) -> Any:
            relay.clock.now += 4 * (name == "receive")
            return getattr(relay.queue, name)

    queued = contacts(1, delivery="e")
    relay.aws.sqs.send_message(QueueUrl=relay.aws.queue_url, MessageBody=queued)

    report = relay.submit(contacts(12), contacts(7, "shop"), seconds=46.0, queue=Slow())

    assert (report.held, sizes(relay)) == (20, [])


def test_what_is_redelivered_is_not_held_for_want_of_time(relay: Relay) -> None:
    relay.submit(contacts(12), seconds=42.0, again=True)

    assert sum(sizes(relay)) == 12


def test_a_few_rows_go_although_there_is_no_time_to_read_more(relay: Relay) -> None:
    report = relay.submit(contacts(5), contacts(3, "shop"), seconds=40.0)

    assert (report.held, sizes(relay)) == (0, [5, 3])
