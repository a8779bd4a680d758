"""Items of a connection that cannot be used or is missing wait; all others are imported."""

from collections.abc import Sequence

import pytest

from import_relay.domain.connections import parse_connections
from import_relay.submit.missing_connections import WAITING_S
from tests.integration.submit.people import ADA, BOB
from tests.support.builders import ERP, message
from tests.support.relay import Relay

REPAIRED = ERP.replace("erp", "shop").replace("[shop]", "[shop]\nsame_ids_as = 'erp'")
SHOP = REPAIRED.replace('"name"', "'Stra\u00dfe'")


def taken(relay: Relay) -> str:
    (body,) = relay.aws.taken()
    return body


def shop(items: Sequence[object]) -> str:
    return message(items, connection="shop", delivery="d2")


def test_items_of_a_connection_with_a_mistake_wait_and_are_imported_once_it_is_repaired(
    relay: Relay,
) -> None:
    relay.connections = parse_connections(ERP + SHOP)

    report = relay.submit(message([ADA]), shop([BOB]))

    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]
    assert (report.failed_message_ids, report.requeued, report.unusable_connections) == (
        set(),
        1,
        1,
    )
    (said,) = relay.said("connection.disabled")
    assert said["connection"] == "shop"
    assert said["key"] == "contact.fields.full_name"
    assert said["expression"] == "Stra\u00dfe"
    wait = relay.waits.read()["shop"]
    assert (wait.code, wait.where) == ("connection.disabled", said["key"])
    ((waiting, _),) = relay.aws.queued()
    assert (waiting["connection"], waiting["requeues"]) == ("shop", 1)

    relay.connections = parse_connections(ERP + REPAIRED)
    assert relay.submit(taken(relay)).unusable_connections == 0
    assert [row["external_id"] for row in relay.mateo.rows] == ["1", "2"]


def test_items_of_a_missing_connection_wait_for_a_day_from_when_it_was_missed(
    relay: Relay,
) -> None:
    missed_at = relay.clock.now

    report = relay.submit(message([ADA]), shop([BOB]))

    assert [row["external_id"] for row in relay.mateo.rows] == ["1"]
    assert (report.requeued, report.unusable_connections) == (1, 1)
    assert relay.said("connection.missing") == [
        {"connection": "shop", "missing_since": int(missed_at)}
    ]
    relay.clock.now = missed_at + WAITING_S - 1
    assert relay.submit(taken(relay)).requeued == 1
    ((waiting, _),) = relay.aws.queued()
    assert waiting["missing_since"] == missed_at


def test_items_of_a_connection_that_is_missing_for_a_day_are_rejected(relay: Relay) -> None:
    relay.submit(shop([BOB]))
    relay.clock.now += WAITING_S

    report = relay.submit(taken(relay))

    assert report.outcomes == {"rejected": 1}
    assert report.unusable_connections == 1
    assert not relay.aws.queued()


def test_a_connection_that_comes_back_and_goes_again_has_another_day(relay: Relay) -> None:
    first = relay.clock.now
    relay.submit(shop([BOB]))
    relay.connections = parse_connections(ERP + SHOP)
    relay.submit(taken(relay))
    ((known_again, _),) = relay.aws.queued()
    assert "missing_since" not in known_again

    relay.connections = parse_connections(ERP)
    relay.clock.now = first + 2 * WAITING_S
    report = relay.submit(taken(relay))

    assert (report.outcomes, report.requeued) == ({}, 1)


@pytest.mark.parametrize("text", [ERP + SHOP, ERP])
def test_what_waits_for_a_connection_is_not_imported_twice_after_a_crash(
    relay: Relay, text: str
) -> None:
    relay.connections = parse_connections(text)
    relay.submit(message([ADA]), shop([BOB]))
    relay.submit(message([ADA]), shop([BOB]), again=True)
    relay.connections = parse_connections(ERP + REPAIRED)

    relay.submit(*relay.aws.taken())
    assert [row["external_id"] for row in relay.mateo.rows] == ["1", "2"]
