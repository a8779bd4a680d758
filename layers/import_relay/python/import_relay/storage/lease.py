"""The lease in the ledger table that makes one submitter the only one.

A Lambda cannot outlive its timeout, so a lease that ends at the holder's deadline needs no renewal
and no fencing. Mateo's limits make a second submitter pointless.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from import_relay.domain.errors import LeaseHeld
from import_relay.storage.attributes import to_attributes
from import_relay.storage.clocks import CLOCK_SKEW_S
from import_relay.storage.conditions import takes_effect

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

RETRY_S = 1.0
_KEY: dict[str, Any] = {"pk": {"S": "lease#submit"}}


class Lease:
    """At most one holder at a time."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._sleep = sleep

    @contextmanager
    def held(self, holder: str, *, until: float, wait_until: float) -> Iterator[None]:
        """Hold the lease within the block.

        Args:
            holder: unique name of this invocation.
            until: when the holder is certainly gone (s since the epoch).
            wait_until: how long to wait for the present holder (s since the epoch).

        Raises:
            LeaseHeld: it was not free in time.
        """
        while not self._take(holder, until):
            if self._clock() + RETRY_S >= wait_until:
                raise LeaseHeld
            self._sleep(RETRY_S)
        try:
            yield
        finally:
            self._release(holder)

    def _take(self, holder: str, until: float) -> bool:
        free = "attribute_not_exists(pk)"
        ours = "holder = :holder"
        run_out = "held_until < :now"
        return takes_effect(
            lambda: self._client.put_item(
                TableName=self._table,
                Item={**_KEY, **to_attributes({"holder": holder, "held_until": until})},
                ConditionExpression=f"{free} OR {ours} OR {run_out}",
                ExpressionAttributeValues={
                    ":holder": {"S": holder},
                    ":now": {"N": repr(self._clock() - CLOCK_SKEW_S)},
                },
            )
        )

    def _release(self, holder: str) -> None:
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=_KEY,
                ConditionExpression="holder = :holder",
                ExpressionAttributeValues={":holder": {"S": holder}},
            )
        except (ClientError, BotoCoreError):
            return  # not ours any more, or it runs out by itself
