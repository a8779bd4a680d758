"""The task TrackImport as Lambda calls it: what goes in, what comes out, what is logged."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import track_import
from import_relay.domain.errors import ConfigurationError
from import_relay.storage.entries import State
from tests.support import aws as resources
from tests.support.aws import Aws
from tests.support.following import Context, mateo_environment, sent_entry
from tests.support.logged import Lines, log_lines
from tests.support.loopback import serving
from tests.support.mateo import MateoImports
from tests.support.relay import Clock, Relay
from track_import import handler


@pytest.fixture
def mateo() -> MateoImports:
    return MateoImports(clock=Clock(time.time()))


@pytest.fixture
def relay(aws: Aws, mateo: MateoImports, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """A relay on the machine's clock, and the environment of the function."""
    secret = resources.client("secretsmanager").create_secret(Name="t", SecretString="token-1\n")
    track_import.tracking.cache_clear()
    with serving(mateo) as address:
        environment = mateo_environment(f"{address}/api/v1", secret["ARN"]) | {
            "TRACKING_HOURS": "24",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield Relay(aws, clock=mateo.clock, mateo=mateo)
    track_import.tracking.cache_clear()


@pytest.fixture
def logged() -> Iterator[Lines]:
    with log_lines() as lines:
        yield lines


def event(reference: str = "ref-1", deadline: float = 0.0) -> dict[str, Any]:
    return {"reference": reference, "deadline": deadline, "wait_s": 5}


def poll_anew(relay: Relay, reference: str) -> dict[str, Any]:
    """Track a new import as if no other had been polled just before."""
    resources.client("dynamodb").delete_item(TableName=resources.LEDGER, Key={"pk": {"S": "round"}})
    sent_entry(relay, reference)
    return handler(event(reference), Context())


def test_the_answer_hands_the_input_on_with_what_to_do_next(
    relay: Relay, mateo: MateoImports
) -> None:
    stored = mateo.add([{}, {}])
    sent_entry(relay, "ref-1", import_id=stored.id)

    answer = handler(event(deadline=77.5), Context())

    assert answer.pop("wait_s") >= 5  # grows with the age of the import
    assert answer == {"reference": "ref-1", "deadline": 77.5, "status": "wait"}


def test_a_finished_import_is_answered_as_finished(relay: Relay, mateo: MateoImports) -> None:
    stored = mateo.add([{}, {}])
    sent_entry(relay, "ref-1", import_id=stored.id)
    stored.finish()

    assert handler(event(), Context())["status"] == "finished"


def test_the_token_of_the_secret_is_sent(relay: Relay, mateo: MateoImports) -> None:
    sent_entry(relay, "ref-1")

    handler(event(), Context())

    assert mateo.requests[0].headers["authorization"] == "Bearer token-1"


def test_an_import_without_entry_is_abandoned_after_the_deadline_of_its_input(
    relay: Relay,
) -> None:
    now = time.time()

    assert handler(event(deadline=now + 60), Context())["status"] == "wait"
    assert handler(event(deadline=now - 60), Context())["status"] == "abandoned"
    assert relay.entry("ref-1").state is State.ABANDONED


def test_refused_credentials_are_logged_and_counted(
    relay: Relay, mateo: MateoImports, logged: Lines
) -> None:
    mateo.answers.append(httpx.Response(403))
    sent_entry(relay, "ref-1")

    answer = handler(event(), Context())

    assert answer["wait_s"] == 900
    (line,) = logged()
    assert (line["message"], line["reason"]) == ("import.waiting", "mateo.credentials")
    assert line["CredentialsRefused"] == 1
    assert "token-1" not in json.dumps(line)


def test_a_new_token_is_read_from_the_secret_when_the_old_one_is_refused(
    relay: Relay, mateo: MateoImports
) -> None:
    sent_entry(relay, "ref-1")
    handler(event("ref-1"), Context())
    resources.client("secretsmanager").put_secret_value(SecretId="t", SecretString="token-2")
    mateo.answers.append(httpx.Response(403))

    assert poll_anew(relay, "ref-2")["wait_s"] == 5
    poll_anew(relay, "ref-3")

    sent = [request.headers["authorization"] for request in mateo.requests]
    assert sent == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_missing_variable_is_named(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACKING_HOURS")

    with pytest.raises(ConfigurationError, match="TRACKING_HOURS"):
        handler(event(), Context())
