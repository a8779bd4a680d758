"""`relay redrive`: dead letters are explained, and moved back."""

import json

import pytest
import time_machine

from import_relay.domain.codes import CODES
from import_relay.domain.files import file_delivery
from relay_ops.app import run
from relay_ops.commands.redrive import IN_THE_LOG
from relay_ops.exits import ExitCode
from relay_ops.stack import Stack
from tests.integration.relay_ops.commands.opened import stack
from tests.support.builders import NOON, message
from tests.support.relay import Relay

__all__ = ["stack"]  # fixtures


def bodies(relay: Relay, url: str) -> set[str]:
    found = relay.aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return {one["Body"] for one in found.get("Messages", [])}


def test_dead_letters_are_shown_with_what_killed_them_and_moved_to_their_lanes(
    relay: Relay,
    stack: Stack,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    killed = {"moved": {"code": "row.killed_process"}}
    webhook = json.dumps({**json.loads(message([{"id": n} for n in range(4)])), **killed})
    of_file = message([{"id": 3}], delivery=file_delivery("0123456789abcdef", 0))
    put_back = json.dumps({**json.loads(message([{"id": 4}, {"id": 5}])), "replay": {"id": "r"}})
    nested = "[" * 100_000  # deeper than any parser goes
    for body in (webhook, "nonsense", nested, of_file, put_back):
        relay.aws.sqs.send_message(QueueUrl=relay.aws.dead_letter_url, MessageBody=body)

    with time_machine.travel(NOON + 1):  # its last look waits for a second
        assert run(["redrive", "--yes", "--json"]) == ExitCode.DONE

    said = capsys.readouterr()
    for line in (
        f"  4 of erp: row.killed_process\n    {CODES['row.killed_process'].what_to_do}",
        f"  3 of erp: failed ten times\n    {IN_THE_LOG}",
        f"    delivery {json.loads(webhook)['delivery']}",
    ):
        assert line in said.err
    first = {"connection": "erp", "delivery": json.loads(webhook)["delivery"]}
    of_queued = {"connection": "erp", "delivery": json.loads(of_file)["delivery"]}
    assert json.loads(said.out) == {
        "moved": 5,
        "causes": [
            {**first, "cause": "row.killed_process", "items": 4},
            {**of_queued, "cause": "failed ten times", "items": 3},
            {"connection": "?", "cause": "message.unreadable", "items": 2, "delivery": ""},
        ],
    }
    with time_machine.travel(NOON + 100, tick=False):
        assert bodies(relay, relay.aws.queue_url) == {webhook, "nonsense", nested}
        assert bodies(relay, relay.aws.bulk_queue_url) == {of_file, put_back}
        assert bodies(relay, relay.aws.dead_letter_url) == set()


def test_an_empty_dead_letter_queue_needs_no_answer(stack: Stack) -> None:
    assert run(["redrive"]) == ExitCode.DONE
