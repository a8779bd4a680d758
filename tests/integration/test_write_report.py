"""The task WriteReport as Lambda calls it: what goes in, what comes out, what is counted."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import time_machine

import write_report
from import_relay.mateo.waiting import MAX_WAIT_S, MIN_WAIT_S
from import_relay.storage.entries import State
from tests.support import aws as resources
from tests.support.aws import Aws
from tests.support.builders import NOON, message
from tests.support.following import ADA, BOB, Context, mateo_environment, unknown_import
from tests.support.logged import Lines, log_lines
from tests.support.loopback import serving
from tests.support.mateo import MateoImports
from tests.support.relay import Clock, Relay
from write_report import handler


@pytest.fixture
def mateo() -> MateoImports:
    return MateoImports(clock=Clock(time.time()))


@pytest.fixture
def relay(aws: Aws, mateo: MateoImports, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """A relay on the machine's clock, and the environment of the function."""
    secret = resources.client("secretsmanager").create_secret(Name="t", SecretString="token-1")
    write_report.reporting.cache_clear()
    with serving(mateo) as address:
        environment = mateo_environment(f"{address}/api/v1", secret["ARN"]) | {
            "QUEUE_URL": aws.queue_url,
            "BULK_QUEUE_URL": aws.bulk_queue_url,
            "DEAD_LETTER_QUEUE_URL": aws.dead_letter_url,
            "WATERMARKS_TABLE": resources.WATERMARKS,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield Relay(aws, clock=mateo.clock, mateo=mateo)
    write_report.reporting.cache_clear()


@pytest.fixture
def logged() -> Iterator[Lines]:
    with log_lines() as lines:
        yield lines


def event(status: str) -> dict[str, Any]:
    return {"reference": "ref-1", "deadline": 77.5, "wait_s": 0, "status": status}


def test_a_finished_import_is_reported_logged_and_counted(
    relay: Relay, mateo: MateoImports, logged: Lines
) -> None:
    relay.submit(message([ADA, BOB]))
    (stored,) = mateo.imports
    stored.finish({"code": "23514", "message": "taken", "input": stored.payload[0]})

    answer = handler(event("finished"), Context())

    assert answer == {"reference": "ref-1", "deadline": 77.5, "wait_s": 0, "status": "finished"}
    names = {key.rsplit("/", 1)[1] for key in relay.aws.objects("reports/")}
    assert names == {
        "summary.json",
        "failures.csv",
        "failures.ndjson",
        "failures.xlsx",
        "rows.ndjson.gz",
    }
    (written, finished, counted) = logged()
    assert (written["message"], finished["message"]) == ("report.written", "import.finished")
    assert (finished["rows"], finished["imported"], finished["failed"]) == (2, 1, 1)
    assert (finished["RowsImported"], finished["RowsFailed"]) == (1, 1)
    assert (finished["RowsUnaccounted"], finished["ImportsTimedOut"]) == (0, 0)
    assert (counted["message"], counted["connection"]) == ("import.counted", "erp")
    assert (counted["ItemsImported"], counted["ItemsFailed"]) == (1, 1)
    assert "ada@example.com" not in json.dumps(logged())


def test_an_import_that_was_given_up_is_counted_for_the_alarm(
    relay: Relay, mateo: MateoImports, logged: Lines
) -> None:
    relay.submit(message([ADA]))

    assert handler(event("timed_out"), Context())["status"] == "timed_out"

    (_, timed_out, _) = logged()
    assert timed_out["message"] == "import.timed_out"
    assert (timed_out["ImportsTimedOut"], timed_out["RowsUnaccounted"]) == (1, 1)


def test_while_mateo_does_not_answer_the_machine_waits_and_nothing_is_counted(
    relay: Relay, mateo: MateoImports, logged: Lines
) -> None:
    relay.submit(message([ADA]))
    mateo.answers.append(httpx.Response(503))

    answer = handler(event("finished"), Context())

    assert answer["status"] == "wait"
    assert MIN_WAIT_S <= answer["wait_s"] <= MAX_WAIT_S  # grows with the age of the import
    assert [line["message"] for line in logged()] == ["report.waiting"]


def test_an_import_that_was_not_created_is_requeued_and_abandoned(
    relay: Relay, mateo: MateoImports
) -> None:
    with time_machine.travel(NOON, tick=True):  # later it would be a dead letter
        unknown_import(relay, mateo, created=False)

        assert handler(event("requeue"), Context())["status"] == "abandoned"

        assert relay.entry("ref-1").state is State.ABANDONED
        assert len(relay.aws.queued()) == 1
