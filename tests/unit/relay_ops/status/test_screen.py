"""What `status` prints: readable at a glance, and loud if a sum does not balance."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from relay_ops.status.forecast import BLOCKING_METRICS, BulkView, Forecast, SubmissionView, Used
from relay_ops.status.reconciliation import Messages, Reconciliation, Snapshot
from relay_ops.status.screen import LABEL, NUMBER, Shown, as_json, screen
from tests.unit.relay_ops.status.test_reconciliation import DAY, NEXT, snapshot

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MILLIONS = snapshot(
    {DAY: 99_999_999, NEXT: 1},
    {DAY: {"imported": 1}, NEXT: {"imported": 99_999}},
    open_imports=9_999,
    open_items=9_999_999,
    queue=Messages(1_000_000, 100_000, 9_000_000),
    bulk=Messages(1_000_000, 100_000, 9_000_000),
    dead=Messages(9_999),
    quarantined=99_999,
    change_events=99_999,
)


BULK = BulkView(Used(0, 20_000), Used(0, 7_600), SubmissionView(is_running=True))


def shown(seen: Snapshot, *, submission: SubmissionView | None = None, **changes: Any) -> Shown:
    forecast: dict[str, Any] = {
        "now": NOON,
        "entities": Used(1_000, 25_000),
        "requests": Used(120, 10_000),
        "requests_for_imports": 9_500,
        "submission": submission or SubmissionView(is_running=True),
        "bulk": BULK,
    }
    return Shown(
        "import-relay",
        "eu-central-1",
        date(2026, 9, 23),
        Reconciliation([seen]),
        Forecast(**{**forecast, **changes}),
    )


def lines(what: Shown) -> list[str]:
    return screen(what, colour=False).splitlines()


def line(what: Shown, label: str) -> str:
    """The rest of the line with this label."""
    (found,) = (one for one in lines(what) if one.strip().startswith(label))
    return " ".join(found.split()).removeprefix(label).strip()


def test_each_number_has_a_line_and_the_balance_is_the_last() -> None:
    ends = {DAY: {"imported": 1_200, "failed": 3, "rejected": 2, "superseded": 4, "duplicate": 1}}
    seen = snapshot(1_500, ends, open_imports=1, open_items=40, queue=Messages(3, 1), quarantined=2)
    what = shown(seen)

    assert lines(what)[0] == "import-relay, eu-central-1   Saturday, 2026-11-21 12:00 UTC"
    assert line(what, "Items received since") == "2026-09-23"
    assert line(what, "Received") == "1,500"
    assert line(what, "Imported") == "1,200"
    assert line(what, "Ignored") == "0"
    assert line(what, "Unaccounted") == "0"
    assert line(what, "Waiting") == "290"
    assert line(what, "in open imports") == "40 1 import"
    assert line(what, "in queues") == "250 4 messages, 1 in flight"
    assert line(what, "dead-letter queue") == "0"
    assert line(what, "Quarantined").startswith("2 ")
    assert line(what, "Entities used today") == "1,000 of 25,000"
    assert line(what, "Entities left today") == "24,000"
    assert line(what, "Requests left today") == "9,880"
    assert line(what, "Submission") == "running"
    assert line(what, "Backlog").startswith("250 ")
    assert line(what, "Drained on").startswith("today ")
    assert lines(what)[-1] == "Balances: 1,500 received = 1,210 ended + 290 waiting"


def test_the_bulk_lane_has_a_line_while_something_waits_in_it() -> None:
    what = shown(snapshot(250, queue=Messages(1), bulk=Messages(2, 1)))

    assert line(what, "in queues") == "250 1 message"
    assert line(what, "bulk lane") == "3 messages, 1 in flight"
    assert not [one for one in lines(shown(snapshot(1, queue=Messages(1)))) if "bulk" in one]
    assert line(what, "Bulk lane") == "running"
    assert line(what, "entities today") == "0 of the 20,000 that it may use now"
    assert line(what, "live lane") == "today if no more comes"
    assert as_json(what)["bulk_queue"] == {"visible": 2, "in_flight": 1, "delayed": 0}


def test_what_waits_in_the_bucket_has_a_line_beside_the_backlog() -> None:
    what = shown(snapshot(1, queue=Messages(1)), in_bucket=3_000)

    assert line(what, "Backlog").startswith("1 ")
    assert line(what, "in the bucket") == "3,000 of files and replays, not queued yet"
    assert as_json(what)["in_bucket"] == 3_000
    assert "in the bucket" not in screen(shown(snapshot(1)), colour=False)


def test_the_numbers_end_in_the_same_column() -> None:
    found = lines(shown(snapshot(1_500, 5, quarantined=12, queue=Messages(visible=20))))
    end = LABEL + NUMBER
    columns = [one for one in found[3:-2] if one]

    assert len(columns) > 15
    assert all(one[end - 1] != " " and one[end : end + 1] in ("", " ") for one in columns)


@pytest.mark.parametrize(
    "submission",
    [
        SubmissionView(False, "mateo.rate_limited", NOON),
        SubmissionView(is_running=False),
        SubmissionView(True, "mateo.rate_limited", NOON),
    ],
)
@pytest.mark.parametrize(
    "seen",
    [
        MILLIONS,
        snapshot(1, {DAY: {"imported": 9_999_999}}),
        snapshot(1, {DAY: {"imported": 9_999_999}}, errors={DAY: 9_999}),
        snapshot(9_999_999, 0),
        snapshot(1, 1, open_items=9_999_999),
        snapshot(1, 1, open_items=9_999_999, errors={DAY: 1}),
        snapshot(1, 1, queue=Messages(99_999)),
    ],
)
def test_it_fits_80_columns(seen: Snapshot, submission: SubmissionView) -> None:
    assert [one for one in lines(shown(seen, submission=submission)) if len(one) > 80] == []


def test_a_loss_is_said_in_capitals_with_the_day() -> None:
    found = lines(shown(snapshot(1_500, 1_499)))

    assert found[-1] == "DOES NOT BALANCE: 1,500 received, but 1,499 ended + 0 waiting"
    assert any(one.startswith("LOST: at least 1 item.") for one in found)
    assert f"  {DAY}: 1,500 received, 1,499 ended" in found
    assert any("docs/runbook.md" in one for one in found)


def test_a_double_count_is_said_with_the_day() -> None:
    found = lines(shown(snapshot(1, 3)))

    assert f"COUNTED TWICE: at least 2 more ended than were received on {DAY}." in found
    assert found[-1].startswith("DOES NOT BALANCE: ")


def test_items_in_open_imports_that_ended_already_are_said() -> None:
    found = lines(shown(snapshot(3, 3, open_imports=1, open_items=2)))

    assert any(one.startswith("COUNTED TWICE: at least 2 items in open imports") for one in found)
    assert found[-1].startswith("DOES NOT BALANCE: ")


def test_what_explains_an_excess_is_said_and_the_sum_shows_it() -> None:
    found = lines(shown(snapshot(1, 3, errors={DAY: 4})))

    assert any(one.startswith("4 times that day") for one in found)
    assert found[-1] == "Balances: 1 received + 2 uncounted = 3 ended + 0 waiting"


def test_what_a_failing_receiver_stored_shows_in_open_imports() -> None:
    found = lines(shown(snapshot(3, 3, open_imports=1, open_items=2, errors={DAY: 1})))

    assert any(one.startswith("2 items in open imports were stored") for one in found)
    assert found[-1] == "Balances: 3 received + 2 uncounted = 3 ended + 2 waiting"


def test_copies_are_said() -> None:
    found = lines(shown(snapshot(3, 3, queue=Messages(visible=2))))

    assert any(one.startswith("2 messages more than items in queues") for one in found)
    assert found[-1].startswith("Balances: ")


def test_items_in_the_dead_letter_queue_are_between_two_numbers() -> None:
    what = shown(snapshot(250, queue=Messages(visible=9), dead=Messages(visible=2)))

    assert line(what, "dead-letter queue") == "2 to 200 2 messages: wait for you"


def test_change_events_have_a_line_only_with_an_event_bus() -> None:
    assert line(shown(snapshot(change_events=2)), "Dead change events").startswith("2 ")
    assert not any(one.startswith("Dead change events") for one in lines(shown(snapshot())))


@pytest.mark.parametrize(
    ("submission", "words"),
    [
        (
            SubmissionView(False, "limit.entities", datetime(2026, 11, 22, 0, 1, tzinfo=UTC)),
            "paused limit.entities, until 2026-11-22 00:01",
        ),
        (SubmissionView(is_running=False), "paused overdue; resumes within 15 minutes"),
        (SubmissionView(True, "limit.entities", NOON), "running pauses again: limit.entities"),
    ],
)
def test_submission_says_why_and_until_when(submission: SubmissionView, words: str) -> None:
    assert line(shown(snapshot(), submission=submission), "Submission") == words


def test_the_day_on_which_the_backlog_is_drained_is_a_date() -> None:
    what = shown(snapshot(100, queue=Messages(visible=1)), entities=Used(40, 50))

    assert line(what, "Drained on").startswith("2026-11-23 ")


def test_without_a_token_no_day_is_promised() -> None:
    paused = SubmissionView(False, "mateo.credentials", NOON)
    what = shown(snapshot(100, queue=Messages(visible=1)), submission=paused)

    assert line(what, "Drained on") == "unknown Mateo refuses the token"


def test_no_day_is_promised_while_a_connection_waits() -> None:
    what = shown(snapshot(100, queue=Messages(visible=1)), blockers=("a connection waits",))

    assert line(what, "Drained on") == "unknown a connection waits"
    assert as_json(what)["in_the_way"] == ["a connection waits"]


def test_each_of_several_blockers_has_a_line() -> None:
    blockers = tuple(BLOCKING_METRICS.values())
    what = shown(snapshot(100, queue=Messages(visible=1)), blockers=blockers)

    assert line(what, "Drained on") == f"unknown {blockers[0]}"
    assert [line(what, f"and {one}") for one in blockers[1:]] == [""] * (len(blockers) - 1)
    assert all(len(one) <= 80 for one in lines(what))
    assert as_json(what)["in_the_way"] == list(blockers)


def test_colour_marks_the_balance_alone() -> None:
    plain, coloured = (screen(shown(snapshot(2, 1)), colour=one) for one in (False, True))

    assert "\x1b" not in plain
    assert coloured.count("\x1b[") == 2
    assert coloured.splitlines()[-1].startswith("\x1b[1;31mDOES NOT BALANCE")


def test_programs_get_the_same_numbers() -> None:
    submission = SubmissionView(False, "limit.entities", NOON)
    seen = snapshot(
        1_500, 1_200, open_items=40, open_imports=1, queue=Messages(3), dead=Messages(1)
    )

    content = json.loads(json.dumps(as_json(shown(seen, submission=submission))))

    assert content["stack"] == "import-relay"
    assert (content["received"], content["imported"], content["waiting"]) == (1_500, 1_200, 300)
    assert (content["waiting_in_queues"], content["waiting_in_open_imports"]) == (260, 40)
    assert content["dead_letter_queue"]["items_at_least"] == 1
    assert content["entities"] == {"used": 1_000, "left": 24_000, "limit": 25_000}
    assert content["submission"] == {
        "running": False,
        "reason": "limit.entities",
        "until": "2026-11-21T12:00:00+00:00",
    }
    assert (content["balances"], content["lost"]) == (True, 0)
    assert content["days_apart"] == {DAY: {"received": 1_500, "ended": 1_200}}


def test_the_pause_of_the_bulk_lane_is_not_that_of_submission() -> None:
    until = datetime(2026, 11, 21, 23, 1, tzinfo=UTC)
    paused = SubmissionView(is_running=False, reason="limit.bulk_share", until=until)
    bulk = BulkView(Used(20_000, 20_000), Used(7, 7_600), paused)
    what = shown(snapshot(250, bulk=Messages(2)), bulk=bulk)

    assert line(what, "Submission") == "running"
    assert line(what, "Bulk lane") == "paused limit.bulk_share, until 2026-11-21 23:01"
    assert as_json(what)["bulk_lane"] == {
        "entities": {"used": 20_000, "left": 0, "limit": 20_000},
        "requests": {"used": 7, "left": 7_593, "limit": 7_600},
        "submission": {
            "running": False,
            "reason": "limit.bulk_share",
            "until": "2026-11-21T23:01:00+00:00",
        },
    }


def test_live_changes_drain_before_a_backlog_of_the_bulk_lane() -> None:
    what = shown(snapshot(60_000, queue=Messages(1), bulk=Messages(600)))

    assert line(what, "live lane") == "today if no more comes"
    assert line(what, "Drained on").startswith("2026-11-23")
    assert as_json(what)["live_drained_on"] == "2026-11-21"


def test_a_connection_at_its_own_limit_is_named() -> None:
    connections = {"erp": Used(500, 500), "shop": Used(3, 500)}
    what = shown(snapshot(1), connections=connections)

    assert line(what, "erp") == "500 of its 500 entities of today; the rest waits for tomorrow"
    assert line(what, "shop") == "3 of its 500 entities of today"
    assert as_json(what)["connections_with_limits"] == {
        "erp": {"used": 500, "left": 0, "limit": 500},
        "shop": {"used": 3, "left": 497, "limit": 500},
    }
