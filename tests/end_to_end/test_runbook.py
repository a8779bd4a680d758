"""Every procedure of the runbook, as it is printed, on the running stack."""

import base64
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from import_relay.storage.connection_secrets import SECRETS_PAUSE_S
from local.child import CLOCK_SHIFT, ROOT
from local.demo.balance import objects
from local.stack.services import MATEO_TOKEN
from tests.docs.documents import document
from tests.support.authentic import requests_of
from tests.support.senders import SECRETS, customer, erp, erp_text
from tests.support.stack import EVENT_BUS, Trial, port_of

PAGE = document("docs/runbook.md")
PRINTED_DAYS = "--from 2026-11-21 --to 2026-11-22"
PRINTED_DELIVERY = "20261121T100830992163-47916409d7"
CARRIED_OUT = {
    ("Whether the sums balance", "relay status"),
    ("Find what became of one webhook", "relay find"),
    ("Find what became of one webhook", "relay status"),
    ("Find what became of one webhook", "relay redrive"),
    ("Send records again", "relay replay"),
    ("Redrive the dead-letter queue", "relay redrive"),
    ("Redrive the quarantine", "relay redrive"),
    ("Send change events again", "relay redrive"),
    ("Why, and until when", "relay status"),
    ("Resume submission by hand", "relay resume"),
    ("Pause submission by hand", "relay pause"),
    ("Rotate Mateo's token", "relay token"),
    ("Rotate a connection's secret", "relay secret"),
    ("Erase a person", "relay erase"),
}
"""Section and command, of the tests below."""
ASKS = ("replay", "redrive", "pause", "resume", "token", "secret", "erase")
DRY_RUN = "--dry-run"
AT_THE_STACKS_TIME = """
import runpy
from local.child import shift_clock
shift_clock()
runpy.run_module("relay_ops", run_name="__main__", alter_sys=True)
"""
"""`python -m relay_ops`, on the day on which the tests run."""


def commands(section: str) -> list[str]:
    """The commands of `relay` printed in a section, not in those inside it, without remarks."""
    blocks = PAGE.section(section).own.blocks
    lines = [line for one in blocks if one.language == "sh" for line in one.text.splitlines()]
    return [line.partition("#")[0].strip() for line in lines if line.startswith("relay ")]


def printed(section: str, word: str) -> str:
    """The one command of a section that has this word."""
    (command,) = (one for one in commands(section) if word in one)
    assert (section, " ".join(command.split()[:2])) in CARRIED_OUT
    return command


def run(trial: Trial, command: str, *, stdin: str = "", ends_with: int = 0) -> str:
    """Run a command of the page where `relay` works on the local stack; what it says.

    It is confirmed beforehand, as nobody can be asked.
    """
    if command.split()[1] in ASKS and DRY_RUN not in command:
        command += " --yes"
    relay = f"relay() {{ '{sys.executable}' -c '{AT_THE_STACKS_TIME}' \"$@\"; }}"
    code = os.pathsep.join((str(ROOT), str(ROOT / "layers/import_relay/python")))
    done = subprocess.run(
        ["bash", "-ec", f"{relay}\n{command}"],  # noqa: S607 - wherever it is
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": code,
            "RELAY_WEBHOOKS_PORT": str(port_of(trial.stack.webhooks_url)),
            CLOCK_SHIFT: os.environ.get(CLOCK_SHIFT, "0"),
        },
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == ends_with, done.stderr + done.stdout
    return done.stdout


def received(command: str, begin: datetime, end: datetime) -> str:
    """A printed replay with the times of a test."""
    assert PRINTED_DAYS in command
    return command.replace(PRINTED_DAYS, f"--from {begin.isoformat()} --to {end.isoformat()}")


def replay(trial: Trial, command: str, *deliveries: str) -> dict[str, int]:
    """Put records back without waiting, drain, and follow the replay again; its outcomes."""
    said = json.loads(run(trial, f"{command} --no-wait --json"))
    for one in deliveries:
        trial.accepted[f"{one}.{said['replay']}"] = trial.accepted[one]
    trial.drain()
    ended = json.loads(run(trial, f"relay replay --id {said['replay']} --json"))
    outcomes: dict[str, int] = ended["outcomes"]
    return outcomes


@pytest.mark.usefixtures("counted_from_now")
def test_records_are_sent_again_over_nothing_newer_unless_forced(trial: Trial) -> None:
    begin = trial.stack.clock.now() - timedelta(seconds=1)
    trial.bring("json", erp([{"name": "Nobody"}]))
    (bad,) = trial.accepted
    trial.bring_customers(customer(1, "Older", minute=1), customer(2))
    old = next(one for one in trial.accepted if one != bad)
    trial.drain()
    end = trial.stack.clock.now()
    trial.bring_customers(customer(1, "Newer", minute=2))
    trial.drain()

    dry_run = received(printed("Send records again", "--dry-run"), begin, end)
    assert "1 of json" in run(trial, dry_run)
    rejected = received(printed("Send records again", "--reason"), begin, end)
    assert replay(trial, rejected, bad) == {"rejected": 1}

    everything = rejected.replace("--only rejected", "--only all")
    assert replay(trial, everything, bad, old) == {"imported": 1, "rejected": 1, "superseded": 1}
    trial.expect(customer(1, "Older"))
    assert replay(trial, f"{everything} --force", bad, old) == {"imported": 2, "rejected": 1}

    trial.check(imported=6, rejected=4, superseded=1)
    run(trial, printed("Whether the sums balance", "status"))


@pytest.mark.usefixtures("counted_from_now")
def test_a_delivery_is_found_by_its_id(trial: Trial) -> None:
    trial.bring_customers(customer(1, "Ada"))
    (delivery,) = trial.accepted
    trial.drain()
    section = "Find what became of one webhook"
    command = printed(section, "relay find")

    history = run(trial, command.replace(PRINTED_DELIVERY, delivery))
    run(trial, printed(section, "relay status"))
    assert "empty" in run(trial, printed(section, "relay redrive"))

    assert "imported" in history
    assert "C-1" in history


def test_dead_letters_are_moved_back_and_imported(trial: Trial) -> None:
    trial.bring_customers(customer(1, "Ada"))
    trial.drain()
    (delivery,) = trial.accepted
    content = {
        "format": 1,
        "delivery": delivery.replace(delivery[-4:], "dead"),
        "connection": "json",
        "received_at": int(trial.stack.clock.time() * 1_000_000),
        "requeues": 0,
        "items": [{"n": 0, "event": "e", "item": customer(2, "Bob")}],
        "moved": {"code": "row.killed_process", "at": 1},
    }
    trial.stack.client("sqs").send_message(
        QueueUrl=trial.stack.outputs["DeadLetterQueueUrl"], MessageBody=json.dumps(content)
    )
    trial.accepted[str(content["delivery"])] = 1
    trial.expect(customer(2, "Bob"))

    said = run(trial, printed("Redrive the dead-letter queue", "redrive"))

    assert "Moved 1 message back." in said
    trial.drain()
    trial.check(imported=2)


def test_change_events_that_could_not_be_stored_are_received_again(trial: Trial) -> None:
    event = json.loads(next(iter(requests_of("salesforce_cdc").values())).body)
    failed = {"requestPayload": {**event, "source": EVENT_BUS}, "requestContext": {}}
    queue = trial.stack.outputs["ChangeEventsDeadLetterQueueUrl"]
    trial.stack.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(failed))

    said = run(trial, printed("Send change events again", "--change-events"))

    assert "1 event stored, 0 failed again." in said
    assert [one["connection"] for one in trial.events("webhook.stored")] == ["salesforce_cdc"]
    assert "empty" in run(trial, printed("Send change events again", "--change-events"))


def test_deliveries_in_quarantine_are_posted_again_once_they_can_be_read(trial: Trial) -> None:
    trial.post("json", erp_text("{broken"))
    unread = next(iter(objects(trial.stack, "quarantine/")))
    trial.expect(customer(1, "Ada"))
    good = erp([customer(1, "Ada")])
    kept = json.loads(unread[1])
    kept |= {"delivery": f"{kept['delivery'][:-4]}good", "body_base64": base64_of(good.body)}
    trial.stack.client("s3").put_object(
        Bucket=trial.stack.outputs["BucketName"],
        Key=f"quarantine/date=2026-11-21/{kept['delivery']}.json",
        Body=json.dumps(kept).encode(),
    )

    said = run(trial, printed("Redrive the quarantine", "--quarantined"), ends_with=1)

    assert "1 delivery stored." in said
    assert f"{json.loads(unread[1])['delivery']} still cannot be read: delivery.not_json" in said
    assert [key for key, _ in objects(trial.stack, "quarantine/")] == [unread[0]]
    trial.note_stored("json", 1)
    trial.drain()
    trial.check(imported=1)


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


@pytest.mark.usefixtures("counted_from_now")
def test_submission_is_paused_seen_and_resumed(trial: Trial) -> None:
    run(trial, printed("Pause submission by hand", "pause"))
    assert not trial.stack.esm_enabled()
    assert "maintenance" in run(trial, printed("Why, and until when", "status"))

    run(trial, printed("Resume submission by hand", "resume"))
    assert trial.stack.esm_enabled()


def test_mateos_token_is_stored_and_tried(trial: Trial) -> None:
    run(trial, printed("Rotate Mateo's token", "token"), stdin=f"{MATEO_TOKEN}\n")
    asked = trial.requests(method="GET", status=200)
    assert asked

    command = printed("Rotate Mateo's token", "token")
    run(trial, command, stdin="refused\n", ends_with=3)
    run(trial, command, stdin=f"{MATEO_TOKEN}\n")


def test_a_connections_secret_is_rotated_without_a_refusal(trial: Trial) -> None:
    command = printed("Rotate a connection's secret", "relay secret")
    new = "a-new-secret-of-the-erp-0123456789"
    body = json.dumps({"records": [customer(1, "Ada")]})
    trial.expect(customer(1, "Ada"))

    run(trial, command, stdin=f"{new}\n")
    # A refusal may just have made the receiver ask for the secrets, as in the test before.
    trial.stack.advance_clock(SECRETS_PAUSE_S)
    trial.bring("json", erp_text(body, secret=new))
    trial.bring("json", erp_text(body, secret=SECRETS["json"][0]))
    run(trial, f"{command} --only", stdin=f"{new}\n")
    run(trial, f"{command} --only", stdin=f"{SECRETS['json'][0]}\n")  # as the other tests need it

    trial.drain()
    trial.check(imported=1, duplicate=1)


def test_a_person_is_erased_and_nobody_else(trial: Trial) -> None:
    trial.bring_customers(customer(71, "Ada", email="ada@example.com"), customer(72))
    trial.drain()
    assert ids_in_mateo(trial) == {"C-71", "C-72"}

    said = run(trial, printed("Erase a person", "relay erase"))

    assert "ada@example.com" not in said
    assert ids_in_mateo(trial) == {"C-72"}


def ids_in_mateo(trial: Trial) -> set[str]:
    """External ids of the contacts that Mateo holds."""
    return {one["external_id"] for one in trial.stack.mateo("GET", "contacts?limit=100")["items"]}


def test_every_command_of_relay_on_the_page_is_carried_out() -> None:
    """A procedure that is added needs a test here."""
    found = {
        (title, " ".join(command.split()[:2]))
        for title in PAGE.headings
        for command in commands(title)
    }
    assert found == CARRIED_OUT
