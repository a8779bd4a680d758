"""The runbook's recipe "Send records again", as it is printed there, on the running stack."""

import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from local.__main__ import main
from local.child import CLOCK_SHIFT, ROOT
from tests.docs.documents import Block, document
from tests.support.senders import customer, erp, subscriber
from tests.support.stack import Trial

PAGE = document("docs/runbook.md")
PRINTED_DAYS = "--from 2026-11-21 --to 2026-11-22"
PRINTED_ITEMS = "--connection json --outcome rejected"


def printed(word: str) -> str:
    """The one command of the page that has these words."""
    (block,) = (one for one in shell_blocks() if word in one.text)
    return block.text


def shell_blocks() -> list[Block]:
    return [one for one in PAGE.blocks if one.language == "sh"]


def run(trial: Trial, command: str, begin: datetime, end: datetime) -> str:
    """Run a command of the page in a shell that is set up as the page says.

    Other than there: the interpreter, the port, and the days and the clock, which are this test's.
    """
    set_up = printed("AWS_ENDPOINT_URL").replace("http://127.0.0.1:4566", trial.stack.aws_endpoint)
    name = re.search(r"STACK=\S+", printed("export AWS_REGION=eu-central-1"))
    assert name
    assert PRINTED_DAYS in command
    received = f"--from {begin.isoformat()} --to {end.isoformat()}"
    command = command.replace(PRINTED_DAYS, received)
    command = command.replace(".venv/bin/python", sys.executable)
    done = subprocess.run(
        ["bash", "-ec", f"{set_up}{name[0]}\n{command}"],  # noqa: S607 - wherever it is
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", CLOCK_SHIFT) if name in os.environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def put_back(trial: Trial, command: str, begin: datetime, end: datetime, items: int) -> str:
    """Put so many items back; the replay's id."""
    text = run(trial, command, begin, end)
    found = re.match(rf"Replay (\S+) put back {items} items\n", text)
    assert found, text
    return found[1]


def note(trial: Trial, replay: str, deliveries: dict[str, int]) -> None:
    """These deliveries were received again by a replay."""
    trial.accepted.update({f"{one}.{replay}": many for one, many in deliveries.items()})


def status(trial: Trial, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    port = trial.stack.webhooks_url.split(":")[2].split("/")[0]
    capsys.readouterr()
    assert main(["status", "--webhooks-port", port, "--json"]) == 0, capsys.readouterr().out
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.usefixtures("counted_from_now")
def test_the_runbooks_recipe_sends_records_again_over_nothing_newer_unless_forced(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = trial.stack.clock.now() - timedelta(seconds=1)
    trial.bring("json", erp([{"name": "Nobody"}]))
    bad = dict(trial.accepted)
    trial.bring_customers(customer(1, "Older", minute=1), customer(2))
    trial.expected.add("standard_webhooks", "contacts", "S-1")
    sent_at = trial.stack.clock.time()
    trial.bring("standard_webhooks", subscriber("Sam", identifier="msg_1", timestamp=sent_at))
    trial.drain()
    old, timestamp = dict(trial.accepted), trial.stack.clock.now()
    trial.bring_customers(customer(1, "Newer", minute=2))
    trial.drain()
    trial.check(imported=4, rejected=1)
    assert status(trial, capsys)["received"] == 5

    # What was rejected, as it is printed.
    assert (
        run(trial, printed("--dry-run"), begin, timestamp) == "Would put back 1 items\n  json  1\n"
    )
    rejected = printed("--reason")
    note(trial, put_back(trial, rejected, begin, timestamp, 1), bad)
    trial.drain()
    trial.check(imported=4, rejected=2)

    # Everything: an equal version passes, the one that is newer in Mateo stays.
    everything = rejected.replace(PRINTED_ITEMS, "--outcome all")
    note(trial, put_back(trial, everything, begin, timestamp, 4), old)
    trial.drain()
    trial.check(imported=6, rejected=3, superseded=1)
    assert status(trial, capsys)["received"] == 10

    # The same by force.
    forced = rejected.replace(PRINTED_ITEMS, "--outcome all --connection json --force")
    replay = put_back(trial, forced, begin, timestamp, 3)
    note(trial, replay, {one: many for one, many in old.items() if many == 2} | bad)
    trial.expect(customer(1, "Older"))
    trial.drain()
    trial.check(imported=8, rejected=4, superseded=1)
    assert status(trial, capsys)["received"] == 13
    lines = [one for one in trial.lines("rejected/") if replay in one["item_id"]]
    assert [one["replay"]["reason"] for one in lines] == ["mapping of the phone corrected"]
