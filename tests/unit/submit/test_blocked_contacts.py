"""Deals and appointments name the contact that they must not overtake."""

import json

import pytest

from import_relay.domain.models import ImportOptions, Row
from import_relay.submit.blocked_contacts import contact_key
from tests.support.builders import change


def deal(**columns: object) -> Row:
    options = ImportOptions("deal_details")
    return Row("deal_details#external_id:1", json.dumps(columns).encode(), options, (change(),), {})


def test_a_deal_has_the_key_that_its_contacts_own_row_has() -> None:
    assert contact_key(deal(external_id="1", contact_external_id="7")) == (
        "contact_details#external_id:7"
    )


@pytest.mark.parametrize("columns", [{}, {"contact_external_id": None}, {"contact_id": "7"}])
def test_a_deal_without_an_external_id_of_its_contact_waits_for_nobody(
    columns: dict[str, object],
) -> None:
    assert contact_key(deal(external_id="1", **columns)) == ""
