"""Mistakes in connections.toml: which of them keep webhooks out, and of which connection."""

from typing import cast

import pytest

from import_relay.connectors.complete_connections import receiving_mistakes
from import_relay.connectors.contract import Replies
from import_relay.connectors.usable_connections import mistakes_of
from import_relay.domain.connections import parse_connections
from import_relay.domain.errors import ConnectionDisabled, RelayError
from import_relay.receive.intake import Intake, Receipt
from import_relay.storage.connection_secrets import ConnectionSecrets
from import_relay.storage.intake_store import IntakeStore
from tests.support.webhooks import request
from tests.unit.receive.receiving import (
    ANSWER_BY,
    AUTHENTIC,
    CONNECTIONS,
    DELIVERY,
    GIVE_UP_AT,
    Secrets,
    Store,
)

HEADER = '[erp]\nkind = "json"\n[erp.contact.fields]\nexternal_id = "id"\n'
OTHER = HEADER.replace("erp", "other")
IN_MAPPING = [
    HEADER.replace('"id"', "'Stra\u00dfe'"),
    HEADER.replace("external_id", "city"),
    HEADER + "[erp.contact]\nfone = true",
    HEADER + "[erp.lead.fields]\nexternal_id = 'id'",
    HEADER + "[erp.deal.fields]\nexternal_id = 'id'",
]
IN_AUTHENTICATION = [
    HEADER.replace("json", "jsn"),
    HEADER.replace("kind", "kindd"),
    HEADER.replace("kind", "heder = 'X-Other'\nkind"),
    HEADER.replace("kind", "header = 1\nkind"),
    HEADER.replace("kind", "auth = 'none'\nkind"),
    HEADER.replace("kind", "auth = \nkind"),
]


def receive_both(text: str) -> tuple[Store, list[Receipt | RelayError]]:
    """What becomes of one webhook to `erp` and of one to `other`."""
    store = Store()
    connections = CONNECTIONS | parse_connections(text + "\n" + OTHER)
    intake = Intake(connections, cast("ConnectionSecrets", Secrets()), cast("IntakeStore", store))
    given = request(b'{"id": 1}', AUTHENTIC)
    outcomes: list[Receipt | RelayError] = []
    for name in ("erp", "other"):
        try:
            outcomes.append(
                intake.receive(
                    given, name, delivery=DELIVERY, answer_by=ANSWER_BY, give_up_at=GIVE_UP_AT
                )
            )
        except RelayError as error:
            outcomes.append(error)
    return store, outcomes


@pytest.mark.parametrize("text", IN_MAPPING)
def test_a_mistake_in_the_mapping_keeps_no_webhook_out(text: str) -> None:
    store, outcomes = receive_both(text)

    assert all(isinstance(one, Receipt) for one in outcomes)
    assert len(store.messages) == 2


@pytest.mark.parametrize("text", IN_AUTHENTICATION)
def test_a_mistake_in_the_authentication_stops_its_connection_alone(
    text: str,
) -> None:
    store, (erp, other) = receive_both(text)

    assert isinstance(erp, ConnectionDisabled)
    assert isinstance(other, Receipt)
    assert len(store.messages) == 1


def test_a_sender_that_cannot_be_verified_is_not_permitted_and_answered_as_usual() -> None:
    broken = parse_connections('[x]\nkind = "cloudevents"\nauth = "none"\norigins = "a"')
    intake = Intake(broken, cast("ConnectionSecrets", Secrets()), cast("IntakeStore", Store()))
    question = request(b"", {"webhook-request-origin": "a"})

    assert intake.allowed_origin(question, "x") is None
    assert intake.replies("x") == Replies()


@pytest.mark.parametrize(
    "mistake", ["portal_id = 33", 'portal_id = "x"', 'api_url = "ftp://a"', 'portal_id = ""']
)
def test_a_mistake_in_an_option_that_receiving_does_not_need_keeps_no_webhook_out(
    mistake: str,
) -> None:
    text = f'[hub]\nkind = "hubspot"\npublic_url = "https://a.b/c"\n{mistake}\n'
    connection = parse_connections(text)["hub"]

    assert list(receiving_mistakes(connection)) == []
    assert mistakes_of({"hub": connection})["hub"]
