"""`relay redrive --quarantined` posts deliveries again that could not be read."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

import relay_ops.stack
from import_relay.connectors.contract import Request
from relay_ops import reposting
from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.sending import ReceiverAnswer
from relay_ops.stack import Stack
from tests.support import aws as resources
from tests.support.relay import Relay

ERP = """
[erp]
kind = "json"
[erp.contact.fields]
external_id = "id"
"""
OLD, NEW, BROKEN = (f"20261121T10000000000{one}-a1b2c3d4e5" for one in (1, 2, 3))


@pytest.fixture
def posted(
    relay: Relay, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Request]:
    """What was posted. Three deliveries are in quarantine; one is unreadable still."""
    found: list[Request] = []

    def send(_: Stack, __: object, given: Request) -> ReceiverAnswer:
        found.append(given)
        return ReceiverAnswer(200, "{}")

    monkeypatch.setattr(relay_ops.stack, "open_stack", lambda *_: stack)
    monkeypatch.setattr(reposting, "send", send)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "erp.toml").write_text(ERP)
    for delivery in (NEW, OLD, BROKEN):
        put(relay, delivery, b"{" if delivery == BROKEN else b'{"id": 1}')
    return found


def put(
    relay: Relay, delivery: str, body: bytes, connection: str = "erp", user_agent: str = "ERP"
) -> None:
    kept = {
        "delivery": delivery,
        "received_at": "2026-11-21T10:00:00+00:00",
        "connection": connection,
        "code": "delivery.not_json",
        "headers": {
            "content-type": "application/json",
            "content-length": "1",
            "user-agent": user_agent,
        },
        "body_base64": base64.b64encode(body).decode(),
    }
    key = f"quarantine/date=2026-11-21/{delivery}.json"
    relay.aws.s3.put_object(Bucket=resources.BUCKET, Key=key, Body=json.dumps(kept).encode())


def left(relay: Relay) -> list[str]:
    keys = relay.aws.objects("quarantine/")
    return [one.rpartition("/")[2].removesuffix(".json") for one in keys]


def redrive(*arguments: str) -> int:
    return run(["redrive", "--quarantined", "--file", "erp.toml", *arguments])


def test_what_can_be_read_leaves_the_quarantine_and_the_rest_is_named(
    relay: Relay, posted: list[Request], capsys: pytest.CaptureFixture[str]
) -> None:
    assert redrive("--yes", "--json") == ExitCode.FOUND

    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said == {"stored": 2, "unreadable": {BROKEN: "delivery.not_json"}}
    assert left(relay) == [BROKEN]
    assert [one.body for one in posted] == [b'{"id": 1}'] * 2
    assert [one.headers["content-type"] for one in posted] == ["application/json"] * 2
    assert not any("content-length" in one.headers for one in posted)


def test_only_the_named_delivery_is_posted(relay: Relay, posted: list[Request]) -> None:
    assert redrive(NEW, "--yes") == ExitCode.DONE
    assert left(relay) == [OLD, BROKEN]


def test_without_a_yes_the_deliveries_are_listed_and_none_is_posted(
    relay: Relay, posted: list[Request], capsys: pytest.CaptureFixture[str]
) -> None:
    assert redrive() == ExitCode.NOT_CONFIRMED
    said = capsys.readouterr().err
    assert "3 deliveries of relay" in said
    assert "3 of erp: delivery.not_json" in said
    assert "costs an entity" in said
    assert (posted, len(left(relay))) == ([], 3)


@pytest.mark.parametrize(
    "answer",
    [
        ReceiverAnswer(200, "<Ack>true</Ack>"),
        ReceiverAnswer(200, f'{{"quarantined": "delivery.not_json", "delivery": "{NEW}x"}}'),
        ReceiverAnswer(400, f'{{"code": "delivery.not_json", "delivery": "{NEW}x"}}'),
    ],
)
def test_what_the_receiver_puts_into_quarantine_again_stays_there_once(
    relay: Relay,
    posted: list[Request],
    monkeypatch: pytest.MonkeyPatch,
    answer: ReceiverAnswer,
) -> None:
    """The deployed connection may differ from the local one, and the answer need not say so."""

    def send(_: Stack, __: object, given: Request) -> ReceiverAnswer:
        is_told = "delivery" in answer.said
        agent = "Amazon/EventBridge" if is_told else given.headers["user-agent"]
        put(relay, f"{NEW}x", b"the same", user_agent=agent)
        return answer

    monkeypatch.setattr(reposting, "send", send)

    assert redrive(NEW, "--yes") == ExitCode.FOUND
    assert left(relay) == [OLD, NEW, BROKEN]


def test_a_stored_delivery_leaves_although_another_unreadable_one_comes(
    relay: Relay, posted: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it stayed, it would be posted twice."""

    def send(*_: object) -> ReceiverAnswer:
        put(relay, f"{NEW}x", b"live traffic")
        return ReceiverAnswer(200, '{"received": 1, "delivery": "another"}')

    monkeypatch.setattr(reposting, "send", send)

    assert redrive(NEW, "--yes") == ExitCode.DONE
    assert left(relay) == [OLD, f"{NEW}x", BROKEN]


def test_what_the_receiver_refuses_stays(
    relay: Relay,
    posted: list[Request],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(reposting, "send", lambda *_: ReceiverAnswer(401, ""))

    assert redrive(NEW, "--yes") == ExitCode.UNAVAILABLE
    assert "The receiver answered 401" in capsys.readouterr().err
    assert len(left(relay)) == 3


@pytest.mark.parametrize(
    "arguments",
    [["redrive", OLD], ["redrive", "--quarantined", "--change-events"]],
)
def test_deliveries_and_options_belong_together(
    posted: list[Request], arguments: list[str]
) -> None:
    assert run(arguments) == ExitCode.USAGE


@pytest.mark.parametrize(("delivery", "connection"), [("nothing", "erp"), (OLD, "gone")])
def test_an_unknown_delivery_or_connection_is_refused_and_nothing_is_posted(
    relay: Relay, posted: list[Request], delivery: str, connection: str
) -> None:
    put(relay, OLD, b"{}", connection)
    assert redrive(delivery, "--yes") == ExitCode.USAGE
    assert posted == []


def test_an_empty_quarantine_is_no_fault(
    relay: Relay, posted: list[Request], capsys: pytest.CaptureFixture[str]
) -> None:
    for key in relay.aws.objects("quarantine/"):
        relay.aws.s3.delete_object(Bucket=resources.BUCKET, Key=key)
    assert redrive() == ExitCode.DONE
    assert "Nothing is in quarantine." in capsys.readouterr().out


@pytest.mark.usefixtures("posted")
def test_find_says_why_a_delivery_is_in_quarantine_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["find", BROKEN]) == ExitCode.DONE
    said = capsys.readouterr().out
    assert said.startswith("2026-11-21 10:00:00  quarantined  erp")
    assert "delivery.not_json" in said
    assert "relay redrive --quarantined" in said
    assert run(["find", "20261121T1000009"]) == ExitCode.FOUND
