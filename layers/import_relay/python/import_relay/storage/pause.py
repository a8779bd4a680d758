"""The pause: stops the queue's event source mapping until a given time, and resumes it.

While it is closed nothing is received, so no receive count grows and nothing reaches the DLQ.
Closing writes down why and until when, then creates the one-time schedule that opens it again, and
only then disables the mapping: a crash in between leaves submission running, which is harmless. If
that schedule may fire before the mapping is disabled, another one opens it some minutes later. A
daily schedule in the template opens it as well, as a net.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from import_relay.storage.attributes import Attributes, from_attributes, to_attributes
from import_relay.storage.conditions import takes_effect

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_scheduler import EventBridgeSchedulerClient
    from types_boto3_ssm import SSMClient

RESET_MARGIN_S = 60
"""Opened this long after a day begins: Mateo's clock is not ours."""
SCHEDULE_SKEW_S = 30
"""An opening schedule may fire this early by our clock and still counts as on time."""
MIN_PAUSE_S = 60
"""Schedules have a precision of one minute."""
MAX_DISABLING_S = 180
"""A call that disables the mapping takes effect within this, however slow AWS is: the function that
makes it may run for two minutes."""
PAUSE_KEY: dict[str, Any] = {"pk": {"S": "pause"}}
_TARGET = "arn:{partition}:scheduler:::aws-sdk:lambda:updateEventSourceMapping"
"""Its input is spelled as in the AWS SDK for Java: `Uuid`, not `UUID`."""


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


def read_state(dynamodb: "DynamoDBClient", table: str) -> PauseState:
    """What was last written down in the ledger table, read consistently."""
    answer = dynamodb.get_item(TableName=table, Key=PAUSE_KEY, ConsistentRead=True)
    return pause_state(answer.get("Item", {}))


def pause_state(item: Attributes) -> PauseState:
    """What the item under `PAUSE_KEY` says; nothing if it is empty."""
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
    mapping_parameter: str
    schedule_group: str
    schedule_role_arn: str


class Pause:
    """Opens and closes the way from the queue to submission."""

    def __init__(
        self, clients: PauseClients, names: PauseNames, *, clock: Callable[[], float]
    ) -> None:
        self._clients = clients
        self._names = names
        self._clock = clock

    def state(self) -> PauseState:
        """What was last written down, read consistently."""
        return read_state(self._clients.dynamodb, self._names.table)

    def begin(self, until: float, reason: str, *, consecutive_failures: int = 0) -> float:
        """Pause submission until a time (s since the epoch), at least for a minute.

        Beginning it again until the same time repairs whatever an earlier call did not get to.

        Returns:
            when it will open.
        """
        until = float(math.ceil(max(until, self._clock() + MIN_PAUSE_S)))
        begins = takes_effect(
            lambda: self._clients.dynamodb.put_item(
                TableName=self._names.table,
                Item={
                    **PAUSE_KEY,
                    **to_attributes(
                        {
                            "paused_until": until,
                            "reason": reason,
                            "consecutive_failures": consecutive_failures,
                        }
                    ),
                },
                ConditionExpression="attribute_not_exists(pk) OR paused_until <= :until",
                ExpressionAttributeValues={":until": {"N": repr(until)}},
            )
        )
        if not begins:
            until = self.state().paused_until  # somebody closed it for longer
        mapping = self._mapping()
        self._schedule_resumption(until, mapping)
        latest = math.ceil(self._clock()) + MAX_DISABLING_S
        if until < latest:  # else the opening could fire first, and nothing would open it again
            self._schedule_resumption(latest, mapping)
        self._set_enabled(mapping, enabled=False)
        return until

    def clear_failures(self) -> None:
        """An import went through: the next trouble starts with a short pause again."""
        self._clients.dynamodb.put_item(
            TableName=self._names.table,
            Item={
                **PAUSE_KEY,
                **to_attributes({"paused_until": 0.0, "reason": "", "consecutive_failures": 0}),
            },
        )

    def _mapping(self) -> str:
        answer = self._clients.ssm.get_parameter(Name=self._names.mapping_parameter)
        return answer["Parameter"]["Value"]

    def _schedule_resumption(self, until: float, mapping: str) -> None:
        timestamp = datetime.fromtimestamp(until, UTC)
        role = self._names.schedule_role_arn
        try:
            self._clients.scheduler.create_schedule(
                Name=f"resume-{timestamp:%Y%m%dT%H%M%S}",
                GroupName=self._names.schedule_group,
                ScheduleExpression=f"at({timestamp:%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={
                    "Arn": _TARGET.format(partition=role.split(":")[1]),
                    "RoleArn": role,
                    "Input": json.dumps({"Uuid": mapping, "Enabled": True}),
                },
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConflictException":
                raise

    def _set_enabled(self, mapping: str, *, enabled: bool) -> None:
        try:
            self._clients.lambda_.update_event_source_mapping(UUID=mapping, Enabled=enabled)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ResourceInUseException":
                raise
