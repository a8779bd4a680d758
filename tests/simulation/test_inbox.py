"""Files of simulated worlds are noticed as they are on AWS: by an event, or by the schedule."""

import pytest

from tests.simulation import inbox
from tests.simulation.relay import Relay
from tests.simulation.scenario import Record, Scenario, Upload
from tests.simulation.world import START, World


def test_a_file_whose_event_is_lost_is_noticed_by_the_schedule_whatever_other_events_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox, "EVENTS", 0.0)
    upload = Upload(0.0, "plain", "a.csv", [Record("p1", 0, {"name": "x"})])
    relay = Relay(World(1), Scenario(1, [], files=[upload]))
    for at in (1.0, 2.0, 3.0):  # events of a file that is gone
        relay.world.at(START + at, lambda: relay.inbox._run("inbox/erp/b.csv"))

    relay.world.run(START + inbox.FIRST_S + inbox.EVERY_S)

    assert relay.inbox.unnoticed() == []
