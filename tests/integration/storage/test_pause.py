"""A pause: what it writes, schedules and disables, in the order that survives a crash."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.lanes import Lane
from import_relay.storage.pause import (
    MIN_PAUSE_S,
    SCHEDULE_SKEW_S,
    Pause,
    PauseClients,
    PauseState,
)
from import_relay.storage.queue_switch import MAX_DISABLING_S
from tests.support.aws import (
    LEDGER,
    MAPPING_PARAMETER,
    MAPPINGS,
    SCHEDULE_GROUP,
    SCHEDULE_ROLE,
    client,
)
from tests.support.builders import NOON
from tests.support.clients import Overruling, Recording, client_error
from tests.support.relay import Relay

HOUR = 3_600.0


def pause(
    relay: Relay, calls: list[tuple[str, dict[str, Any]]] | None = None, **replaced: Any
) -> Pause:
    """The relay's pause; its calls are written to `calls`, and single clients may be replaced."""
    calls = [] if calls is None else calls
    known: dict[str, Any] = {
        "dynamodb": relay.aws.dynamodb,
        "lambda_": relay.lambda_,
        "scheduler": client("scheduler"),
        "ssm": client("ssm"),
    } | replaced
    recorded: dict[str, Any] = {name: Recording(one, calls) for name, one in known.items()}
    clients = PauseClients(**recorded)
    return Pause(clients, relay.pause._names, clock=relay.clock)


def schedule(lane: Lane = Lane.LIVE) -> dict[str, Any]:
    """The one schedule of a lane."""
    ((name, _),) = schedules(lane).items()
    return dict(client("scheduler").get_schedule(GroupName=SCHEDULE_GROUP, Name=name))


def schedules(lane: Lane = Lane.LIVE) -> dict[str, float]:
    """Name → when it resumes a lane (s since the epoch)."""
    begin = {Lane.LIVE: "resume-", Lane.BULK: "resume-bulk-"}[lane]
    listed = client("scheduler").list_schedules(GroupName=SCHEDULE_GROUP)["Schedules"]
    found = {}
    for one in listed:
        if match := re.fullmatch(begin + r"(\d{8}T\d{6})", one["Name"]):
            at = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            found[one["Name"]] = at.timestamp()
    return found


def number_of_schedules() -> int:
    """How many each lane has; the test fails if the lanes differ."""
    (number,) = {len(schedules(lane)) for lane in Lane}
    return number


class SlowLambda:
    """Disables each mapping after almost two minutes, as when AWS hangs and the SDK tries again."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.disabled_at: dict[str, float] = {}

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, str]:  # noqa: N803
        return self._relay.lambda_.get_event_source_mapping(UUID=UUID)

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:  # noqa: N803
        self._relay.clock.now += 110
        self.disabled_at[UUID] = self._relay.clock.now
        self._relay.lambda_.update_event_source_mapping(UUID=UUID, Enabled=Enabled)


@pytest.mark.parametrize("pause_s", [0, 60, 100, 179])
def test_a_schedule_resumes_after_the_mapping_is_disabled_however_long_that_takes(
    relay: Relay, pause_s: float
) -> None:
    slow = SlowLambda(relay)
    pause(relay, lambda_=slow).begin(NOON + pause_s, "mateo.unreachable")

    assert not relay.lambda_.enabled
    for lane, uuid in zip(Lane, MAPPINGS, strict=True):
        asked_at = slow.disabled_at[uuid] - 110
        resumes_at = max(schedules(lane).values())
        assert slow.disabled_at[uuid] < resumes_at <= asked_at + MAX_DISABLING_S


def test_a_long_pause_needs_one_schedule(relay: Relay) -> None:
    relay.pause.begin(NOON + HOUR, "limit.entities")

    assert number_of_schedules() == 1


def test_submission_that_nobody_paused_is_running(relay: Relay) -> None:
    assert relay.pause.state() == PauseState()
    assert not relay.pause.state().is_active(NOON)


def test_the_reason_is_written_and_the_end_scheduled_before_the_mapping_is_disabled(
    relay: Relay,
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    pause(relay, calls).begin(NOON + HOUR, "limit.entities")

    assert [name for name, _ in calls] == [
        "put_item",
        "get_parameter",
        "create_schedule",
        "update_event_source_mapping",
        "create_schedule",
        "update_event_source_mapping",
    ]
    assert calls[1][1] == {"Name": MAPPING_PARAMETER}
    for call, uuid in zip(calls[3::2], MAPPINGS, strict=True):
        assert call[1] == {"UUID": uuid, "Enabled": False}


def test_a_parameter_that_does_not_name_a_mapping_per_lane_is_an_error(relay: Relay) -> None:
    client("ssm").put_parameter(Name=MAPPING_PARAMETER, Value="mapping-1", Overwrite=True)

    with pytest.raises(ValueError, match="zip"):
        relay.pause.begin(NOON + HOUR, "limit.entities")
    assert relay.lambda_.enabled


@pytest.mark.parametrize("part", ["ssm", "scheduler"])
def test_a_pause_whose_end_cannot_be_scheduled_does_not_begin(relay: Relay, part: str) -> None:
    def denied(real: Any, **arguments: Any) -> Any:
        raise client_error("AccessDeniedException")

    broken = Overruling(client(part), create_schedule=denied, get_parameter=denied)

    with pytest.raises(ClientError):
        pause(relay, None, **{part: broken}).begin(NOON + HOUR, "limit.entities")
    assert relay.lambda_.enabled


@pytest.mark.parametrize(("lane", "uuid"), [*zip(Lane, MAPPINGS, strict=True)])
def test_the_schedule_enables_the_mapping_once_and_deletes_itself(
    relay: Relay, lane: Lane, uuid: str
) -> None:
    relay.pause.begin(NOON + HOUR, "limit.entities")

    made = schedule(lane)
    assert made["ScheduleExpression"] == "at(2026-11-21T13:00:00)"
    assert made["ScheduleExpressionTimezone"] == "UTC"
    assert made["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert made["ActionAfterCompletion"] == "DELETE"
    assert made["Target"]["Arn"] == "arn:aws:scheduler:::aws-sdk:lambda:updateEventSourceMapping"
    assert made["Target"]["RoleArn"] == SCHEDULE_ROLE
    assert json.loads(made["Target"]["Input"]) == {"Uuid": uuid, "Enabled": True}


def test_the_target_is_in_the_partition_of_the_role(relay: Relay) -> None:
    names = relay.pause._names
    other = type(names)(
        names.table,
        names.mappings_parameter,
        names.schedule_group,
        "arn:aws-cn:iam::123456789012:role/pause",
    )

    Pause(relay.pause._clients, other, clock=relay.clock).begin(NOON + HOUR, "limit.entities")

    assert schedule()["Target"]["Arn"].startswith("arn:aws-cn:scheduler:::aws-sdk:lambda:")


def test_a_pause_is_read_as_it_was_begun(relay: Relay) -> None:
    relay.pause.begin(NOON + HOUR, "mateo.unreachable", consecutive_failures=3)

    assert relay.pause.state() == PauseState(NOON + HOUR, "mateo.unreachable", 3)
    assert not relay.lambda_.enabled


def test_pausing_again_until_the_same_time_disables_the_mappings_once_more(
    relay: Relay,
) -> None:
    relay.pause.begin(NOON + HOUR, "limit.entities")
    relay.lambda_.enabled = True

    relay.pause.begin(NOON + HOUR, "limit.entities")

    assert not relay.lambda_.enabled
    assert number_of_schedules() == 1


def test_pausing_until_later_leaves_both_schedules(relay: Relay) -> None:
    relay.pause.begin(NOON + HOUR, "mateo.unreachable")
    relay.pause.begin(NOON + 2 * HOUR, "limit.entities")

    assert number_of_schedules() == 2
    assert relay.pause.state().paused_until == NOON + 2 * HOUR


@pytest.mark.parametrize(
    ("until", "resumes_at"),
    [
        (NOON - 10, NOON + MIN_PAUSE_S),
        (NOON + 1, NOON + MIN_PAUSE_S),
        (NOON + HOUR + 0.2, NOON + HOUR + 1),
        (NOON + HOUR, NOON + HOUR),
    ],
)
def test_a_pause_ends_on_a_whole_second_never_earlier_and_after_a_minute_at_least(
    relay: Relay, until: float, resumes_at: float
) -> None:
    assert relay.pause.begin(until, "limit.entities") == resumes_at

    at = datetime.fromtimestamp(resumes_at, UTC)
    for lane in Lane:
        first = min(schedules(lane))
        made = client("scheduler").get_schedule(GroupName=SCHEDULE_GROUP, Name=first)
        assert made["ScheduleExpression"] == f"at({at:%Y-%m-%dT%H:%M:%S})"
    assert relay.pause.state().paused_until == resumes_at


@pytest.mark.parametrize(
    ("seconds", "active"), [(-60.0, True), (-SCHEDULE_SKEW_S, False), (-1.0, False), (60.0, False)]
)
def test_a_schedule_that_fires_a_little_early_is_on_time(seconds: float, active: bool) -> None:
    assert PauseState(NOON, "limit.entities").is_active(NOON + seconds) is active


def test_a_success_forgets_the_failures_and_the_reason(relay: Relay) -> None:
    relay.pause.begin(NOON + HOUR, "mateo.unreachable", consecutive_failures=3)

    relay.pause.clear_failures()

    assert relay.pause.state() == PauseState()


def test_a_success_leaves_a_pause_that_began_meanwhile(relay: Relay) -> None:
    relay.pause.begin(NOON + 60, "mateo.unreachable", consecutive_failures=3)
    known = relay.pause.state()
    relay.pause.begin(NOON + HOUR, "maintenance")

    relay.pause.clear_failures(known)

    assert relay.pause.state() == PauseState(NOON + HOUR, "maintenance")


def test_a_success_forgets_the_failures_that_were_known(relay: Relay) -> None:
    relay.pause.begin(NOON + HOUR, "mateo.unreachable", consecutive_failures=3)

    relay.pause.clear_failures(relay.pause.state())

    assert relay.pause.state() == PauseState()


def test_another_change_of_the_mapping_that_is_under_way_is_no_error(relay: Relay) -> None:
    def busy(real: Any, **arguments: Any) -> Any:
        raise client_error("ResourceInUseException")

    in_use = Overruling(relay.lambda_, update_event_source_mapping=busy)

    assert pause(relay, lambda_=in_use).begin(NOON + HOUR, "limit.entities") == NOON + HOUR


def test_any_other_error_of_lambda_is_raised(relay: Relay) -> None:
    def denied(real: Any, **arguments: Any) -> Any:
        raise client_error("AccessDeniedException")

    with pytest.raises(ClientError, match="AccessDenied"):
        pause(relay, lambda_=Overruling(relay.lambda_, update_event_source_mapping=denied)).begin(
            NOON + HOUR, "limit.entities"
        )


def test_the_state_is_kept_in_the_ledger_table(relay: Relay) -> None:
    relay.pause.begin(NOON + HOUR, "limit.entities")

    item = relay.aws.dynamodb.get_item(TableName=LEDGER, Key={"pk": {"S": "pause"}})["Item"]
    assert item["reason"] == {"S": "limit.entities"}
