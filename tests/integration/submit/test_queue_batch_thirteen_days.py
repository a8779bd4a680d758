"""A record waits for thirteen days; then it is a dead letter that says why, until a person acts."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from import_relay.domain.codes import CODES
from import_relay.domain.models import Occurrence
from import_relay.domain.queue_messages import MAX_REQUEUED_S, repeat_bodies
from import_relay.storage.queue import Delayed
from tests.support.aws import relay_resources
from tests.support.builders import message
from tests.support.relay import Relay

DAY_S = 86_400.0
ADA = {"id": "1", "name": "Ada Lovelace", "phone": "+4915112345678"}


@pytest.fixture
def relay() -> Iterator[Relay]:
    with relay_resources() as aws:
        yield Relay(aws)


def dead(relay: Relay) -> list[dict[str, Any]]:
    """The contents of the dead-letter queue."""
    found = relay.aws.sqs.receive_message(
        QueueUrl=relay.aws.dead_letter_url, MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [json.loads(one["Body"]) for one in found.get("Messages", [])]


def pause(relay: Relay) -> None:
    relay.pause.begin(relay.clock.now + 3_600, "limit.entities")


def waits(relay: Relay, body: str, **how: Any) -> None:
    """Submit a message while submission is paused."""
    pause(relay)
    relay.submit(body, **how)


def test_a_record_that_waits_is_requeued_until_the_thirteenth_day_is_over(relay: Relay) -> None:
    received = relay.clock.now
    waits(relay, message([ADA], received_at=int(received * 1_000_000)))
    while relay.clock.now <= received + MAX_REQUEUED_S:
        (body,) = relay.aws.taken()
        assert not dead(relay)
        relay.clock.now += DAY_S
        waits(relay, body)

    (letter,) = dead(relay)
    assert not relay.aws.taken()
    assert letter["moved"] == {
        "code": "requeued.too_long",
        "at": int(relay.clock.now * 1_000_000),
    }
    assert [one["item"] for one in letter["items"]] == [ADA]
    assert letter["moved"]["code"] in CODES
    (event,) = relay.said("message.too_old")
    assert (event["connection"], event["delivery"], event["items"]) == ("erp", "d1", 1)
    assert event["waited_s"] == int(relay.clock.now - received)


def test_a_record_that_is_old_but_has_nothing_to_wait_for_is_imported(relay: Relay) -> None:
    received_at = int((relay.clock.now - 20 * DAY_S) * 1_000_000)

    relay.submit(message([ADA], received_at=received_at))

    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]
    assert not dead(relay)


def expired(relay: Relay) -> str:
    """The body of a dead letter, which a person may redrive."""
    waits(relay, message([ADA], received_at=int((relay.clock.now - 14 * DAY_S) * 1_000_000)))
    (letter,) = dead(relay)
    relay.aws.sqs.purge_queue(QueueUrl=relay.aws.dead_letter_url)
    return json.dumps(letter)


def resume(relay: Relay) -> None:
    relay.clock.now = relay.pause.state().paused_until


def test_a_redriven_record_is_imported_if_nothing_is_in_its_way(relay: Relay) -> None:
    letter = expired(relay)
    resume(relay)

    relay.submit(letter, redriven=True)

    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]


@pytest.mark.parametrize("after_s", [1.0, 600.0, 5 * DAY_S])
def test_a_redriven_record_that_has_to_wait_has_thirteen_more_days(
    relay: Relay, after_s: float
) -> None:
    letter = expired(relay)
    relay.clock.now += after_s
    redriven_at = relay.clock.now
    waits(relay, letter, redriven=True)

    while relay.clock.now <= redriven_at + MAX_REQUEUED_S:
        (body,) = relay.aws.taken()
        assert "moved" not in json.loads(body)
        assert json.loads(body)["since"] == int(redriven_at * 1_000_000)
        assert not dead(relay)
        relay.clock.now += DAY_S
        waits(relay, body)

    assert len(dead(relay)) == 1


def test_a_letter_that_sqs_itself_made_dead_has_thirteen_days_after_its_redrive(
    relay: Relay,
) -> None:
    """Only the time from receipt to sending shows that it was redriven."""
    received_at = int((relay.clock.now - 20 * DAY_S) * 1_000_000)

    waits(relay, message([ADA], received_at=received_at), redriven=True)

    assert not dead(relay)
    (body,) = relay.aws.taken()
    assert json.loads(body)["since"] == int(relay.clock.now * 1_000_000)


def test_what_the_relay_requeued_itself_is_not_taken_for_redriven(relay: Relay) -> None:
    received = relay.clock.now
    waits(relay, message([ADA], received_at=int(received * 1_000_000)))
    relay.clock.now += 5 * DAY_S
    (body,) = relay.aws.taken()
    content = json.loads(body) | {"requeued_at": int((relay.clock.now - 900) * 1_000_000)}

    waits(relay, json.dumps(content), redriven=True)  # sent just now, as SQS says

    (again,) = relay.aws.taken()
    assert "since" not in json.loads(again)


def test_a_retried_row_keeps_the_time_of_the_redrive(relay: Relay) -> None:
    letter = expired(relay)
    resume(relay)
    relay.submit(letter, redriven=True)
    frozen = relay.archive.load("ref-1")
    assert frozen is not None
    (row,) = frozen.provenance

    (body,) = repeat_bodies(one.occurrence for one in row.items)

    assert json.loads(body)["since"] == int(relay.clock.now * 1_000_000)


def test_a_retried_row_that_waited_too_long_becomes_a_dead_letter(relay: Relay) -> None:
    now = int(relay.clock.now * 1_000_000)
    old = Occurrence("", "erp", "d1", 0, "e", now - 14 * int(DAY_S) * 1_000_000, 0, ADA)
    new = old._replace(delivery="d2", received_at=now)

    relay.queue.send(Delayed(body, 900) for body in repeat_bodies([old, new]))

    assert [one["delivery"] for one in dead(relay)] == ["d1"]
    assert [json.loads(one)["delivery"] for one in relay.aws.taken()] == ["d2"]


def test_a_dead_letter_that_cannot_be_stored_fails_the_batch_so_that_its_messages_stay(
    relay: Relay,
) -> None:
    pause(relay)
    relay.aws.sqs.delete_queue(QueueUrl=relay.aws.dead_letter_url)
    body = message([ADA], received_at=int((relay.clock.now - 14 * DAY_S) * 1_000_000))

    with pytest.raises(Exception, match=r"NonExistentQueue|NotExist"):
        relay.submit(body)

    assert not relay.said("message.too_old")


def test_the_age_of_a_requeued_record_is_logged_from_its_receipt_on(
    relay: Relay,
) -> None:
    received = relay.clock.now
    waits(relay, message([ADA], received_at=int(received * 1_000_000)))
    for _ in range(3):
        (body,) = relay.aws.taken()
        relay.clock.now += DAY_S
        waits(relay, body)

    logged = relay.said("message.requeued")
    assert [one["oldest_s"] for one in logged] == [0, *(int(n * DAY_S) for n in (1, 2, 3))]


def test_of_several_messages_the_age_of_the_oldest_is_logged(relay: Relay) -> None:
    now = relay.clock.now
    bodies = [
        message([ADA], received_at=int((now - days * DAY_S) * 1_000_000), delivery=f"d{days}")
        for days in (1, 5, 3)
    ]
    pause(relay)
    relay.submit(*bodies)

    assert [one["oldest_s"] for one in relay.said("message.requeued")] == [int(5 * DAY_S)]
