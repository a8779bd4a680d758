"""A full batch: contacts as an ERP sends them, in the messages that the receiver makes of them."""

import json
from collections.abc import Iterator
from typing import Any

from import_relay.intake import delivery_id, pack
from import_relay.sources.contract import Item

RECEIVED_AT = 1_795_253_400_000_000
PER_DELIVERY = 100

CONNECTIONS = """
[erp]
kind = "json"
[erp.contact]
version = "updated_at"
country_codes = ["DE"]
contact_list_external_id = "customers"
[erp.contact.fields]
external_id = "customer_no"
full_name = "join(' ', [first_name, last_name])"
email = "email"
whatsapp = "phones"
city = "address.city"
zipcode = "address.zip"
birthday = "birthday"
customer_since = "since"
newsletter = "newsletter"
"""


def record(number: int) -> dict[str, Any]:
    """One invented customer."""
    return {
        "customer_no": str(number),
        "first_name": "Ada",
        "last_name": f"Example{number}",
        "email": f"c{number}@example.com",
        "phones": [f"0151 {12_000_000 + number}"],
        "address": {"city": "Rostock", "zip": "18055", "street": "Beispielweg 1"},
        "birthday": "1990-05-15",
        "since": 2019,
        "newsletter": "accepted",
        "updated_at": "2026-11-21T09:30:00Z",
    }


def texts(rows: int) -> list[str]:
    """The JSON of so many records."""
    return [json.dumps(record(number)) for number in range(rows)]


def bodies(raw: list[str], *, per_delivery: int = PER_DELIVERY) -> Iterator[str]:
    """Queue messages of these records."""
    for start in range(0, len(raw), per_delivery):
        delivery = delivery_id(RECEIVED_AT + start, start.to_bytes(5))
        items = [
            Item(f"evt_{start + n}", text)
            for n, text in enumerate(raw[start : start + per_delivery])
        ]
        yield from pack(items, RECEIVED_AT, "erp", delivery).messages


def sqs_event(messages: list[str]) -> dict[str, Any]:
    """What Lambda hands to a function that reads a queue."""
    return {
        "Records": [
            {
                "messageId": f"{number:08d}-3f3c-4b1e-8f5e-2d7c1a0b9e8f",
                "receiptHandle": "x" * 400,
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1795253400000",
                    "SenderId": "AROAEXAMPLE:import-relay-receive-webhook",
                    "ApproximateFirstReceiveTimestamp": "1795253420000",
                },
                "messageAttributes": {},
                "md5OfBody": "0" * 32,
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:relay",
                "awsRegion": "eu-central-1",
            }
            for number, body in enumerate(messages)
        ]
    }
