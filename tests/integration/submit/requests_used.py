"""A day of which requests are used."""

from import_relay.storage.quota import day_key
from tests.support.aws import LEDGER
from tests.support.relay import Relay


def use(relay: Relay, requests: int) -> None:
    """So many requests of the relay's day are used."""
    day = relay.limits.day(relay.clock.now)
    relay.aws.dynamodb.put_item(
        TableName=LEDGER, Item={**day_key(day), "requests": {"N": str(requests)}}
    )
