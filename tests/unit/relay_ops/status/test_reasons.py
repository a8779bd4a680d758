"""Every reason why something waits is told with what helps, and of which connection it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from import_relay.storage.connection_waits import ConnectionWait
from import_relay.storage.refusals import RefusalPause, RefusedKind
from relay_ops.status.forecast import BLOCKING_METRICS, BulkView, Forecast, SubmissionView, Used
from relay_ops.status.noted import HeldMessages, Noted
from relay_ops.status.reasons import (
    A_CONNECTION,
    BULK_LANE,
    EVERYTHING,
    LIVE_LANE,
    Reason,
    reasons_of,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT = NOON.timestamp()
LATER = NOON + timedelta(hours=4)
RUNS = SubmissionView(is_running=True)
PAUSED = SubmissionView(False, "maintenance", LATER)


def forecast(**changes: Any) -> Forecast:
    values: dict[str, Any] = {
        "now": NOON,
        "entities": Used(1, 1_000),
        "requests": Used(1, 100),
        "requests_for_imports": 95,
        "submission": RUNS,
        "bulk": BulkView(Used(0, 800), Used(0, 76), RUNS),
    }
    return Forecast(**{**values, **changes})


def bulk(entities: int = 0, submission: SubmissionView = RUNS) -> BulkView:
    return BulkView(Used(entities, 800), Used(0, 76), submission)


def only(*, noted: Noted | None = None, **changes: Any) -> Reason:
    (one,) = reasons_of(forecast(**changes), noted or Noted())
    return one


def test_where_nothing_waits_there_is_no_reason() -> None:
    assert reasons_of(forecast(), Noted()) == []
    assert reasons_of(forecast(connections={"erp": Used(40, 50)}), Noted()) == []
    assert reasons_of(forecast(connections={"erp": Used(39, 50)}, in_bucket=7), Noted()) == []


@pytest.mark.parametrize(
    ("changes", "who", "code", "helps", "until"),
    [
        ({"submission": PAUSED}, EVERYTHING, "maintenance", "relay resume", LATER),
        (
            {"submission": SubmissionView(False, "mateo.credentials", LATER)},
            EVERYTHING,
            "mateo.credentials",
            "relay token",
            LATER,
        ),
        (
            {"submission": SubmissionView(False, "limit.entities", LATER)},
            EVERYTHING,
            "limit.entities",
            "tomorrow",
            LATER,
        ),
        ({"submission": SubmissionView(False)}, EVERYTHING, "", "relay resume", None),
        ({"entities": Used(1_000, 1_000)}, EVERYTHING, "limit.entities", "tomorrow", None),
        ({"requests": Used(95, 100)}, EVERYTHING, "limit.requests", "tomorrow", None),
        (
            {"bulk": bulk(submission=SubmissionView(False, "limit.bulk_share", LATER))},
            BULK_LANE,
            "limit.bulk_share",
            "last hour",
            LATER,
        ),
        ({"bulk": bulk(800)}, BULK_LANE, "limit.bulk_share", "last hour", None),
        (
            {"connections": {"erp": Used(50, 50)}},
            "erp",
            "limit.connection",
            "connections.toml",
            NOON + timedelta(hours=12),
        ),
        (
            {"connections": {"erp": Used(40, 50)}, "in_bucket": 7},
            "erp",
            "limit.bulk_share",
            "last hour",
            None,
        ),
        (
            {"connections": {"erp": Used(40, 50)}, "bulk": bulk(1)},
            "erp",
            "limit.bulk_share",
            "last hour",
            None,
        ),
    ],
)
def test_a_limit_or_a_pause_is_told(
    changes: dict[str, Any], who: str, code: str, helps: str, until: datetime | None
) -> None:
    one = only(**changes)

    assert (one.who, one.code, one.until) == (who, code, until)
    assert helps in one.what_to_do


def test_a_pause_of_both_lanes_is_told_once() -> None:
    both = forecast(submission=PAUSED, bulk=bulk(submission=PAUSED))

    assert [one.who for one in reasons_of(both, Noted())] == [EVERYTHING]


@pytest.mark.parametrize(
    ("code", "where", "why", "helps"),
    [
        ("connection.disabled", "contact.fields.email", "contact.fields.email: ", "relay check"),
        ("connection.missing", "", "not in connections.toml", "Deploy"),
        ("fetcher.refused", "", "token", "relay secret shop.token --only"),
        ("fetcher.unavailable", "", "CRM's API", "Nothing."),
    ],
)
def test_a_connection_that_waits_is_named_with_what_helps(
    code: str, where: str, why: str, helps: str
) -> None:
    one = only(noted=Noted(waits={"shop": ConnectionWait(code, AT, where)}))

    assert (one.who, one.code) == ("shop", code)
    assert why in one.why
    assert helps in one.what_to_do


def test_a_connection_that_mateo_refuses_is_told_with_mateos_words() -> None:
    wait = RefusalPause(AT - 60, AT + 600, 3, 400, "PGRST204", "no column 'vip'")

    one = only(noted=Noted(refused={RefusedKind("shop", "contact_details"): wait}))

    assert one == Reason(
        "shop",
        "PGRST204",
        "Mateo refuses its contact_details (400 PGRST204): no column 'vip'",
        "Compare its columns with those of Mateo: relay check --account",
        NOON + timedelta(minutes=10),
    )


def test_what_is_held_for_a_fuller_import_is_told_by_lane() -> None:
    held = {"live": HeldMessages(1, AT - 60), "bulk": HeldMessages(1_200, 0.0)}

    live, of_bulk = reasons_of(forecast(), Noted(held=held))

    assert (live.who, live.until) == (LIVE_LANE, NOON + timedelta(minutes=14))
    assert live.why.startswith("1 message is held")
    assert (of_bulk.who, of_bulk.until) == (BULK_LANE, None)
    assert of_bulk.why.startswith("1,200 messages are held")


def test_what_is_held_is_not_told_of_a_lane_that_is_paused() -> None:
    held = {"live": HeldMessages(1, AT - 60), "bulk": HeldMessages(1, AT - 60)}

    both = reasons_of(forecast(submission=PAUSED, bulk=bulk(submission=PAUSED)), Noted(held=held))
    one = reasons_of(forecast(bulk=bulk(submission=PAUSED)), Noted(held=held))

    assert [each.who for each in both] == [EVERYTHING]
    assert [(each.who, each.code) for each in one] == [(BULK_LANE, "maintenance"), (LIVE_LANE, "")]


def test_a_time_that_is_over_is_not_told() -> None:
    wait = RefusalPause(AT - 900, AT - 60, 3, 400, "PGRST204", "")
    refused = {RefusedKind("shop", "contact_details"): wait}
    held = {"live": HeldMessages(1, AT - 1_000)}

    found = reasons_of(forecast(), Noted(refused=refused, held=held))

    assert [(one.who, one.until) for one in found] == [(LIVE_LANE, None), ("shop", None)]


@pytest.mark.parametrize(
    ("metric", "who", "helps"),
    [
        ("CredentialsRefused", EVERYTHING, "relay token"),
        ("FetchersUnavailable", A_CONNECTION, "relay secret"),
        ("ConnectionsUnusable", A_CONNECTION, "relay check"),
    ],
)
def test_what_waits_without_a_note_is_told(metric: str, who: str, helps: str) -> None:
    one = only(blockers=(BLOCKING_METRICS[metric],))

    assert one.who == who
    assert helps in one.what_to_do
