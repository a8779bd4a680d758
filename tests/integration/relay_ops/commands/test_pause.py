"""`relay pause` and `relay resume` change the pause, and say whether it worked."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from relay_ops.app import run
from relay_ops.exits import CommandError, ExitCode
from relay_ops.pausing import SubmissionSwitch
from relay_ops.stack import Stack
from tests.integration.relay_ops.commands.opened import given, stack
from tests.support import aws as resources
from tests.support.clients import client_error
from tests.support.relay import Relay

__all__ = ["given", "stack"]  # fixtures


def mapping_states(relay: Relay) -> set[str]:
    found = (relay.lambda_.get_event_source_mapping(UUID=one) for one in resources.MAPPINGS)
    return {one["State"] for one in found}


def test_a_pause_takes_effect_and_ends(relay: Relay, stack: Stack) -> None:
    assert run(["pause", "--hours", "2", "--yes"]) == ExitCode.DONE
    assert mapping_states(relay) == {"Disabled"}
    state = relay.pause.state()
    assert (state.paused_until, state.reason) == (relay.clock.now + 7_200, "maintenance")

    assert run(["resume", "--yes"]) == ExitCode.DONE
    assert mapping_states(relay) == {"Enabled"}
    assert relay.pause.state().paused_until == 0


@pytest.mark.parametrize("refusals", [2, 1_000])
def test_resuming_waits_for_the_change_of_the_mapping_that_is_under_way(
    relay: Relay, stack: Stack, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    relay.pause.begin(relay.clock.now + 3_600, "mateo.unreachable")
    change, left, slept = (
        relay.lambda_.update_event_source_mapping,
        [None] * refusals,
        list[float](),
    )

    def busy(**values: Any) -> None:
        if left:
            left.pop()
            raise client_error("ResourceInUseException")
        change(**values)

    monkeypatch.setattr(relay.lambda_, "update_event_source_mapping", busy)

    with pytest.raises(CommandError, match="not enabled") if refusals > 2 else nullcontext():
        SubmissionSwitch(stack, sleep=slept.append).resume()

    assert (mapping_states(relay) == {"Enabled"}) == (refusals == 2)
    assert len(slept) >= 2


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_nothing_changes_without_a_yes(
    relay: Relay, stack: Stack, given: Callable[[str], None], command: str
) -> None:
    given("")
    relay.lambda_.enabled = command == "pause"
    assert run([command]) == ExitCode.NOT_CONFIRMED
    assert relay.lambda_.enabled == (command == "pause")
    assert relay.pause.state().paused_until == 0


def test_a_mapping_that_does_not_change_is_an_error(
    relay: Relay, stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("relay_ops.pausing.EFFECT_WAIT_S", -1.0)
    monkeypatch.setattr(SubmissionSwitch, "is_enabled", lambda _: None)
    assert run(["pause", "--yes"]) == ExitCode.UNAVAILABLE
    assert "not disabled" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["pause"], ["resume"], ["secret", "erp"]])
def test_a_command_says_what_it_costs_before_it_asks(
    stack: Stack,
    given: Callable[[str], None],
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    given("a-new-secret\n")
    run(arguments)
    assert "It costs no entity and no request of the day." in capsys.readouterr().err
