"""`relay redrive`: dead letters are explained, and moved back."""

import json

import pytest

from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.stack import Stack
from tests.integration.relay_ops.commands.opened import stack
from tests.support.builders import message
from tests.support.relay import Relay

__all__ = ["stack"]  # fixtures


def test_dead_letters_are_shown_with_what_killed_them_and_moved_back(
    relay: Relay, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    content = {
        **json.loads(message([{"id": 1}, {"id": 2}])),
        "moved": {"code": "row.killed_process"},
    }
    for body in (json.dumps(content), "nonsense"):
        relay.aws.sqs.send_message(QueueUrl=relay.aws.dead_letter_url, MessageBody=body)

    assert run(["redrive", "--yes", "--json"]) == ExitCode.DONE

    assert json.loads(capsys.readouterr().out) == {
        "moved": 2,
        "causes": [
            {"connection": "erp", "cause": "row.killed_process", "items": 2},
            {"connection": "?", "cause": "message.unreadable", "items": 1},
        ],
    }
    found = relay.aws.sqs.receive_message(QueueUrl=relay.aws.queue_url, MaxNumberOfMessages=10)
    assert {one["Body"] for one in found["Messages"]} == {json.dumps(content), "nonsense"}


def test_an_empty_dead_letter_queue_needs_no_answer(stack: Stack) -> None:
    assert run(["redrive"]) == ExitCode.DONE
