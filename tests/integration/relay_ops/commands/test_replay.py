"""`relay replay`: stored records are put back, and followed until each has an outcome."""

import json
from types import SimpleNamespace

import pytest

from import_relay.storage.entries import State
from import_relay.storage.file_counts import count_by_file
from import_relay.storage.quota import day_key
from import_relay.storage.reservations import LIMIT_OF, USED_BY
from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.replaying import StackReplay
from relay_ops.stack import Stack
from tests.integration.relay_ops.commands.opened import stack
from tests.support.aws import LEDGER
from tests.support.builders import NOON, message
from tests.support.relay import Relay

__all__ = ["stack"]  # fixtures


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
    shown = capsys.readouterr()
    said = json.loads(shown.out)
    assert (said["records"], said["by_connection"]) == (2, {"erp": 2})
    assert "requeued" not in shown.err  # log events are for logs
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
            delivery = json.loads(body)["delivery"]
            for entry in relay.ledger.open_imports():
                ends = count_by_file([(delivery, "imported")])
                relay.ledger.close(entry, target=State.FINISHED, outcomes={}, of_files=ends)

    passing = SimpleNamespace(sleep=submit_and_report)
    monkeypatch.setattr("relay_ops.replaying.time", passing)
    assert run(["replay", *DAY, "--reason", "why", "--yes", "--json"]) == ExitCode.DONE

    said = json.loads(capsys.readouterr().out)
    assert (said["records"], said["outcomes"]) == (2, {"imported": 1, "rejected": 1})


def test_records_that_were_deleted_before_their_turn_are_reported(
    relay: Relay, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.submit(message([{"name": "nobody"}], received_at=int(NOON * 1_000_000)))
    relay.clock.now += 86_400
    replay = StackReplay(stack)
    selection = replay.selection("", DAY[1], DAY[3], "all")
    id_ = replay.begin(selection, "mapping corrected", force=False, planned=3)
    replay.run(id_)
    (body,) = relay.aws.taken(relay.aws.bulk_queue_url)
    relay.submit(body, invocation="second")

    assert run(["replay", "--id", id_]) == ExitCode.DONE

    said = " ".join("".join(capsys.readouterr()).split())
    assert "2 records of the 3 that were counted could not be put back" in said


@pytest.mark.parametrize(("begin", "is_late"), [("2026-10-19", True), ("2026-10-25", False)])
def test_a_dry_run_warns_of_records_that_may_be_deleted_before_their_turn(
    relay: Relay, stack: Stack, capsys: pytest.CaptureFixture[str], begin: str, is_late: bool
) -> None:
    relay.submit(message([{"name": "nobody"}], received_at=int(NOON * 1_000_000)))
    relay.clock.now += 86_400

    assert run(["replay", "--from", begin, "--dry-run"]) == ExitCode.DONE

    said = " ".join(capsys.readouterr().out.split())
    assert ("may be deleted before their turn" in said) == is_late


def test_a_dry_run_names_the_records_that_wait_before_it(
    relay: Relay, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    relay.submit(message([{"name": "nobody"}], received_at=int(NOON * 1_000_000)))
    relay.clock.now += 86_400
    other = StackReplay(stack)
    other.begin(other.selection("", "2026-10-25", "", "all"), "x", force=False, planned=200_000)

    assert run(["replay", "--from", "2026-10-25", "--dry-run"]) == ExitCode.DONE

    said = " ".join(capsys.readouterr().out.split())
    assert "With the 200,000 records of files and replays that wait already" in said


def test_a_dry_run_warns_of_the_limit_of_a_connection(
    relay: Relay, stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = [{"name": "nobody"}] * 10
    relay.submit(message(nobody, received_at=int(NOON * 1_000_000)))
    relay.clock.now += 86_400
    used = {USED_BY + "erp": {"N": "1"}, LIMIT_OF + "erp": {"N": "1"}}
    relay.aws.dynamodb.put_item(TableName=LEDGER, Item={**day_key("2026-11-22"), **used})

    assert run(["replay", "--from", "2026-10-25", "--dry-run"]) == ExitCode.DONE

    said = " ".join(capsys.readouterr().out.split())
    assert "may be deleted before their turn" in said


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
def test_a_replay_that_is_continued_takes_no_other_option(
    relay: Relay, stack: Stack, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    relay.submit(message([{"name": "nobody"}], received_at=int(NOON * 1_000_000)))
    relay.clock.now += 86_400
    begun = ["replay", *DAY, "--reason", "x", "--yes", "--no-wait", "--json"]
    assert run(begun) == ExitCode.DONE
    id_ = json.loads(capsys.readouterr().out)["replay"]

    assert run(["replay", "--id", id_, "--no-wait", *option]) == ExitCode.USAGE
    assert f"{option[0]} cannot be used with --id" in capsys.readouterr().err
