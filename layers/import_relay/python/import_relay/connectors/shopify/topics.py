"""Whether the body of a Shopify webhook is one of its topic. Called by `events`.

The topic stands in a header that Shopify does not sign. An attacker with one signed body could send
it again under another topic: an order as a customer, or an old customer as a newer consent.
"""

from collections.abc import Mapping

_OF_CUSTOMERS = frozenset(
    """
    addresses default_address first_name last_name multipass_identifier orders_count
    tax_exemptions verified_email
    """.split()  # noqa: SIM905 - a word a line would fill the page
)
"""Keys that a customer has and an order has not."""
_OF_ORDERS = frozenset(
    """
    checkout_id customer financial_status fulfillment_status line_items order_number
    order_status_url total_price
    """.split()  # noqa: SIM905 - a word a line would fill the page
)
"""Keys that an order has and a customer has not."""
_OF_DELETIONS = frozenset(
    """
    id phone addresses tax_exemptions email_marketing_consent sms_marketing_consent
    admin_graphql_api_id
    """.split()  # noqa: SIM905 - a word a line would fill the page
)
"""Everything that `customers/delete` says of the deleted customer."""


def fits_customer(body: Mapping[str, object]) -> bool:
    """Whether a body may be a customer as a whole."""
    if "tax_exemptions" in body and body.keys() <= _OF_DELETIONS:
        return False
    return _OF_ORDERS.isdisjoint(body) and _is_named(body, "Customer")


def fits_order(body: Mapping[str, object]) -> bool:
    """Whether a body may be an order as a whole."""
    return _OF_CUSTOMERS.isdisjoint(body) and _is_named(body, "Order")


def fits_fragment(body: Mapping[str, object]) -> bool:
    """Whether a body may be one of a customer's consent or tags, and no customer nor order."""
    return (_OF_CUSTOMERS | _OF_ORDERS).isdisjoint(body)


def _is_named(body: Mapping[str, object], resource: str) -> bool:
    """Whether the resource's own global id, if there is one, says what it is."""
    name = body.get("admin_graphql_api_id")
    return not isinstance(name, str) or name.startswith(f"gid://shopify/{resource}/")
