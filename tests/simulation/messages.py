"""What the text of a queue message says."""

from pydantic_core import from_json


def items_in(body: str) -> set[str]:
    """`<delivery>/<number>` of the items in a message of the queue."""
    content = from_json(body)
    return {f"{content['delivery']}/{item['n']}" for item in content["items"]}


def records_in(body: str) -> set[str]:
    """The `id` of each record in a message of the queue."""
    return {str(item["item"]["id"]) for item in from_json(body)["items"]}


def is_too_old(body: str) -> bool:
    """Whether the relay made a message a dead letter because it had waited too long."""
    return '"moved": {"code": "requeued.too_long"' in body


def is_unproven(body: str) -> bool:
    """Whether the relay made a message a dead letter because no refusal of it was proven."""
    return '"moved": {"code": "row.refused_unproven"' in body
