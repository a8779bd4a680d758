"""The topic of a webhook is not signed: a body of another topic is rejected."""

import json

import pytest

from import_relay.domain.errors import RejectedRow
from tests.support.webhooks import sample
from tests.unit.connectors.shopify.deliveries import delivery, interpret

ORDER = json.loads(sample("shopify.order-created.json"))
CUSTOMER = json.loads(sample("shopify.customer-updated-2024-10.json"))
DELETED = json.loads(sample("shopify.customer-deleted.json"))


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("customers/update", ORDER),
        ("customers/create", {"id": 1, "line_items": [], "email": "a@example.com"}),
        ("customers/update", {"id": 1, "admin_graphql_api_id": "gid://shopify/Order/1"}),
        ("customers/update", DELETED),
        ("orders/create", CUSTOMER),
        ("orders/paid", {"id": 1, "admin_graphql_api_id": "gid://shopify/DraftOrder/1"}),
        ("orders/updated", {"id": 1, "name": "x", "first_name": "Ada"}),
        ("customers_email_marketing_consent/update", {**CUSTOMER, "customer_id": 1}),
        ("customers_marketing_consent/update", CUSTOMER),
        ("customer.tags_added", {**CUSTOMER, "customerId": "1", "tags": []}),
        ("customer.tags_removed", {**ORDER, "customerId": "1", "tags": []}),
    ],
)
def test_a_body_of_another_topic_is_rejected(topic: str, body: dict[str, object]) -> None:
    with pytest.raises(RejectedRow) as caught:
        interpret(delivery(topic, json.dumps(body)))

    assert (caught.value.code, caught.value.field) == ("row.other_topic", "topic")
