"""`replay` of a deployed stack: found by its name, told what to put back, and why."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import boto3
import pytest
import time_machine

from import_relay.domain.replays import Replay
from import_relay.storage.entries import State
from import_relay.storage.replays import Selection
from local.__main__ import main
from local.aws import moto_process as moto_server
from local.replay.command import CLOCKS_S, build, described
from tests.docs.documents import document
from tests.support import aws as resources
from tests.support.aws import relay_resources
from tests.support.builders import NOON, message
from tests.support.relay import Relay

STACK, REGION = "relay-in-may", "eu-central-1"
BAD = {"name": "nobody"}
D1, D2 = (f"20261121T1{n}0000000000-00000000a{n}" for n in range(2))
DAY = ["--from", "2026-11-21", "--to", "2026-11-22"]
LATER_S = 86_400.0
ID = "20261125T090000-a1b2c3"
JSON_BLOCK = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ACTIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "dynamodb:TransactWriteItems": "dynamodb:UpdateItem",  # as all operations in it are updates
}
"""Calls for which IAM knows another action."""


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """Two items of two connections were rejected on the day before."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "test")
    moto_server._import_cloudformation()
    with time_machine.travel(NOON, tick=False) as clock, relay_resources() as aws:
        relay = Relay(aws)
        deploy(
            LedgerTableName=resources.LEDGER,
            BucketName=resources.BUCKET,
            BulkQueueUrl=aws.bulk_queue_url,
            DeadLetterQueueUrl=aws.dead_letter_url,
        )
        received_at = int(NOON * 1_000_000)
        relay.submit(message([BAD, BAD], delivery=D1, received_at=received_at))
        clock.shift(LATER_S)
        relay.clock.now += LATER_S
        yield relay


def deploy(name: str = STACK, **outputs: str) -> None:
    """A stack with these outputs and nothing else that a replay looks at."""
    template = {
        "Parameters": {"LimitTimeZone": {"Type": "String", "Default": "Europe/Berlin"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {one: {"Value": text} for one, text in outputs.items()},
    }
    resources.client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template)
    )


def replay(*options: str) -> int:
    return main(["replay", "--stack", STACK, "--region", REGION, *options])


def test_items_are_counted_by_connection_and_nothing_is_put_back(
    relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(*DAY, "--outcome", "rejected", "--dry-run") == 0

    assert capsys.readouterr().out == "Would put back 2 items\n  erp  2\n"
    assert not relay.aws.taken(relay.aws.bulk_queue_url)


def test_items_are_put_back_with_the_reason_and_only_once(
    relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(*DAY, "--reason", "mapping corrected") == 0

    text = capsys.readouterr().out
    found = re.fullmatch(r"Replay (\d{8}T\d{6}-[0-9a-f]{6}) put back 2 items\n  erp  2\n", text)
    assert found, text
    (content,) = (json.loads(body) for body in relay.aws.taken(relay.aws.bulk_queue_url))
    assert content["replay"] == {
        "id": found[1],
        "at": int((NOON + LATER_S) * 1_000_000),
        "reason": "mapping corrected",
    }

    assert replay("--id", found[1]) == 0

    assert capsys.readouterr().out == f"Replay {found[1]} put back 2 items\n"
    assert not relay.aws.taken(relay.aws.bulk_queue_url)


def test_force_is_in_the_mark(relay: Relay) -> None:
    assert replay(*DAY, "--reason", "the CRM was restored", "--force") == 0

    (content,) = (json.loads(body) for body in relay.aws.taken(relay.aws.bulk_queue_url))
    assert content["replay"]["force"] is True


def test_what_is_put_back_is_counted_on_the_day_of_the_stacks_time_zone(relay: Relay) -> None:
    with time_machine.travel(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), tick=False):
        assert replay(*DAY, "--reason", "why") == 0

    counts = relay.outcome_counts.days(["2026-11-21", "2026-11-22", "2026-11-23"])
    assert counts["2026-11-23"] == {"replayed": 2}


def test_a_replay_that_stops_says_how_to_go_on(
    relay: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.aws.sqs.delete_queue(QueueUrl=relay.aws.bulk_queue_url)

    assert replay(*DAY, "--reason", "why") == 1

    told = re.search(r"^Go on with: (--id \S+)$", capsys.readouterr().err, re.MULTILINE)
    assert told
    relay.aws.sqs.create_queue(QueueName="relay-bulk")
    assert replay(*told[1].split()) == 0
    assert "put back 2 items" in capsys.readouterr().out
    assert len(relay.aws.taken(relay.aws.bulk_queue_url)) == 1
    assert relay.outcome_counts.days(["2026-11-22"])["2026-11-22"] == {"replayed": 2}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([*DAY], "--reason is missing"),
        (["--reason", "why"], "--from is missing"),
        (["--from", "yesterday", "--reason", "why"], "--from yesterday: write 2026-11-21"),
        (["--from", "2026-11-22", "--to", "2026-11-21"], "--from is not before --to"),
        (["--from", "2026-11-23", "--reason", "why"], "--from is not before --to"),
        (["--from", "2026-10-01", "--reason", "why"], "--from: items are kept for 35 days"),
        (["--id", "20261121T100000"], "an id is like 20261121T100000-a1b2c3"),
        (["--id", "20261121T100000-a1b2c3"], "no such replay was begun"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_put_back(
    relay: Relay, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert replay(*options) == 2

    assert words in capsys.readouterr().err
    assert not relay.aws.taken(relay.aws.bulk_queue_url)
    assert not relay.outcome_counts.days(["2026-11-22"])


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ("another", "another is no import relay, or not deployed: it has no BucketName"),
        ("missing", "missing cannot be used: "),
    ],
)
def test_a_stack_that_is_no_relay_is_named(
    relay: Relay, capsys: pytest.CaptureFixture[str], stack: str, words: str
) -> None:
    deploy("another", LedgerTableName=resources.LEDGER)

    assert main(["replay", "--stack", stack, "--region", REGION, *DAY, "--dry-run"]) == 2

    assert words in capsys.readouterr().err


@pytest.mark.parametrize("ahead_s", [-7_200, 0, 7_200])
def test_the_time_is_that_of_aws_and_not_of_a_clock_that_is_wrong(ahead_s: int) -> None:
    class CloudFormation:
        def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
            there = datetime.fromtimestamp(NOON + ahead_s, UTC)
            headers = {"date": format_datetime(there, usegmt=True)}
            return {
                "Stacks": [{"StackName": StackName}],
                "ResponseMetadata": {"HTTPHeaders": headers},
            }

    with time_machine.travel(NOON + CLOCKS_S / 2 * (not ahead_s), tick=False):
        stack = described(STACK, lambda _: CloudFormation())
        assert stack.clock() == NOON + (ahead_s or CLOCKS_S / 2)


def test_it_acts_with_exactly_the_permissions_that_the_runbook_names(relay: Relay) -> None:
    relay.submit(message([{"id": "1", "name": "Ada", "v": 1}], delivery=D2), invocation="second")
    relay.ledger.close(relay.entry("ref-1"), target=State.FINISHED, outcomes={})
    calls: set[str] = set()

    def noted(service: str) -> Any:
        made = boto3.session.Session(region_name=REGION).client(service)  # type: ignore[call-overload]
        made.meta.events.register(
            "before-call", lambda event_name, **_: calls.add(":".join(event_name.split(".")[1:]))
        )
        return made

    use_case = build(described(STACK, noted))
    assert use_case.count(Selection(NOON - 1, NOON + 1, outcome="failed")).total == 0
    use_case.begin(Replay(ID, int(NOON * 1_000_000), "why"), Selection(NOON - 1, NOON + 1))
    assert use_case.run(ID).total == 3

    section = document("docs/runbook.md").section("Send records again").text
    (policy,) = (one for one in JSON_BLOCK.findall(section) if "Statement" in one)
    named = [one["Action"] for one in json.loads(policy)["Statement"]]
    allowed = {action for one in named for action in ([one] if isinstance(one, str) else one)}
    assert allowed == {ACTIONS.get(call, call) for call in calls}
