"""One sender cannot use up the day of all others: what is over its own limit waits for tomorrow."""

from typing import Any

import pytest

from import_relay.domain.connections import parse_connections
from import_relay.domain.errors import LimitReached
from import_relay.domain.lanes import Lane
from import_relay.storage.entries import State
from import_relay.storage.executions import Executions
from import_relay.storage.reservations import Charge
from tests.integration.storage.ledger_entries import entry
from tests.support import aws as resources
from tests.support.builders import ERP, NOON, TOMORROW, message
from tests.support.clients import Overruling
from tests.support.following import ADA
from tests.support.relay import Relay

DAY_S = 86_400.0


def people(many: int, delivery: str, connection: str = "erp") -> str:
    names = [f"{delivery}{n}" for n in range(many)]
    items = [{**ADA, "id": one, "email": f"{one}@example.com"} for one in names]
    return message(items, delivery=delivery, connection=connection)


@pytest.fixture
def limited(relay: Relay) -> Relay:
    """`erp` may use three entities a day; `shop` has no limit of its own."""
    erp = ERP.replace('kind = "json"', 'kind = "json"\nentities_per_day = 3', 1)
    shop = ERP.replace("[erp", "[shop").replace('"json"', '"json"\nid_prefix = "shop-"', 1)
    relay.connections = parse_connections(f"{erp}\n{shop}")
    return relay


@pytest.mark.parametrize(("lane", "own"), [(Lane.LIVE, 3), (Lane.BULK, 2)])
def test_what_is_over_the_limit_of_its_connection_waits_and_others_go_on(
    limited: Relay, lane: Lane, own: int
) -> None:
    """The bulk lane leaves some of that limit to live changes."""
    report = limited.submit(people(5, "a"), people(4, "b", "shop"), lane=lane)

    assert (report.rows, report.requeued, report.paused) == (own + 4, 5 - own, "")
    assert report.failed_message_ids == set()  # so no receive count grows
    assert limited.lambda_.enabled
    assert limited.quota.usage().connections == {"erp": Charge(own, 3)}
    told = {"connection": "erp", "limit": own, "items": 5 - own}
    assert ("batch.limited", told) in limited.events


def test_of_a_connection_at_its_limit_nothing_is_read_or_mapped(limited: Relay) -> None:
    limited.submit(people(3, "a"))

    report = limited.submit(people(5, "b"), people(1, "c", "shop"))

    assert (report.rows, report.requeued, report.outcomes) == (1, 5, {})


def test_the_next_day_has_a_limit_of_its_own(limited: Relay) -> None:
    limited.submit(people(3, "a"))
    limited.clock.now += DAY_S

    assert limited.submit(people(5, "b")).rows == 3


def test_an_abandoned_import_releases_the_entities_of_its_connection(limited: Relay) -> None:
    limited.ledger.intend(one := entry(rows=3, charges="erp=3/3"))
    limited.ledger.release(one, expected=[State.INTENDED], target=State.ABANDONED)

    assert limited.submit(people(3, "a")).rows == 3


def test_a_reservation_that_moves_counts_for_its_connection_on_the_other_day(
    limited: Relay,
) -> None:
    one = entry(rows=3, charges="erp=3/3")
    limited.ledger.intend(one)
    assert limited.ledger.move_reservation(one, day=TOMORROW)
    assert limited.submit(people(3, "a")).rows == 3

    with pytest.raises(LimitReached) as caught:
        limited.ledger.intend(entry("r2", rows=1, day=TOMORROW, charges="erp=1/3"))
    assert (caught.value.code, caught.value.resets_at) == ("limit.connection", NOON + DAY_S / 2)


def test_a_limit_that_another_batch_used_up_meanwhile_is_kept(limited: Relay) -> None:
    """The plan is made of what was read; what counts is the condition of the reservation."""

    def meanwhile(real: Any, **arguments: Any) -> Any:
        limited.ledger.intend(entry("other", rows=2, charges="erp=2/3"))
        return real(**arguments)

    client: Any = Overruling(resources.client("stepfunctions"), start_execution=meanwhile)
    executions = Executions(client, limited.aws.state_machine_arn)
    report = limited.submit(people(2, "a"), executions=executions)

    assert (report.rows, report.requeued, report.paused) == (0, 2, "")
    assert limited.quota.usage().connections == {"erp": Charge(2, 3)}
