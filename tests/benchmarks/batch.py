"""A full batch: contacts as an ERP sends them, in the messages that the receiver makes of them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from import_relay.connectors.contract import Item
from import_relay.domain.queue_messages import pack
from import_relay.receive.intake import delivery_id

RECEIVED_AT = 1_795_253_400_000_000
PER_DELIVERY = 100
PROPERTY, PROPERTY_B = "a value of a CRM", 36
"""A property's value, and its bytes in JSON, with its name."""

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


def padded(found: Mapping[str, Any], size_b: int) -> dict[str, Any]:
    """The same record with so many properties that nobody maps that it has about `size_b` bytes."""
    missing = max(0, size_b - len(json.dumps(found))) // PROPERTY_B
    return {**found, "properties": {f"property_{n:04}": PROPERTY for n in range(missing)}}


def texts(rows: int) -> list[str]:
    """The JSON of `rows` records."""
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


# a mixed batch: as people and exports really write

MIXED_CONNECTIONS = CONNECTIONS.replace('["DE"]', '["DE", "AT", "CH"]').replace(
    'whatsapp = "phones"', 'whatsapp = "phones"\ncountry_codes = "address.country"'
)
_COUNTRIES = {
    "DE": ("DE", "Deutschland", "Germany"),
    "AT": ("AT", "Österreich", "Austria"),
    "CH": ("CH", "Schweiz", "Switzerland"),
}
_MOBILES = {
    "DE": ("49", "151", 12_000_000),
    "AT": ("43", "664", 1_200_000),
    "CH": ("41", "79", 2_000_000),
}
"""Calling code, area code and the first number in it."""
_SPELLINGS = (
    "0{area} {rest}",
    "+{code} {area} {rest}",
    "00{code}{area}{rest}",
    "{code}{area}{rest}",
    "+{code} (0) {area} {rest}",
    "0{area}/{rest}",
    "Tel.: 0{area}-{rest}",
    "+{code}{area}{rest}",
    "+{code} {area} {rest} (privat)",
    "0{area} {rest} oder +{code}{area}{rest}",
)
_BAD = ({"phones": ["keine Angabe"]}, {"birthday": "0000-00-00"}, {"email": "keine"}, {"since": ""})


def country_of(number: int) -> str:
    """Where an invented customer of the mixed batch lives: half of them in Germany."""
    return ("DE", "AT", "DE", "CH")[number % 4]


def mixed_record(number: int) -> dict[str, Any]:
    """One invented customer; three in four say their country, one in ten has a bad field."""
    country = country_of(number)
    code, area, first = _MOBILES[country]
    spelling = _SPELLINGS[number // 4 % len(_SPELLINGS)]
    phone = spelling.format(code=code, area=area, rest=first + number)
    named = _COUNTRIES[country][number // 40 % 3] if number // 120 % 4 else None
    found = record(number) | {"phones": [phone]}
    found["address"] = found["address"] | {"country": named}
    return found | (_BAD[number // 10 % len(_BAD)] if number % 10 == 0 else {})


def mixed_texts(rows: int) -> list[str]:
    """The JSON of `rows` records of the mixed batch."""
    return [json.dumps(mixed_record(number)) for number in range(rows)]
