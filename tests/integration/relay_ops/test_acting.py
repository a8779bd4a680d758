"""What a person changes by hand: the pause, Mateo's token, secrets. Each says whether it worked."""

import gzip
import io
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import time_machine

import relay_ops.stack
from import_relay.storage.entries import State
from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.pausing import Submission
from relay_ops.stack import Stack
from tests.support import aws as resources
from tests.support.aws import Aws
from tests.support.builders import NOON, message
from tests.support.relay import Relay

SETTINGS = {
    "EVENT_SOURCE_MAPPINGS_PARAMETER": resources.MAPPING_PARAMETER,
    "PAUSE_SCHEDULE_GROUP": resources.SCHEDULE_GROUP,
    "PAUSE_SCHEDULE_ROLE_ARN": resources.SCHEDULE_ROLE,
    "REQUESTS_PER_SECOND": "2",
    "REQUESTS_PER_DAY": "10000",
    "ENTITIES_PER_DAY": "25000",
    "BULK_SHARE_PERCENT": "80",
    "ROWS_PER_IMPORT": "5000",
    "MATEO_BASE_URL": "https://mateo.example/api/v1",
}


class Moving:
    """SQS with the move tasks, which moto lacks."""

    def __init__(self, sqs: Any, aws: Aws) -> None:
        self._sqs, self._aws = sqs, aws
        self.moved = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def start_message_move_task(self, *, SourceArn: str, DestinationArn: str) -> None:  # noqa: N803
        assert DestinationArn.rpartition(":")[2] == self._aws.queue_url.rpartition("/")[2]
        assert SourceArn.endswith(self._aws.dead_letter_url.rpartition("/")[2])
        url = self._aws.dead_letter_url
        with time_machine.travel(NOON + 1, tick=False):  # moto: visible after a time, not at it
            answer = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        for one in answer["Messages"]:
            self._sqs.send_message(QueueUrl=self._aws.queue_url, MessageBody=one["Body"])
            self.moved += 1

    def list_message_move_tasks(self, **_: Any) -> Any:
        moved = {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": self.moved}
        return {"Results": [moved]}


@pytest.fixture
def stack(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack of these resources, which commands open."""
    manager = resources.client("secretsmanager")
    arns = {
        name: manager.create_secret(Name=name, SecretString=text)["ARN"]
        for name, text in (
            ("MateoTokenArn", "old"),
            ("ConnectionSecretsArn", '{"erp": ["one"]}'),
            ("CrmTokensArn", "{}"),
        )
    }
    outputs = {
        "LedgerTableName": resources.LEDGER,
        "BucketName": resources.BUCKET,
        "QueueUrl": relay.aws.queue_url,
        "BulkQueueUrl": relay.aws.bulk_queue_url,
        "DeadLetterQueueUrl": relay.aws.dead_letter_url,
        **arns,
    }
    described = {"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}

    def client(service: str) -> Any:
        if service == "lambda":
            return relay.lambda_
        made = resources.client(service)
        return Moving(made, relay.aws) if service == "sqs" else made

    stack = Stack("import-relay", "here", described, client, clock=relay.clock)
    stack.__dict__["settings"] = {**SETTINGS, "MATEO_TOKEN_ARN": arns["MateoTokenArn"]}
    monkeypatch.setattr(relay_ops.stack, "open_stack", lambda *_: stack)
    return stack


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Gives a command a text on stdin."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def stored(stack: Stack, output: str) -> str:
    manager = stack.client("secretsmanager")
    return str(manager.get_secret_value(SecretId=stack.outputs[output])["SecretString"])


def mapping_states(relay: Relay) -> set[str]:
    found = (relay.lambda_.get_event_source_mapping(UUID=one) for one in resources.MAPPINGS)
    return {one["State"] for one in found}


def test_a_pause_takes_effect_and_ends(relay: Relay, stack: Stack) -> None:
    assert run(["pause", "--hours", "2", "--yes"]) == ExitCode.DONE
    assert mapping_states(relay) == {"Disabled"}
    state = relay.pause.state()
    assert (state.paused_until, state.reason) == (relay.clock.now + 7_200, "maintenance")

    assert run(["resume", "--yes"]) == ExitCode.DONE
    assert mapping_states(relay) == {"Enabled"}
    assert relay.pause.state().paused_until == 0


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_nothing_changes_without_a_yes(
    relay: Relay, stack: Stack, given: Callable[[str], None], command: str
) -> None:
    given("")
    relay.lambda_.enabled = command == "pause"
    assert run([command]) == ExitCode.NOT_CONFIRMED
    assert relay.lambda_.enabled == (command == "pause")
    assert relay.pause.state().paused_until == 0


def test_a_mapping_that_does_not_change_is_told(
    relay: Relay, stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("relay_ops.pausing.EFFECT_WAIT_S", -1.0)
    monkeypatch.setattr(Submission, "is_enabled", lambda _: None)
    assert run(["pause", "--yes"]) == ExitCode.UNAVAILABLE
    assert "not disabled" in capsys.readouterr().err


@pytest.mark.parametrize("status", [200, 403])
def test_a_token_is_stored_and_tried(
    relay: Relay,
    stack: Stack,
    given: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    relay.pause.begin(relay.clock.now + 3_600, "mateo.credentials")
    asked = []

    def answer(client: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
        asked.append(options["headers"]["authorization"])
        return httpx.Response(status, json=[], request=httpx.Request(method, url))

    monkeypatch.setattr(httpx.Client, "request", answer)
    given("new-token\n")

    ended = run(["token", "--yes"])

    assert ended == (ExitCode.DONE if status == 200 else ExitCode.UNAVAILABLE)
    assert stored(stack, "MateoTokenArn") == "new-token"
    assert asked == ["Bearer new-token"]
    assert relay.quota.usage().requests == 1
    assert relay.lambda_.enabled == (status == 200)


def test_a_secret_is_added_and_the_old_one_removed_later(
    stack: Stack, given: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    given("two\n")
    assert run(["secret", "erp", "--yes"]) == ExitCode.DONE
    assert json.loads(stored(stack, "ConnectionSecretsArn")) == {"erp": ["one", "two"]}
    given("two\n")
    assert run(["secret", "erp", "--only", "--yes"]) == ExitCode.DONE
    assert json.loads(stored(stack, "ConnectionSecretsArn")) == {"erp": ["two"]}
    given("crm-token\n")
    assert run(["secret", "hubspot.token", "--yes"]) == ExitCode.DONE
    assert json.loads(stored(stack, "CrmTokensArn")) == {"hubspot.token": ["crm-token"]}
    assert "crm-token" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_secret_is_refused(stack: Stack, given: Callable[[str], None], text: str) -> None:
    given(text)
    assert run(["secret", "erp", "--yes"]) == ExitCode.USAGE
    assert json.loads(stored(stack, "ConnectionSecretsArn")) == {"erp": ["one"]}


DAY = ["--from", "2026-11-21", "--to", "2026-11-22"]


def test_rejected_records_are_put_back(
    relay: Relay, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {"v": 1, "phone": "12"}
    relay.submit(message([bad, bad], delivery="20261121T110000000000-00000000a1"))
    relay.clock.now += 86_400
    asked = ["replay", *DAY, "--connection", "erp", "--only", "rejected"]

    assert run([*asked, "--dry-run"]) == ExitCode.DONE
    assert "at most 2 entities" in " ".join(capsys.readouterr().out.split())
    assert run([*asked, "--yes"]) == ExitCode.USAGE
    assert not relay.aws.queued(relay.aws.bulk_queue_url)

    asked += ["--reason", "mapping corrected", "--yes", "--json", "--no-wait"]
    assert run(asked) == ExitCode.DONE
    said = json.loads(capsys.readouterr().out)
    assert (said["records"], said["by_connection"]) == (2, {"erp": 2})
    assert not relay.aws.queued()
    ((sent, _),) = relay.aws.queued(relay.aws.bulk_queue_url)
    assert [one["item"] for one in sent["items"]] == [bad, bad]
    assert run(["replay", "--id", said["replay"], "--no-wait"]) == ExitCode.DONE
    assert len(relay.aws.queued(relay.aws.bulk_queue_url)) == 1


def test_a_replay_is_followed_until_all_records_have_an_outcome(
    relay: Relay,
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One is rejected again, the other is imported; both while the command waits."""
    good, bad = {"id": 1, "v": 1, "name": "Ada"}, {"v": 1, "phone": "12"}
    relay.submit(message([good, bad], delivery="20261121T110000000000-00000000a1"))
    (first,) = (key.split("/")[1] for key in relay.aws.objects("imports/"))
    relay.ledger.close(relay.entry(first), target=State.FINISHED, outcomes={})
    relay.clock.now += 86_400

    def submit_and_report(_: float) -> None:
        for body in relay.aws.taken(relay.aws.bulk_queue_url):
            relay.submit(body, invocation="second")
            (item_id,) = (f"{json.loads(body)['delivery']}/0",)
            line = json.dumps({"outcome": "imported", "item_ids": [item_id]})
            key = f"reports/date={relay.limits.day(relay.clock.now)}/import=x/rows.ndjson.gz"
            relay.archive.put(key, gzip.compress(line.encode()), content_type="application/gzip")

    passing = SimpleNamespace(sleep=submit_and_report)
    monkeypatch.setattr("relay_ops.replay_following.time", passing)
    assert run(["replay", *DAY, "--reason", "why", "--yes", "--json"]) == ExitCode.DONE

    said = json.loads(capsys.readouterr().out)
    assert (said["records"], said["outcomes"]) == (2, {"imported": 1, "rejected": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--from", "yesterday"],
        ["--from", "2026-09-01"],
        ["--from", "2026-11-21", "--to", "2026-11-20"],
        ["--id", "1"],
        ["--id", "20261121T100000-a1b2c3"],
    ],
)
def test_a_wrong_replay_changes_nothing(relay: Relay, stack: Stack, wrong: list[str]) -> None:
    assert run(["replay", *wrong, "--reason", "x", "--yes"]) == ExitCode.USAGE
    assert not relay.aws.queued(relay.aws.bulk_queue_url)


@pytest.mark.parametrize(
    "option",
    [
        ["--dry-run"],
        ["--force"],
        ["--from", "2026-11-21"],
        ["--to", "2026-11-22"],
        ["--connection", "erp"],
        ["--only", "failed"],
    ],
    ids=" ".join,
)
def test_a_replay_that_goes_on_takes_no_other_choice(
    relay: Relay, stack: Stack, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    relay.submit(message([{"name": "nobody"}], received_at=int(NOON * 1_000_000)))
    relay.clock.now += 86_400
    begun = ["replay", *DAY, "--reason", "x", "--yes", "--no-wait", "--json"]
    assert run(begun) == ExitCode.DONE
    id_ = json.loads(capsys.readouterr().out)["replay"]

    assert run(["replay", "--id", id_, "--no-wait", *option]) == ExitCode.USAGE
    assert f"{option[0]} cannot be used with --id" in capsys.readouterr().err


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
