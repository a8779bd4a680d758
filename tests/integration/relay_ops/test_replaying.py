"""A replay of a stack: the day that it counts for, how it continues, and its permissions."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from import_relay.storage.entries import State
from relay_ops.exits import CommandError
from relay_ops.replaying import StackReplay
from relay_ops.stack import Stack
from tests.docs.documents import document
from tests.support import aws as resources
from tests.support.builders import NOON, message
from tests.support.relay import Relay

BAD = {"name": "nobody"}
D1, D2 = (f"20261121T1{n}0000000000-00000000a{n}" for n in range(2))
DAY = ("", "2026-11-21", "2026-11-22", "all")
JSON_BLOCK = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SETTINGS = {
    "REQUESTS_PER_SECOND": "2",
    "REQUESTS_PER_DAY": "10000",
    "ENTITIES_PER_DAY": "25000",
    "BULK_SHARE_PERCENT": "80",
}
ACTIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "dynamodb:TransactWriteItems": "dynamodb:UpdateItem",  # as all operations in it are updates
}
"""Call → its action of IAM, where it has another name."""


@pytest.fixture
def replayable(relay: Relay, stack: Stack) -> Stack:
    """Two items were rejected on the day before."""
    relay.submit(message([BAD, BAD], delivery=D1, received_at=int(NOON * 1_000_000)))
    relay.clock.now += 86_400
    return known(stack)


def known(stack: Stack) -> Stack:
    stack.__dict__["settings"] = SETTINGS
    return stack


def begun(stack: Stack, *, force: bool = False) -> tuple[StackReplay, str]:
    made = StackReplay(stack)
    return made, made.begin(made.selection(*DAY), "mapping corrected", force=force)


def test_what_is_put_back_is_counted_on_the_day_of_the_stacks_time_zone(
    relay: Relay, replayable: Stack
) -> None:
    zone = {"ParameterKey": "LimitTimeZone", "ParameterValue": "Europe/Berlin"}
    stack = known(replace(replayable, described={**replayable.described, "Parameters": [zone]}))
    relay.clock.now = datetime(2026, 11, 22, 23, 30, tzinfo=UTC).timestamp()
    with time_machine.travel(relay.clock.now, tick=False):
        made, id_ = begun(stack)
        assert made.run(id_).total == 2

    counts = relay.outcome_counts.days(["2026-11-21", "2026-11-22", "2026-11-23"])
    assert counts["2026-11-23"] == {"replayed": 2}


def test_force_is_in_the_mark(relay: Relay, replayable: Stack) -> None:
    made, id_ = begun(replayable, force=True)
    made.run(id_)

    (content,) = (json.loads(body) for body in relay.aws.taken(relay.aws.bulk_queue_url))
    assert (content["replay"]["id"], content["replay"]["force"]) == (id_, True)


def test_a_replay_that_stops_says_how_to_go_on_and_counts_once(
    relay: Relay, replayable: Stack
) -> None:
    made, id_ = begun(replayable)
    relay.aws.sqs.delete_queue(QueueUrl=relay.aws.bulk_queue_url)
    with pytest.raises(CommandError, match=f"relay replay --id {id_}"):
        made.run(id_)

    name = relay.aws.bulk_queue_url.rpartition("/")[2]
    relay.aws.sqs.create_queue(QueueName=name)
    assert made.run(id_).total == 2
    assert relay.outcome_counts.days(["2026-11-22"])["2026-11-22"] == {"replayed": 2}


def test_a_replay_needs_exactly_the_permissions_that_the_runbook_names(
    relay: Relay, replayable: Stack
) -> None:
    relay.submit(message([{"id": "1", "name": "Ada", "v": 1}], delivery=D2), invocation="second")
    relay.ledger.close(relay.entry("ref-1"), target=State.FINISHED, outcomes={})
    calls: set[str] = {"cloudformation:DescribeStacks"}  # with which it finds the stack

    def noted(service: str) -> Any:
        made = resources.client(service)
        made.meta.events.register(
            "before-call", lambda event_name, **_: calls.add(":".join(event_name.split(".")[1:]))
        )
        return made

    stack = known(replace(replayable, make_client=noted, _clients={}))
    made = StackReplay(stack)
    failed = made.selection("", "2026-11-21", "2026-11-22", "failed")
    assert made.count(failed).total == 0
    assert not made.warning(made.count(failed), failed)
    assert made.run(begun(stack)[1]).total == 3

    section = document("docs/runbook.md").section("Send records again").text
    (policy,) = (one for one in JSON_BLOCK.findall(section) if "Statement" in one)
    named = [one["Action"] for one in json.loads(policy)["Statement"]]
    allowed = {action for one in named for action in ([one] if isinstance(one, str) else one)}
    of_settings = {"cloudformation:ListStackResources", "lambda:GetFunctionConfiguration"}
    assert allowed - of_settings == {ACTIONS.get(call, call) for call in calls}
    assert of_settings <= allowed
