"""Ends a pause of submission that outlasted its time: enables the event source mapping again.

A pause ends by a schedule. That may fail, and what disables the mapping may take effect after it.
Called by the watchdog. Whoever pauses submission writes that down before disabling the mapping, so
a mapping that is disabled with no pause noted, or one that is over, was left behind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.retrying import RESUME_SUBMISSION, tries
from import_relay.storage.pause import PauseState, read_state

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient

STOPPED = frozenset({"Disabled", "Disabling"})
"""States of an event source mapping in which the queue is not read, or soon no longer."""


@dataclass(frozen=True, slots=True)
class OverduePause:
    """The event source mapping `mapping`, and the record of why it is disabled in `table`."""

    dynamodb: "DynamoDBClient"
    lambda_: "LambdaClient"
    table: str
    mapping: str
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def end(self) -> PauseState | None:
        """Resume submission if it is paused past its time.

        The record is read after the mapping, consistently: a pause that began meanwhile stays. One
        that begins later still is overruled for a batch, which is requeued and pauses it again.

        Returns:
            the pause that was ended, None if none was overdue.

        Raises:
            StoreUnavailable: Lambda does not take the change.
        """
        if self.lambda_.get_event_source_mapping(UUID=self.mapping)["State"] not in STOPPED:
            return None
        noted = read_state(self.dynamodb, self.table)
        if noted.paused_until > self.clock():
            return None
        self._enable()
        return noted

    def _enable(self) -> None:
        for _ in tries(RESUME_SUBMISSION, self.sleep):
            try:
                self.lambda_.update_event_source_mapping(UUID=self.mapping, Enabled=True)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "ResourceInUseException":
                    raise
            else:
                return
        raise StoreUnavailable("the event source mapping is being changed all the time")
