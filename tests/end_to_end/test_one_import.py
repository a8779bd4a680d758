"""One import for one batch, whatever crashes, is lost or comes twice."""

import json

import pytest

from tests.support import builders
from tests.support.senders import customer, subscriber
from tests.support.stack import Trial

VISIBILITY_S = 720
"""After this the queue delivers again what a killed function had received."""
CUSTOMERS = [customer(number) for number in range(1, 6)]


def posts(trial: Trial) -> int:
    return len(trial.requests(method="POST"))


@pytest.mark.parametrize(
    ("fault", "posted"),
    [
        pytest.param("timeout_after", 1, id="the import was created"),
        pytest.param("timeout_before", 2, id="the import was not created"),
    ],
)
def test_submit_killed_between_post_and_recording_makes_no_second_import(
    trial: Trial, fault: str, posted: int
) -> None:
    created = fault == "timeout_after"
    trial.stack.mateo("POST", "faults", {"kind": fault, "method": "POST"})
    trial.bring_customers(*CUSTOMERS)
    arrived = trial.imports if created else lambda: trial.requests(method="POST")
    trial.stack.wait_until(arrived, "the POST to arrive", 60, 0.02)

    assert trial.stack.kill_function("SubmitImports") == 1

    trial.stack.wait_until(lambda: not trial.stack.busy("SubmitImports"), "its end")
    assert not trial.events("import.sent")
    assert not trial.events("import.unknown")
    assert trial.stack.queue_counts()["in_flight"] == 1
    trial.let_pass(VISIBILITY_S + 10)
    trial.drain()
    assert posts(trial) == posted
    assert len(trial.imports()) == 1
    (summary,) = trial.summaries()
    assert summary["posts"] == posted
    trial.check(imported=5)


@pytest.mark.parametrize(
    ("fault", "posted"),
    [
        pytest.param("answer_lost_after_create", 1, id="the import was created"),
        pytest.param("timeout_before", 2, id="the import was not created"),
    ],
)
def test_a_post_without_an_answer_makes_exactly_one_import(
    trial: Trial, fault: str, posted: int
) -> None:
    trial.stack.mateo("POST", "faults", {"kind": fault, "method": "POST"})

    trial.bring_customers(*CUSTOMERS)
    trial.drain()

    assert len(trial.events("import.unknown")) == 1
    assert posts(trial) == posted
    assert len(trial.imports()) == 1
    (summary,) = trial.summaries()
    assert summary["posts"] == posted
    trial.check(imported=5)


def test_a_message_that_the_queue_delivers_twice_is_imported_once(trial: Trial) -> None:
    def send() -> None:
        trial.stack.client("sqs").send_message(
            QueueUrl=trial.stack.outputs["QueueUrl"],
            MessageBody=builders.message(CUSTOMERS, delivery="delivered-twice", connection="json"),
        )

    trial.expect(*CUSTOMERS)
    trial.accepted["delivered-twice"] = len(CUSTOMERS)

    send()
    send()  # within one batch
    trial.stack.wait_until(trial.imports, "the import")
    send()  # while the import is open, or just finished
    trial.drain()
    send()  # long after
    trial.drain()

    assert len(trial.imports()) == 1
    assert len(trial.executions()) == 1
    trial.check(imported=5)


def test_a_webhook_that_its_sender_sends_again_is_a_duplicate(trial: Trial) -> None:
    def send() -> None:
        webhook = subscriber("Sub Scriber", identifier="msg_1", timestamp=trial.stack.clock.time())
        trial.bring("standard_webhooks", webhook)

    trial.expected.add("standard_webhooks", "contacts", "S-1")

    send()
    send()
    trial.drain()
    send()
    trial.drain()

    assert len(trial.imports()) == 1
    assert {line["outcome"] for line in trial.lines("outcomes/")} == {"duplicate"}
    assert "Sub Scriber" not in json.dumps(trial.lines("outcomes/"))
    trial.check(imported=1, duplicate=2)
