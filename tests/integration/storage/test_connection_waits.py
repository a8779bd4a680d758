"""Why a connection last waited is noted for each one, and kept for a week."""

from import_relay.storage.connection_waits import (
    MAX_NOTED_TOGETHER,
    NOTED_S,
    WAITS_KEY,
    ConnectionWait,
)
from tests.support.aws import LEDGER
from tests.support.builders import NOON
from tests.support.relay import Relay

DISABLED = ConnectionWait("connection.disabled", NOON, "contact.fields.email")
UNREAD = ConnectionWait("fetcher.refused", NOON + 60)


def test_a_note_about_one_connection_leaves_the_others(relay: Relay) -> None:
    relay.waits.note({"a.shop": DISABLED, "erp": DISABLED})
    relay.waits.note({"erp": UNREAD})

    assert relay.waits.read() == {"a.shop": DISABLED, "erp": UNREAD}


def test_any_number_of_connections_may_wait(relay: Relay) -> None:
    waits = {f"c{number}": DISABLED for number in range(2 * MAX_NOTED_TOGETHER + 1)}
    expressions: list[str] = []
    relay.aws.dynamodb.meta.events.register(
        "provide-client-params.dynamodb.UpdateItem",
        lambda params, **_: expressions.append(params["UpdateExpression"]),
    )

    relay.waits.note(waits)

    assert relay.waits.read() == waits
    assert max(map(len, expressions)) < 4_096


def test_at_first_no_connection_waits_and_without_one_nothing_is_written(relay: Relay) -> None:
    relay.waits.note({})

    assert relay.waits.read() == {}
    assert relay.aws.dynamodb.scan(TableName=LEDGER)["Items"] == []


def test_notes_expire_after_a_week(relay: Relay) -> None:
    relay.waits.note({"erp": UNREAD})

    (item,) = relay.aws.dynamodb.scan(TableName=LEDGER)["Items"]
    assert item["pk"] == WAITS_KEY["pk"]
    assert int(item["expires_at"]["N"]) == int(relay.clock.now) + NOTED_S
