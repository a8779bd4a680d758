"""The pause: until when submission is stopped, and why; written down before the queue is stopped.

While it is paused nothing is received, so no receive count grows and nothing reaches the DLQ. A
crash after the record leaves submission running, which is harmless. `queue_switch` does the rest.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from import_relay.domain.lanes import Lane
from import_relay.storage.attributes import Attributes, Plain, from_attributes, to_attributes
from import_relay.storage.conditions import takes_effect
from import_relay.storage.item_writes import IS_KNOWN, IS_NEW, attribute, put_of
from import_relay.storage.queue_switch import QueueSwitch

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_scheduler import EventBridgeSchedulerClient
    from types_boto3_ssm import SSMClient

RESET_MARGIN_S = 60
"""Submission is resumed this long after a day begins: Mateo's clock is not ours."""
SCHEDULE_SKEW_S = 30
"""A schedule that resumes may fire this early by our clock and still counts as on time."""
MIN_PAUSE_S = 60
"""Schedules have a precision of one minute."""
PAUSE_KEY: dict[str, Any] = {"pk": {"S": "pause"}}
"""The pause of both lanes."""
BULK_PAUSE_KEY: dict[str, Any] = {"pk": {"S": "pause#bulk"}}
"""The pause of the bulk lane alone: until then it has used its share of the day."""


@dataclass(frozen=True, slots=True)
class PauseState:
    """Until when submission is paused (s since the epoch, 0 if running), why, and how often in a
    row.
    """

    paused_until: float = 0.0
    reason: str = ""
    consecutive_failures: int = 0

    def is_active(self, now: float) -> bool:
        """Whether a batch that arrives now came through by mistake. Clocks may differ a little."""
        return self.paused_until > now + SCHEDULE_SKEW_S


def read_state(
    dynamodb: "DynamoDBClient", table: str, key: dict[str, Any] = PAUSE_KEY
) -> PauseState:
    """What was last written down in the ledger table, read consistently."""
    answer = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
    return pause_state(answer.get("Item", {}))


def pause_state(item: Attributes) -> PauseState:
    """What the item of a pause says; nothing if it is empty."""
    values = from_attributes(item)
    return PauseState(
        float(values.get("paused_until", 0)),
        str(values.get("reason", "")),
        int(values.get("consecutive_failures", 0)),
    )


@dataclass(frozen=True, slots=True)
class PauseClients:
    """The four services that the pause needs."""

    dynamodb: "DynamoDBClient"
    lambda_: "LambdaClient"
    scheduler: "EventBridgeSchedulerClient"
    ssm: "SSMClient"


@dataclass(frozen=True, slots=True)
class PauseNames:
    """Where they find what they need: table, SSM parameter, schedule group, role."""

    table: str
    mappings_parameter: str
    schedule_group: str
    schedule_role_arn: str


class Pause:
    """Pauses and resumes submission from the queues. `bulk_only`: from the bulk queue."""

    def __init__(
        self,
        clients: PauseClients,
        names: PauseNames,
        *,
        clock: Callable[[], float],
        bulk_only: bool = False,
    ) -> None:
        self._key = BULK_PAUSE_KEY if bulk_only else PAUSE_KEY
        self._lanes = (Lane.BULK,) if bulk_only else tuple(Lane)
        self._clients = clients
        self._names = names
        self._clock = clock
        self._switch = QueueSwitch(
            lambda_=clients.lambda_,
            scheduler=clients.scheduler,
            ssm=clients.ssm,
            mappings_parameter=names.mappings_parameter,
            schedule_group=names.schedule_group,
            schedule_role_arn=names.schedule_role_arn,
            clock=clock,
        )

    def state(self) -> PauseState:
        """What was last written down, read consistently."""
        return read_state(self._clients.dynamodb, self._names.table, self._key)

    def begin(self, until: float, reason: str, *, consecutive_failures: int = 0) -> float:
        """Pause submission until a time (s since the epoch), at least for a minute.

        Returns:
            when it will be resumed.
        """
        until = float(math.ceil(max(until, self._clock() + MIN_PAUSE_S)))
        values: dict[str, Plain | None] = {
            "paused_until": until,
            "reason": reason,
            "consecutive_failures": consecutive_failures,
        }
        begun = put_of(
            self._names.table,
            {**self._key, **to_attributes(values)},
            IS_NEW | attribute("paused_until").lte(until),
        )
        if not takes_effect(lambda: self._clients.dynamodb.put_item(**begun)):
            until = self.state().paused_until  # somebody paused it for longer
        self._switch.turn_off(until, self._lanes)
        return until

    def repair(self) -> None:
        """Stop the queues that are read although the pause lasts.

        Its end stays as it is: batches come in as long as Lambda takes to disable a mapping, and if
        each moved the end, a pause would never end.
        """
        noted = self.state()
        if noted.is_active(self._clock()):
            self._switch.keep_off(noted.paused_until, self._lanes)

    def clear_failures(self, known: PauseState | None = None) -> None:
        """An import went through: the next trouble starts with a short pause again.

        A pause that began after `known` was read stays, such as one by hand; without `known`, any
        ends.
        """
        nothing: dict[str, Plain | None] = {
            "paused_until": 0.0,
            "reason": "",
            "consecutive_failures": 0,
        }
        item = {**self._key, **to_attributes(nothing)}
        is_known = attribute("paused_until").eq(known.paused_until) if known else IS_NEW | IS_KNOWN
        cleared = put_of(self._names.table, item, is_known)
        takes_effect(lambda: self._clients.dynamodb.put_item(**cleared))
