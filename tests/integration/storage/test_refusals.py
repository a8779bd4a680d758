"""Which connections wait because Mateo refuses their imports; kept for a week."""

from import_relay.storage.refusals import REFUSALS_KEPT_S, RefusalPause, RefusedKind
from tests.support.aws import LEDGER
from tests.support.builders import NOON
from tests.support.relay import Relay

SHOP = RefusedKind("shop", "contact_details")
ERP = RefusedKind("erp", "deal_details")


def wait(until: float) -> RefusalPause:
    return RefusalPause(NOON - 60, until, 3, 400, "PGRST204", "no column 'vip'")


def test_refused_connections_are_read_as_they_were_written(relay: Relay) -> None:
    waits = {SHOP: wait(NOON + 60), ERP: wait(NOON + 600)}

    relay.refused.write(waits)

    assert relay.refused.read() == waits


def test_at_first_no_connection_waits(relay: Relay) -> None:
    assert relay.refused.read() == {}


def test_a_connection_that_was_not_refused_again_for_a_week_is_forgotten(relay: Relay) -> None:
    relay.refused.write({SHOP: wait(NOON - REFUSALS_KEPT_S), ERP: wait(NOON)})

    assert relay.refused.read().keys() == {ERP}


def test_once_no_connection_waits_nothing_is_kept(relay: Relay) -> None:
    relay.refused.write({SHOP: wait(NOON)})
    relay.refused.write({})

    assert relay.aws.dynamodb.scan(TableName=LEDGER)["Items"] == []
