"""`relay try --send` on the running stack: through the receiver and the queue, and never posted."""

import json
from typing import Any

import pytest

from import_relay.connectors.kinds import kinds
from local.child import ROOT
from relay_ops.app import run
from relay_ops.exits import ExitCode
from tests.support.authentic import requests_of
from tests.support.stack import Trial, port_of


@pytest.fixture(autouse=True)
def _here(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RELAY_WEBHOOKS_PORT", str(port_of(trial.stack.webhooks_url)))
    monkeypatch.setattr("relay_ops.sending.POLL_S", 0.1)


def send(kind: str) -> int:
    name, given = next(iter(requests_of(kind).items()))
    headers = [f"-H{key}:{value}" for key, value in given.headers.items() if "secret" not in key]
    return run(["try", kind, f"events/{name}", *headers, "--send", "--yes", "--json"])


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_test_of_every_kind_is_found_and_never_posted(
    trial: Trial, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(kind) == ExitCode.DONE, capsys.readouterr().err

    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said["records"] >= 1
    assert {one["what"] for one in said["outcomes"]} == {"test"}
    assert trial.requests(method="POST") == []
    assert trial.lines("rejected/") == []
    trial.accepted[said["delivery"]] = said["records"]
    trial.check(test=said["records"])


def test_a_secret_that_the_receiver_does_not_know_is_told(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = "a-secret-that-nobody-stored"
    monkeypatch.setattr("relay_ops.sending.secrets_of", lambda *_: {"json": [other]})

    assert send("json") == ExitCode.UNAVAILABLE
    told = capsys.readouterr().err
    assert "401" in told
    assert "relay secret json" in told
    assert other not in told
