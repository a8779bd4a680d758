"""A pause that lasts too long is ended, in whatever order AWS applies the changes."""

import math
from datetime import datetime
from typing import Any

import httpx
import pytest

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.retrying import RESUME_SUBMISSION
from import_relay.watch.watchdog import INTERVAL_S
from tests.support.aws import SCHEDULE_GROUP, Aws, client
from tests.support.builders import message
from tests.support.clients import client_error
from tests.support.following import ADA, relay_with_imports
from tests.support.relay import Relay
from tests.support.scripted import FakeLambda
from tests.support.watching import QUARTER_S, pause_of, watch

HOUR = 3_600.0
STEP_S = 30.0


def paused(relay: Relay) -> float:
    """Pause submission for an hour, and return its end."""
    return relay.pause.begin(relay.clock.now + HOUR, "limit.entities")


def test_a_pause_that_its_schedule_did_not_end_is_ended(relay: Relay) -> None:
    relay.clock.now = paused(relay) + QUARTER_S

    report = watch(relay)

    assert relay.lambda_.enabled
    assert report.overdue
    assert [keys["reason"] for name, keys in relay.events if name == "submission.resumed"] == [
        "limit.entities"
    ]


def test_a_pause_is_ended_but_not_called_overdue_within_two_minutes_of_its_end(
    relay: Relay,
) -> None:
    relay.clock.now = paused(relay) + 30

    report = watch(relay)

    assert relay.lambda_.enabled
    assert not report.overdue


def test_a_pause_that_is_not_over_stays(relay: Relay) -> None:
    relay.clock.now = paused(relay) - 1

    report = watch(relay)

    assert not relay.lambda_.enabled
    assert not report.overdue
    assert relay.events == []


def test_a_disable_that_takes_effect_after_its_own_pause_is_undone(aws: Aws) -> None:
    relay, mateo = relay_with_imports(aws)

    class Slow(FakeLambda):
        """A call that disables a mapping hangs for longer than the pause lasts."""

        def update_event_source_mapping(self, **values: Any) -> None:
            relay.clock.now += 0 if values["Enabled"] else 70
            super().update_event_source_mapping(**values)

    relay.lambda_ = Slow()
    mateo.answers.append(httpx.ConnectError("down"))
    relay.submit(message([ADA]))
    assert not relay.lambda_.enabled
    assert relay.pause.state().paused_until < relay.clock.now

    watch(relay)

    assert relay.lambda_.enabled


class Applied(FakeLambda):
    """Enables at once; a disable is accepted, and takes effect only `late_s` later."""

    def __init__(self, relay: Relay, late_s: float) -> None:
        super().__init__()
        self._relay = relay
        self._late_s = late_s
        self.disabled_at = math.inf

    def update_event_source_mapping(self, **values: Any) -> None:
        if values["Enabled"]:
            super().update_event_source_mapping(**values)
        else:
            self.disabled_at = self._relay.clock.now + self._late_s

    def tick(self) -> None:
        """Apply what is due."""
        if self.disabled_at <= self._relay.clock.now:
            self.disabled_at, self.enabled = math.inf, False


def resumptions() -> list[float]:
    """When the schedules of the pause enable the mappings."""
    listed = client("scheduler").list_schedules(GroupName=SCHEDULE_GROUP)["Schedules"]
    names = {one["Name"].rpartition("-")[2] for one in listed}
    return sorted(datetime.fromisoformat(f"{one}+00:00").timestamp() for one in names)


@pytest.mark.parametrize("pause_s", [60, 600])
@pytest.mark.parametrize("late_s", [0, 90, 400, 2_000])
@pytest.mark.parametrize("schedule", ["in time", "late", "lost"])
@pytest.mark.parametrize("phase_s", [0, 450])
def test_submission_runs_within_an_interval_in_whatever_order_aws_applies_the_changes(
    relay: Relay, pause_s: float, late_s: float, schedule: str, phase_s: float
) -> None:
    began, applied = relay.clock.now, Applied(relay, late_s)
    relay.lambda_ = applied
    until = relay.pause.begin(began + pause_s, "mateo.unreachable")
    delay_s = 240 if schedule == "late" else 0
    resumes = [] if schedule == "lost" else [one + delay_s for one in resumptions()]
    watched = began + phase_s
    stopped_s = 0.0

    while relay.clock.now < began + pause_s + late_s + 3 * QUARTER_S:
        relay.clock.now += STEP_S
        applied.tick()
        if resumes and resumes[0] <= relay.clock.now:
            del resumes[0]
            applied.enabled = True
        if watched <= relay.clock.now:
            watched += QUARTER_S
            watch(relay)
        is_stopped = not applied.enabled and relay.clock.now > until
        stopped_s = stopped_s + STEP_S if is_stopped else 0.0
        assert stopped_s <= INTERVAL_S

    assert applied.enabled


def test_a_pause_that_begins_while_the_watchdog_looks_stays(relay: Relay) -> None:
    relay.clock.now = paused(relay) + QUARTER_S

    class Meanwhile(FakeLambda):
        """Submission is paused anew just when the state of the mapping is read."""

        def get_event_source_mapping(self, **values: Any) -> dict[str, str]:
            paused(relay)
            return {"State": "Disabled"}

    looking = Meanwhile()
    looking.enabled = False

    assert pause_of(relay, looking).end() is None
    assert not looking.enabled


def test_a_mapping_that_is_disabled_without_any_note_is_enabled(relay: Relay) -> None:
    relay.lambda_.enabled = False

    assert watch(relay).overdue
    assert relay.lambda_.enabled


class Busy(FakeLambda):
    """Refuses so many changes, as another change of the mapping is under way."""

    def __init__(self, tries: int) -> None:
        super().__init__()
        self.enabled = False
        self.tries = tries

    def get_event_source_mapping(self, **values: Any) -> dict[str, str]:
        return {"State": "Disabling"}

    def update_event_source_mapping(self, **values: Any) -> None:
        self.tries -= 1
        if self.tries >= 0:
            raise client_error("ResourceInUseException")
        super().update_event_source_mapping(**values)


def test_a_mapping_that_is_being_disabled_is_enabled_after_that(relay: Relay) -> None:
    began_at, busy = relay.clock.now, Busy(RESUME_SUBMISSION.tries - 1)

    assert pause_of(relay, busy).end() is not None
    assert busy.enabled
    pauses = RESUME_SUBMISSION.tries - 1
    assert relay.clock.now - began_at == pauses * RESUME_SUBMISSION.first_pause_s


def test_a_mapping_that_stays_busy_is_an_error(relay: Relay) -> None:
    with pytest.raises(StoreUnavailable):
        pause_of(relay, Busy(RESUME_SUBMISSION.tries)).end()


def test_any_other_refusal_is_an_error(relay: Relay) -> None:
    class Denied(Busy):
        def update_event_source_mapping(self, **values: Any) -> None:
            raise client_error("AccessDeniedException")

    with pytest.raises(Exception, match="AccessDenied"):
        pause_of(relay, Denied(0)).end()


# the bulk lane alone


def test_a_pause_of_the_bulk_lane_that_is_not_over_stays(relay: Relay) -> None:
    relay.bulk_pause.begin(relay.clock.now + HOUR, "limit.bulk_share")
    relay.clock.now += HOUR - 1

    assert not watch(relay).overdue

    assert list(relay.lambda_.mappings.values()) == [True, False]


def test_a_pause_of_the_bulk_lane_past_its_time_is_ended(relay: Relay) -> None:
    relay.clock.now = relay.bulk_pause.begin(relay.clock.now + HOUR, "limit.bulk_share") + QUARTER_S

    assert watch(relay).overdue

    assert relay.lambda_.enabled
    assert [keys["reason"] for name, keys in relay.events if name == "submission.resumed"] == [
        "limit.bulk_share"
    ]


def test_the_live_lane_is_resumed_while_the_pause_of_the_bulk_lane_lasts(relay: Relay) -> None:
    until = paused(relay)
    relay.bulk_pause.begin(until + HOUR, "limit.bulk_share")
    relay.clock.now = until + QUARTER_S

    watch(relay)

    assert list(relay.lambda_.mappings.values()) == [True, False]


def test_the_bulk_lane_stays_paused_as_long_as_both_are(relay: Relay) -> None:
    relay.clock.now = relay.bulk_pause.begin(relay.clock.now + 60, "limit.bulk_share") + QUARTER_S
    paused(relay)

    watch(relay)

    assert list(relay.lambda_.mappings.values()) == [False, False]
