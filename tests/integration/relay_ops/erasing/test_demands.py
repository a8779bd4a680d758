"""A CRM's demand to erase a person waits for an operator, and means exactly that person."""

import json
from typing import Any

from import_relay.domain.models import ErasureDemand
from import_relay.storage.erasure_demands import PENDING
from relay_ops.erasing.choosing import demanded
from relay_ops.erasing.demands import pending
from relay_ops.erasing.erasure import Erasure
from relay_ops.stack import Stack
from tests.integration.relay_ops.erasing.erased import Contacts, contacts, fill_stores, mentions
from tests.support.aws import BUCKET
from tests.support.builders import connections, message
from tests.support.mateo import MateoImports
from tests.support.relay import Relay
from tests.support.watching import watch

__all__ = ["contacts"]  # fixtures


SHOP = """
[shop]
kind = "shopify"
id_prefix = "shop-"
"""


def redact(customer: int) -> dict[str, Any]:
    data = {"shop_id": 1, "customer": {"id": customer, "email": "eve@example.com"}}
    return {"topic": "customers/redact", "triggered_at": None, "test": None, "data": data}


def test_a_webhook_that_demands_an_erasure_waits_for_an_operator(
    relay: Relay, stack: Stack, contacts: Contacts
) -> None:
    contacts.left = {"shop-7": "00000000-0000-4000-8000-000000000007"}
    relay.connections = connections(SHOP)
    demand = message([redact(7)], connection="shop", delivery="d9")
    relay.submit(demand)
    relay.submit(demand)

    test = redact(8)
    test["data"]["customer"]["email"] = "zoe@example.com"
    relay.submit(message([test], connection="shop", delivery="d8", is_test=True))

    (kept,) = pending(stack)
    assert watch(relay).erasures == 1
    assert kept.demand == ErasureDemand("7", "shop-7")
    assert "eve" not in relay.aws.objects(PENDING)[kept.key].decode()

    erasure = Erasure(stack, sleep=relay.clock.sleep)
    assert kept.demand
    listed = erasure.list_places(demanded(stack, kept.connection, kept.demand))
    erasure.erase(listed.known, kept.key)

    assert contacts.left == {}
    assert mentions(relay, "eve@example.com") == []
    assert (pending(stack), watch(relay).erasures) == ([], 0)


def test_a_demand_means_the_contact_with_that_id_and_no_deal_of_the_same_number(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    found = demanded(stack, "erp", ErasureDemand("7"))
    assert found.ids == {"external_id:7"}
    assert demanded(stack, "crm", ErasureDemand("7")).ids == set()


def test_a_demand_means_no_record_whose_external_id_ends_alike(relay: Relay, stack: Stack) -> None:
    line = {"item_id": "d1/0", "connection": "erp", "type": "contact_details"}
    other = {**line, "external_id": "ACC-51", "item": {"id": "9"}}
    theirs = {**line, "external_id": "K-51", "item": {"id": "51"}}
    body = "\n".join(map(json.dumps, (other, theirs))).encode()
    relay.aws.s3.put_object(Bucket=BUCKET, Key="rejected/2026/one.ndjson", Body=body)
    assert demanded(stack, "erp", ErasureDemand("51")).ids == {"external_id:K-51"}
    assert demanded(stack, "erp", ErasureDemand("9", "ACC-51")).ids == {"external_id:ACC-51"}
