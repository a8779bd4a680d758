"""An open import without an execution gets one; others are left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from import_relay.storage.entries import State
from import_relay.storage.executions import Executions
from import_relay.storage.open_imports import OpenImports
from import_relay.watch.watchdog import YOUNG_S
from tests.support.aws import LEDGER, Aws, client
from tests.support.builders import message
from tests.support.clients import Overruling, client_error
from tests.support.following import ADA, BOB, relay_with_imports, report, track
from tests.support.relay import Relay
from tests.support.watching import QUARTER_S, running, stop, watch


@pytest.fixture
def relay(aws: Aws) -> Relay:
    """A relay with one open import, ref-1, that is old enough to be looked at."""
    made, _ = relay_with_imports(aws)
    made.submit(message([ADA]))
    made.clock.now += YOUNG_S + 1
    return made


def test_an_import_that_is_followed_is_left_alone(relay: Relay) -> None:
    assert watch(relay).restarted == 0
    assert running(relay) == ["ref-1"]


def test_an_import_whose_execution_died_gets_another_with_a_new_name(relay: Relay) -> None:
    stop(relay, "ref-1")

    found = watch(relay)

    (name,) = running(relay)
    assert found.restarted == 1
    assert name.startswith("ref-1-restart-")
    assert ("import.tracking_restarted", {"reference": "ref-1"}) in relay.events


def test_the_new_execution_has_the_same_input(relay: Relay) -> None:
    stop(relay, "ref-1")
    watch(relay)

    described = [
        client("stepfunctions").describe_execution(executionArn=one["executionArn"])["input"]
        for one in client("stepfunctions").list_executions(
            stateMachineArn=relay.aws.state_machine_arn
        )["executions"]
    ]

    assert len(described) == 2
    assert len(set(described)) == 1


def test_an_import_that_the_new_execution_follows_is_left_alone(relay: Relay) -> None:
    stop(relay, "ref-1")
    watch(relay)
    relay.clock.now += QUARTER_S

    assert watch(relay).restarted == 0
    assert len(running(relay)) == 1


def test_a_replacement_that_dies_is_replaced_as_well(relay: Relay) -> None:
    stop(relay, "ref-1")
    watch(relay)
    stop(relay, *running(relay))
    relay.clock.now += QUARTER_S

    assert watch(relay).restarted == 1
    assert len(running(relay)) == 1


def test_two_runs_at_the_same_time_start_one_execution(relay: Relay) -> None:
    stop(relay, "ref-1")
    nobody: Any = Overruling(client("stepfunctions"), list_executions=_none_running)
    executions = Executions(nobody, relay.aws.state_machine_arn)

    watch(relay, executions=executions)
    watch(relay, executions=executions)

    assert len(running(relay)) == 1


def _none_running(real: Callable[..., Any], **arguments: Any) -> Any:
    return {"executions": []}


def test_an_import_that_never_had_an_execution_gets_one(aws: Aws) -> None:
    relay, _ = relay_with_imports(aws)

    class Never:
        """Starts nothing."""

        def start(self, *arguments: Any, **named: Any) -> bool:
            return True

    relay.submit(message([ADA]), executions=Never())
    assert running(relay) == []
    relay.clock.now += YOUNG_S + 1

    assert watch(relay).restarted == 1


def test_a_young_import_is_left_alone(relay: Relay) -> None:
    relay.submit(message([BOB], delivery="20261121T120000000000-bb"), invocation="i2")
    for name in running(relay):
        stop(relay, name)

    assert watch(relay).restarted == 1
    (name,) = running(relay)
    assert name.startswith("ref-1-restart-")


def test_an_import_that_ended_since_it_was_listed_is_left_alone(relay: Relay) -> None:
    stop(relay, "ref-1")

    class Late(OpenImports):
        """The import ends just after the index listed it."""

        def begun_before(self, timestamp: float) -> list[str]:
            found = super().begun_before(timestamp)
            entry = relay.ledger.get("ref-1")
            assert entry is not None
            relay.ledger.close(entry, target=State.FINISHED, outcomes={})
            return found

    assert watch(relay, open_imports=Late(relay.aws.dynamodb, LEDGER)).restarted == 0
    assert running(relay) == []


def test_an_execution_of_an_import_that_has_ended_changes_nothing(aws: Aws) -> None:
    """So a restart without need does no harm."""
    relay, mateo = relay_with_imports(aws)
    relay.submit(message([ADA]))
    mateo.imports[0].finish()
    relay.clock.now += 60
    track(relay)
    report(relay)
    before = (
        relay.ledger.get("ref-1"),
        relay.aws.objects(),
        relay.outcome_counts.days([_today(relay)]),
    )

    assert track(relay).status.value == "finished"
    assert report(relay).status.value == "finished"

    assert before == (
        relay.ledger.get("ref-1"),
        relay.aws.objects(),
        relay.outcome_counts.days([_today(relay)]),
    )


def _today(relay: Relay) -> str:
    return relay.limits.day(relay.clock.now)


def test_a_change_that_an_unfollowed_import_blocks_goes_on_after_the_restart(aws: Aws) -> None:
    relay, mateo = relay_with_imports(aws)
    relay.submit(message([ADA]))
    stop(relay, "ref-1")
    newer = message([{**ADA, "v": 2, "name": "B"}], delivery="20261121T130000000000-bb")
    assert relay.submit(newer, invocation="i2").requeued == 1
    mateo.imports[0].finish()
    relay.clock.now += QUARTER_S

    assert watch(relay).restarted == 1
    track(relay)  # what the new execution does
    report(relay)

    assert relay.submit(newer, invocation="i3").imports == 1


def test_many_open_imports_are_read_page_by_page(relay: Relay) -> None:
    for number in (2, 3):
        body = message([{**ADA, "id": number}], delivery=f"20261121T12000000000{number}-bb")
        relay.submit(body, invocation=f"i{number}")

    def one_by_one(real: Callable[..., Any], **query: Any) -> Any:
        return real(**query, Limit=1)

    paged: Any = Overruling(relay.aws.dynamodb, query=one_by_one)

    found = OpenImports(paged, LEDGER).begun_before(relay.clock.now + 1)
    assert found == ["ref-1", "ref-2", "ref-3"]


def test_many_executions_are_read_page_by_page(relay: Relay) -> None:
    relay.executions.start("ref-2", deadline=1.0)

    def one_by_one(real: Callable[..., Any], **query: Any) -> Any:
        return real(**query, maxResults=1)

    paged: Any = Overruling(client("stepfunctions"), list_executions=one_by_one)
    executions = Executions(paged, relay.aws.state_machine_arn)

    assert executions.followed() == {"ref-1", "ref-2"}


def test_a_check_that_fails_leaves_the_others_alone_and_is_logged(relay: Relay) -> None:
    stop(relay, "ref-1")

    class Broken:
        def end(self) -> None:
            raise client_error("ThrottlingException")

    with pytest.raises(Exception, match="Throttling"):
        watch(relay, pause=Broken())

    assert len(running(relay)) == 1
    failed = [keys for name, keys in relay.events if name == "watchdog.check_failed"]
    assert [one["check"] for one in failed] == ["resume"]
    assert "ThrottlingException" in str(failed[0]["reason"])
