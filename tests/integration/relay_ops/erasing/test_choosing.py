"""Whom a text means: several persons are told apart."""

import pytest

from relay_ops.erasing.choosing import Choosing
from relay_ops.matching import needle
from relay_ops.stack import Stack
from tests.integration.relay_ops.erasing.erased import (
    EVE,
    PHONE,
    contacts,
    erase,
    fill_stores,
    mentions,
)
from tests.support.builders import message
from tests.support.finishing import finish
from tests.support.following import BOB
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

__all__ = ["contacts"]  # fixtures


@pytest.mark.usefixtures("contacts")
def test_a_handle_that_another_contact_has_as_well_erases_nobody_else(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    husband = {**BOB, "id": 8, "name": "Paul Example", "phone": PHONE, "email": "p@example.com"}
    relay.submit(message([EVE], delivery="d1"))
    finish(relay, mateo)
    relay.submit(message([husband], delivery="d2"))
    finish(relay, mateo)
    queued = message([{**husband, "v": 9}], received_at=int(relay.clock() * 1_000_000))

    erase(relay, stack, "7")
    relay.submit(queued)

    assert mentions(relay, "Paul")
    assert mateo.imports[-1].payload[0]["external_id"] == "8"


def test_several_persons_are_told_apart(relay: Relay, mateo: MateoImports, stack: Stack) -> None:
    fill_stores(relay, mateo)
    found = Choosing(stack, needle("Example")).persons()
    assert sorted(min(one.ids) for one in found) == [
        "external_id:1",
        "external_id:2",
        "external_id:7",
    ]
    assert [one.ids for one in Choosing(stack, needle("7")).persons()] == [{"external_id:7"}]
