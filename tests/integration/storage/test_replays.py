"""What is noted of a replay: begun once, counted once, carried out by one process."""

import pytest

from import_relay.domain.errors import ReplayTaken
from import_relay.domain.replays import Replay
from import_relay.storage.outcome_counts import REPLAYED
from import_relay.storage.replays import ReplayProgress, Replays, Selection
from tests.support.aws import LEDGER
from tests.support.builders import NOON, TODAY
from tests.support.relay import Relay

REPLAY = Replay("r1", int(NOON * 1_000_000), "the mapping was wrong", force=True)
SELECTION = Selection(NOON - 60, NOON, "erp", "rejected")


def replays(relay: Relay) -> Replays:
    return Replays(
        relay.aws.dynamodb,
        LEDGER,
        relay.outcome_counts,
        clock=relay.clock,
        sleep=relay.clock.sleep,
    )


def begun(relay: Relay) -> ReplayProgress:
    replays(relay).begin(REPLAY, SELECTION)
    found = replays(relay).get("r1")
    assert found is not None
    return found


def test_a_replay_is_read_as_it_was_begun(relay: Relay) -> None:
    assert begun(relay) == ReplayProgress(REPLAY, SELECTION)
    assert replays(relay).get("r2") is None


def test_a_replay_that_was_begun_before_stays_as_it_is(relay: Relay) -> None:
    progress = replays(relay).count(begun(relay), "items/1", 3)

    replays(relay).begin(REPLAY._replace(reason="again"), SELECTION)

    assert replays(relay).get("r1") == progress


def test_items_are_counted_once_although_their_object_is_counted_again(relay: Relay) -> None:
    first = replays(relay).count(begun(relay), "items/1", 3)
    again = replays(relay).count(first, "items/1", 3)
    other = replays(relay).count(again, "items/2", 4)

    assert (first.total, again.total, other.total) == (3, 3, 7)
    assert relay.outcome_counts.days([TODAY])[TODAY][REPLAYED] == 7


def test_a_process_with_an_older_note_may_not_go_on(relay: Relay) -> None:
    progress = begun(relay)
    replays(relay).count(progress, "items/1", 3)

    with pytest.raises(ReplayTaken):
        replays(relay).count(progress, "items/1", 3)


def test_a_replay_is_finished_only_if_it_was_begun(relay: Relay) -> None:
    begun(relay)

    replays(relay).finish("r1")

    found = replays(relay).get("r1")
    assert found is not None
    assert found.is_finished
