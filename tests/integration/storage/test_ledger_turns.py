"""What one process does at a time: to post an import again, to report it and to poll."""

from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.entries import UNFINISHED, State
from tests.integration.storage.ledger_entries import in_state, with_client
from tests.support.builders import NOON
from tests.support.clients import Atomic, Overruling, client_error, in_threads
from tests.support.relay import Relay

# posting again


def test_only_one_of_two_processes_may_post_again(relay: Relay) -> None:
    in_state(relay, State.UNKNOWN)
    one = relay.entry("r1")

    first = relay.ledger.begin_post(one, posted_at=NOON + 5, deadline=NOON + 60)
    second = relay.ledger.begin_post(one, posted_at=NOON + 6, deadline=NOON + 61)

    assert (first, second) == (True, False)
    again = relay.entry("r1")
    assert (again.posts, again.posted_at, again.deadline) == (1, NOON + 5, NOON + 60)


def test_lookups_start_afresh_after_reposting(relay: Relay) -> None:
    in_state(relay, State.UNKNOWN)
    relay.ledger.advance(
        "r1", expected=[State.UNKNOWN], target=State.UNKNOWN, absent=2, absent_at=NOON + 3
    )

    relay.ledger.begin_post(relay.entry("r1"), posted_at=NOON + 5, deadline=NOON + 60)

    assert (relay.entry("r1").absent, relay.entry("r1").absent_at) == (0, 0.0)


@pytest.mark.parametrize("state", [one for one in State if one is not State.UNKNOWN])
def test_only_an_unknown_import_is_reposted(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.begin_post(one, posted_at=NOON, deadline=NOON) is False


# reports


@pytest.mark.parametrize("state", sorted(UNFINISHED))
def test_one_process_at_a_time_reports_an_import(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.begin_report(one, until=NOON + 60, retried="0-4,7") is True

    begun = one._replace(reported_until=NOON + 60, retried="0-4,7")
    assert relay.entry("r1") == begun
    for seen in (one, begun):
        assert relay.ledger.begin_report(seen, until=NOON + 60, retried="") is False
    assert relay.entry("r1") == begun


def test_a_report_is_free_once_its_reporter_is_certainly_dead(
    relay: Relay,
) -> None:
    one = in_state(relay, State.SENT)
    relay.ledger.begin_report(one, until=NOON + 60, retried="")

    begun = relay.entry("r1")
    relay.clock.now = NOON + 60 + CLOCK_SKEW_S
    assert relay.ledger.begin_report(begun, until=NOON + 120, retried="") is False
    relay.clock.now += 0.01
    assert relay.ledger.begin_report(begun, until=NOON + 120, retried="") is True


def test_a_process_that_read_the_entry_before_a_report_began_may_not_report(
    relay: Relay,
) -> None:
    read_before = in_state(relay, State.SENT)
    relay.ledger.begin_report(read_before, until=NOON + 60, retried="0")
    relay.clock.now = NOON + 3_600

    assert relay.ledger.begin_report(read_before, until=NOON + 3_700, retried="") is False


def test_an_import_that_has_gone_on_meanwhile_is_not_reported(relay: Relay) -> None:
    one = in_state(relay, State.UNKNOWN)
    relay.ledger.advance("r1", expected=[State.UNKNOWN], target=State.SENT)

    assert relay.ledger.begin_report(one, until=NOON + 60, retried="") is False


@pytest.mark.parametrize("state", sorted(set(State) - UNFINISHED))
def test_an_import_that_has_ended_is_not_reported_again(relay: Relay, state: State) -> None:
    one = in_state(relay, state)

    assert relay.ledger.begin_report(one, until=NOON + 60, retried="") is False


def test_of_parallel_reporters_one_begins(relay: Relay) -> None:
    one = in_state(relay, State.SENT)
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    begun = in_threads([partial(ledger.begin_report, one, until=NOON + 60, retried="")] * 4)

    assert sorted(begun) == [False, False, False, True]


def test_a_table_that_does_not_answer_is_an_error_and_not_another_reporter(relay: Relay) -> None:
    one = in_state(relay, State.SENT)

    def denied(real: Any, **arguments: Any) -> Any:
        raise client_error("AccessDeniedException")

    ledger = with_client(relay, Overruling(relay.aws.dynamodb, update_item=denied))
    with pytest.raises(ClientError, match="AccessDenied"):
        ledger.begin_report(one, until=NOON + 60, retried="")


# polls


def test_a_poll_of_a_sent_import_is_written_down(relay: Relay) -> None:
    sent = in_state(relay, State.SENT)

    now = relay.ledger.record_poll(
        sent, polled_at=NOON + 9, counts={"total_count": 10, "success_count": None}
    )

    assert now == relay.entry("r1")
    assert (now.polled_at, now.total_count, now.success_count) == (NOON + 9, 10, None)


def test_an_entry_says_since_when_its_counts_have_not_changed(relay: Relay) -> None:
    one = in_state(relay, State.SENT)
    since = []

    for second, total in enumerate([None, 3, 3, 4, 4]):
        one = relay.ledger.record_poll(one, polled_at=NOON + second, counts={"total_count": total})
        since.append(relay.entry("r1").counted_at)

    assert since == [0.0, NOON + 1, NOON + 1, NOON + 3, NOON + 3]


@pytest.mark.parametrize("state", [State.FINISHED, State.TIMED_OUT, State.UNKNOWN])
def test_a_late_poll_changes_nothing(relay: Relay, state: State) -> None:
    before = in_state(relay, state)

    relay.ledger.record_poll(before, polled_at=NOON + 9, counts={"total_count": 10})

    assert relay.entry("r1") == before


def test_what_a_poll_said_that_overtook_this_one_is_kept(relay: Relay) -> None:
    before = in_state(relay, State.SENT)
    relay.ledger.record_poll(before, polled_at=NOON + 9, counts={"total_count": 10})
    after = relay.entry("r1")

    relay.ledger.record_poll(before, polled_at=NOON + 8, counts={"total_count": 4})

    assert relay.entry("r1") == after


def test_a_poll_says_nothing_of_the_import_that_an_entry_has_by_now(relay: Relay) -> None:
    in_state(relay, State.SENT)
    relay.ledger.advance("r1", expected=[State.SENT], target=State.SENT, import_id="i1")
    before = relay.entry("r1")
    relay.ledger.advance("r1", expected=[State.SENT], target=State.SENT, import_id="i2")

    relay.ledger.record_poll(before, polled_at=NOON + 9, counts={"total_count": 10})

    assert relay.entry("r1") == before._replace(import_id="i2")


def test_one_process_polls_for_all_and_any_may_have_the_next_round(relay: Relay) -> None:
    assert relay.ledger.claim_round(not_since=NOON - 5) is True
    assert relay.ledger.claim_round(not_since=NOON - 5) is False

    relay.clock.now += 10
    assert relay.ledger.claim_round(not_since=NOON + 5) is True


def test_of_parallel_pollers_one_gets_the_round(relay: Relay) -> None:
    ledger = with_client(relay, Atomic(relay.aws.dynamodb))

    results = in_threads([lambda: ledger.claim_round(not_since=NOON - 5)] * 6)

    assert sorted(results) == [False] * 5 + [True]
