"""Expressions that DynamoDB accepts: moto accepts some that DynamoDB refuses."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from import_relay.domain.errors import LimitReached
from import_relay.domain.models import ItemOutcome, Outcome, Watermark
from import_relay.report.row_outcomes import RowOutcome
from import_relay.storage.entries import Entry, State
from import_relay.storage.lease import Lease
from import_relay.storage.ledger import Ledger
from import_relay.storage.outcome_counts import OutcomeCounts
from import_relay.storage.pacing import Permits
from import_relay.storage.pause import Pause, PauseClients
from import_relay.storage.quota import Quota
from import_relay.storage.watermarks import Watermarks
from tests.support.aws import LEDGER, WATERMARKS
from tests.support.builders import NOON, TODAY, TOMORROW, claim, occurrence
from tests.support.clients import Recording
from tests.support.relay import LIMITS, Relay

SYNTAX = {"SET", "ADD", "REMOVE", "AND", "OR", "IN"}
OUTCOME_NAMES = [*Outcome, *RowOutcome]
FUNCTIONS = {"attribute_not_exists", "if_not_exists"}


def entry(rows: int = 10) -> Entry:
    return Entry("r1", State.INTENDED, "contact_details", rows, TODAY, NOON, NOON)


def all_calls(relay: Relay, client: Any) -> None:
    """Every call of the protocol to the tables, at least once; one builder serves all stores."""
    times: Any = {"clock": relay.clock, "sleep": relay.clock.sleep}
    quota = Quota(client, LEDGER, relay.limits, **times)
    permits = Permits(client, LEDGER, quota, **times)
    outcome_counts = OutcomeCounts(client, LEDGER, relay.limits.day, clock=relay.clock)
    ledger = Ledger(client, LEDGER, quota, outcome_counts, clock=relay.clock)
    watermarks = Watermarks(client, WATERMARKS, clock=relay.clock, sleep=relay.clock.sleep)
    with Lease(client, LEDGER, clock=relay.clock).held("a", until=NOON + 9, wait_until=NOON):
        permits.acquire(deadline=NOON + 9)
        permits.acquire(deadline=NOON + 9)
    with pytest.raises(LimitReached):
        ledger.intend(entry(rows=10**6))
    ledger.intend(entry())
    ledger.move_reservation(entry(), day=TOMORROW)
    ledger.advance("r1", expected=[State.INTENDED], target=State.UNKNOWN, import_id="i1")
    ledger.begin_post(entry()._replace(state=State.UNKNOWN), posted_at=NOON, deadline=NOON)
    ledger.release(entry(), expected=State, target=State.ABANDONED)
    ledger.record_poll(entry(), polled_at=NOON, counts={"total_count": 1})
    ledger.begin_report(entry(), until=NOON, retried="")
    ledger.write_tombstone("r2")
    ledger.close(entry(), target=State.FINISHED, outcomes={TODAY: dict.fromkeys(OUTCOME_NAMES, 1)})
    outcome_counts.record(ItemOutcome(occurrence(n), outcome) for n, outcome in enumerate(Outcome))
    outcome_counts.days([TODAY])
    ledger.states(["r1"])
    ledger.owners(["i1"])
    ledger.open_imports()
    ledger.claim_round(not_since=NOON)
    watermarks.write({"k": Watermark({"my field": claim(reference="r1")}, ("d0/0",))})
    watermarks.read(["k"])
    watermarks.fail_claims([("k", ["my field"])], "r1")
    pause = pause_of(relay, client)
    pause.begin(NOON, "limit.entities")
    pause.state()


def pause_of(relay: Relay, client: Any) -> Pause:
    clients = relay.pause._clients
    parts = PauseClients(client, clients.lambda_, clients.scheduler, clients.ssm)
    return Pause(parts, relay.pause._names, clock=relay.clock)


def with_expressions(arguments: Any) -> Iterator[Mapping[str, Any]]:
    """The parts of a call that have expressions."""
    if isinstance(arguments, Mapping):
        if any(name.endswith("Expression") for name in arguments):
            yield arguments
        for value in arguments.values():
            yield from with_expressions(value)
    elif isinstance(arguments, list | tuple):
        for value in arguments:
            yield from with_expressions(value)


@pytest.fixture
def parts(relay: Relay) -> list[Mapping[str, Any]]:
    relay.limits = LIMITS
    calls: list[tuple[str, dict[str, Any]]] = []
    all_calls(relay, Recording(relay.aws.dynamodb, calls))
    return [part for _, arguments in calls for part in with_expressions(arguments)]


def text(part: Mapping[str, Any]) -> str:
    return " ".join(value for name, value in part.items() if name.endswith("Expression"))


def test_no_expression_names_an_attribute_itself(parts: list[Mapping[str, Any]]) -> None:
    """DynamoDB refuses hundreds of reserved words as names; moto accepts them."""
    bare = {word for part in parts for word in re.findall(r"(?<![#:\w])[A-Za-z_]\w*", text(part))}

    assert bare - SYNTAX == FUNCTIONS


def test_every_name_and_value_is_given_and_used(parts: list[Mapping[str, Any]]) -> None:
    for part in parts:
        given = {
            *part.get("ExpressionAttributeNames", {}),
            *part.get("ExpressionAttributeValues", {}),
        }
        assert set(re.findall(r"[#:]\w+", text(part))) == given


def test_no_condition_compares_two_given_values(parts: list[Mapping[str, Any]]) -> None:
    for part in parts:
        assert not re.search(r":\w+\s*[<>=]+\s*:", part.get("ConditionExpression", ""))
