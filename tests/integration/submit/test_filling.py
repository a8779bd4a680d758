"""Full imports: under the lease, a batch is filled up with more of its lane's queue."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from import_relay.domain.lanes import Lane
from import_relay.domain.queue_messages import WAKE
from import_relay.storage.held import HeldState, HeldStates, held_key, held_state
from import_relay.submit import filling
from import_relay.submit.holding import MAX_HOLD_S
from tests.support.aws import LEDGER
from tests.support.builders import ERP, connections, message
from tests.support.clients import Overruling
from tests.support.relay import Relay

OTHER_LIST = (
    ERP.replace("[erp", "[shop")
    .replace('"json"', '"json"\nid_prefix = "shop-"')
    .replace('version = "v"', 'version = "v"\ncontact_list_external_id = "shop"')
)
"""A connection whose contacts need imports of their own."""
FULL = 20
"""Rows of an import in these tests."""


@pytest.fixture
def relay(relay: Relay) -> Relay:
    relay.rows_per_import = FULL
    return relay


def contact(number: int, **fields: object) -> dict[str, object]:
    return {"id": f"c-{number}", "name": f"Ada {number}", "v": 1, **fields}


def put(relay: Relay, numbers: range, url: str = "") -> None:
    """Messages in a queue, with a contact each."""
    for number in numbers:
        body = message([contact(number)], delivery=f"d-{number:05}")
        relay.aws.sqs.send_message(QueueUrl=url or relay.aws.queue_url, MessageBody=body)


def sizes(relay: Relay) -> list[int]:
    return [len(body["payload"]) for body in relay.mateo.bodies]


def something_is_held(relay: Relay) -> None:
    """The ledger table says so."""
    states = HeldStates(relay.aws.dynamodb, LEDGER, clock=relay.clock)
    states.write(Lane.LIVE, HeldState(since=relay.clock.now))


def left(relay: Relay, url: str = "") -> int:
    """Messages of a queue that are not deleted, whether they are visible or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = relay.aws.sqs.get_queue_attributes(
        QueueUrl=url or relay.aws.queue_url,
        AttributeNames=names,  # type: ignore[arg-type]  # a list of literals
    )
    return sum(int(one) for one in answer["Attributes"].values())


def test_an_import_is_filled_with_what_else_is_queued(relay: Relay) -> None:
    put(relay, range(1, 10))

    report = relay.submit(message([contact(0)]))

    assert (report.items, report.rows, report.imports) == (10, 10, 1)
    assert sizes(relay) == [10]
    assert left(relay) == 0


def test_what_does_not_fill_another_import_is_held_while_more_is_queued(relay: Relay) -> None:
    put(relay, range(1, 60))

    report = relay.submit(message([contact(0)]))

    assert sizes(relay) == [FULL]
    assert report.held == report.items - FULL
    held = relay.aws.queued(relay.aws.held_queue_url)
    assert len(held) == report.held
    assert {delay for _, delay in held} == {0}
    assert left(relay) == 60 - report.items


def test_a_backlog_goes_in_full_imports_but_for_the_last(relay: Relay) -> None:
    put(relay, range(110))

    while left(relay) or left(relay, relay.aws.held_queue_url):
        relay.submit()

    assert sizes(relay) == [FULL] * 5 + [10]
    assert len({row["external_id"] for row in relay.mateo.rows}) == 110


def test_what_was_held_goes_first(relay: Relay) -> None:
    put(relay, range(1, 60))
    relay.submit(message([contact(0)]))
    held = {
        item["item"]["id"]
        for content, _ in relay.aws.queued(relay.aws.held_queue_url)
        for item in content["items"]
    }

    relay.submit(message([contact(100)], delivery="d-100"))

    second = relay.mateo.bodies[1]["payload"]
    assert held <= {row["external_id"] for row in second}


def test_a_record_is_held_for_a_quarter_of_an_hour_at_most(relay: Relay) -> None:
    relay.connections = connections(ERP + OTHER_LIST)
    rare = message([contact(500)], connection="shop", delivery="d-rare")
    put(relay, range(60))
    assert relay.submit(rare).held
    relay.clock.now += MAX_HOLD_S - 1
    put(relay, range(100, 160))
    relay.submit()
    assert "c-500" not in str(relay.mateo.rows)
    relay.clock.now += 1
    put(relay, range(200, 260))

    relay.submit()

    assert ["shop-c-500"] in [
        [row["external_id"] for row in body["payload"]] for body in relay.mateo.bodies
    ]


def test_what_is_held_again_is_held_since_the_first_time(relay: Relay) -> None:
    relay.connections = connections(ERP + OTHER_LIST)
    put(relay, range(60))
    relay.submit(message([contact(500)], connection="shop", delivery="d-rare"))
    begun_at = relay.clock.now
    relay.clock.now += 600
    put(relay, range(100, 160))

    relay.submit()

    assert relay.states.read([]).held.since == begun_at


def test_the_last_of_a_days_entities_need_no_full_import(relay: Relay) -> None:
    relay.limits = relay.limits.__class__(2.0, 10_000, 25, relay.limits.time_zone)
    put(relay, range(1, 60))

    relay.submit(message([contact(0)]))
    report = relay.submit(message([contact(70)], delivery="d-70"))

    assert sizes(relay) == [FULL, 5]
    assert report.paused == "limit.entities"


def test_messages_are_deleted_only_once_their_rows_are_kept(relay: Relay) -> None:
    put(relay, range(1, 10))

    class Broken:
        def __getattr__(self, name: str) -> Any:
            def fail(*_: object, **__: object) -> None:
                raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")

            return fail

    report = relay.submit(message([contact(0)]), archive=Broken())

    assert sizes(relay) == []
    assert report.failed_message_ids == {"m0"}, "Lambda is told of nothing else"
    assert left(relay) == 9


def test_what_cannot_be_read_stays_in_the_queue(relay: Relay) -> None:
    relay.aws.sqs.send_message(QueueUrl=relay.aws.queue_url, MessageBody="no json")

    report = relay.submit(message([contact(0)]))

    assert report.failed_message_ids == set()
    assert sizes(relay) == [1]
    assert left(relay) == 1


def test_a_queue_that_cannot_be_read_prevents_no_import(relay: Relay) -> None:
    something_is_held(relay)
    relay.aws.sqs.delete_queue(QueueUrl=relay.aws.held_queue_url)

    relay.submit(message([contact(0)]))

    assert sizes(relay) == [1]
    assert relay.said("batch.interrupted")


@pytest.mark.parametrize("limit", ["MAX_FILLED_ITEMS", "MAX_FILLED_B"])
def test_no_more_is_read_than_memory_holds(
    relay: Relay, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, limit, 2)
    put(relay, range(1, 60))

    report = relay.submit(message([contact(0)]), message([contact(100)], delivery="d2"))

    assert report.items == 2
    assert sizes(relay) == [2], "nothing is full, so nothing is held"


def test_what_came_twice_is_imported_once(relay: Relay) -> None:
    body = message([contact(0)])
    relay.aws.sqs.send_message(QueueUrl=relay.aws.queue_url, MessageBody=body)

    report = relay.submit(body)

    assert (report.rows, report.outcomes) == (1, {})
    assert left(relay) == 0


def test_what_came_twice_has_one_outcome(relay: Relay) -> None:
    body = message([contact(0), contact(0, v=2), {"v": 1}])
    relay.aws.sqs.send_message(QueueUrl=relay.aws.queue_url, MessageBody=body)

    report = relay.submit(body)

    assert (report.rows, dict(report.outcomes)) == (1, {"superseded": 1, "rejected": 1})


def test_each_lane_is_filled_from_its_own_queue(relay: Relay) -> None:
    put(relay, range(1, 5))
    put(relay, range(10, 13), relay.aws.bulk_queue_url)

    relay.submit(message([contact(0)]), lane=Lane.BULK)

    assert sizes(relay) == [4]
    assert left(relay, relay.aws.bulk_queue_url) == 0
    assert left(relay) == 4


def test_what_ended_before_is_not_counted_again_when_it_fills_a_batch(relay: Relay) -> None:
    bad = message([{"v": 1}], delivery="d-bad")
    assert relay.submit(bad).outcomes == {"rejected": 1}
    content = json.loads(bad) | {"requeues": 1}
    relay.aws.sqs.send_message(QueueUrl=relay.aws.queue_url, MessageBody=json.dumps(content))

    report = relay.submit(message([contact(0)]))

    assert (report.rows, dict(report.outcomes)) == (1, {})
    assert left(relay) == 0


def test_an_import_is_not_filled_if_there_is_little_time(relay: Relay) -> None:
    put(relay, range(1, 10))

    relay.submit(message([contact(0)]), seconds=35.0)

    assert left(relay) == 9


def wakes(relay: Relay) -> list[int]:
    """The delays of messages that only have submission look at what is held."""
    return [delay for content, delay in relay.aws.queued() if not content["items"]]


def test_what_is_held_is_looked_at_after_a_minute_though_nothing_else_comes(relay: Relay) -> None:
    put(relay, range(1, 21))
    relay.submit(message([contact(0)]))
    assert (wakes(relay), left(relay)) == ([60], 0)
    relay.clock.now += 60

    relay.submit(WAKE)

    assert sum(sizes(relay)) == 21
    assert left(relay, relay.aws.held_queue_url) == 0
    assert wakes(relay) == [60], "all held messages are deleted: none can come back"


def not_deleted(real: Any, **asked: Any) -> Any:
    """SQS deletes none of the messages."""
    failed = [{"Id": one["Id"], "Code": "InternalError"} for one in asked["Entries"]]
    return {"Failed": failed}


def answered_twice(real: Any, **asked: Any) -> Any:
    """The first answer of SQS was lost; the SDK asked again and received nothing."""
    real(**asked)
    return {"ResponseMetadata": {"RetryAttempts": 1}}


def lost(real: Any, **asked: Any) -> Any:
    """There is no answer."""
    raise ReadTimeoutError(endpoint_url="aws")


@pytest.mark.parametrize(
    ("service", "methods"),
    [
        ("sqs", {"delete_message_batch": not_deleted}),
        ("sqs", {"delete_message_batch": lost}),
        ("sqs", {"receive_message": answered_twice}),
        ("sqs", {"receive_message": lost}),
        ("dynamodb", {"put_item": lost}),
    ],
)
def test_what_may_come_back_is_not_forgotten(
    relay: Relay, service: str, methods: dict[str, Any]
) -> None:
    put(relay, range(1, 21))
    relay.submit(message([contact(0)]))
    relay.clock.now += 60
    broken: Any = Overruling(getattr(relay.aws, service), **methods)
    relay.aws = replace(relay.aws, **{service: broken})

    report = relay.submit(WAKE)

    item = relay.aws.dynamodb.get_item(TableName=LEDGER, Key=held_key(Lane.LIVE))["Item"]
    assert held_state(item) != HeldState()
    assert wakes(relay)[1:] or report.failed_message_ids


@pytest.mark.parametrize("paused", [True, False])
def test_a_batch_that_cannot_be_submitted_now_leaves_what_is_held_awake(
    relay: Relay, *, paused: bool
) -> None:
    if paused:
        relay.pause.begin(relay.clock.now + 3_600, "limit.entities")
    else:
        something_is_held(relay)
        relay.aws.sqs.delete_queue(QueueUrl=relay.aws.held_queue_url)

    report = relay.submit(WAKE)

    assert report.failed_message_ids == set()
    assert wakes(relay) == [60]


def test_a_wake_is_redelivered_if_no_other_can_be_sent(relay: Relay) -> None:
    something_is_held(relay)
    relay.aws.sqs.delete_queue(QueueUrl=relay.aws.held_queue_url)
    relay.aws.sqs.delete_queue(QueueUrl=relay.aws.queue_url)

    assert relay.submit(WAKE).failed_message_ids == {"m0"}
