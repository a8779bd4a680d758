"""The gate: stops the queue's event source mapping until a given moment, and sees to its opening.

While it is closed nothing is received, so no receive count grows and nothing reaches the DLQ.
Closing writes down why and until when, then creates the one-time schedule that opens it again, and
only then disables the mapping: a crash in between leaves the gate open, which is harmless. If that
schedule may fire before the mapping is disabled, another one opens it some minutes later. A daily
schedule in the template opens it as well, as a net.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from import_relay.storage.attributes import from_attributes, to_attributes
from import_relay.storage.conditions import takes_effect

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_scheduler import EventBridgeSchedulerClient
    from types_boto3_ssm import SSMClient

RESET_MARGIN_S = 60
"""Opened this long after a day begins: Mateo's clock is not ours."""
CLOCK_SKEW_S = 30
"""An opening schedule may fire this early by our clock and still counts as on time."""
SHORTEST_S = 60
"""Schedules have a precision of one minute."""
LATEST_DISABLING_S = 180
"""A call that disables the mapping takes effect within this, however slow AWS is: the function that
makes it may run for two minutes."""
_KEY: dict[str, Any] = {"pk": {"S": "gate"}}
_TARGET = "arn:{partition}:scheduler:::aws-sdk:lambda:updateEventSourceMapping"
"""Its input is spelled as in the AWS SDK for Java: `Uuid`, not `UUID`."""


@dataclass(frozen=True, slots=True)
class GateState:
    """Until when the gate is closed (s since the epoch, 0 if open), why, and how often in a row."""

    closed_until: float = 0.0
    reason: str = ""
    strikes: int = 0

    def is_closed(self, now: float) -> bool:
        """Whether a batch that arrives now came through by mistake. Clocks may differ a little."""
        return self.closed_until > now + CLOCK_SKEW_S


def read_state(dynamodb: "DynamoDBClient", table: str) -> GateState:
    """What was last written down in the ledger table, read consistently."""
    answer = dynamodb.get_item(TableName=table, Key=_KEY, ConsistentRead=True)
    item = from_attributes(answer.get("Item", {}))
    return GateState(
        float(item.get("closed_until", 0)),
        str(item.get("reason", "")),
        int(item.get("strikes", 0)),
    )


@dataclass(frozen=True, slots=True)
class GateClients:
    """The four services that the gate needs."""

    dynamodb: "DynamoDBClient"
    lambda_: "LambdaClient"
    scheduler: "EventBridgeSchedulerClient"
    ssm: "SSMClient"


@dataclass(frozen=True, slots=True)
class GateNames:
    """Where they find what they need: table, SSM parameter, schedule group, role."""

    table: str
    mapping_parameter: str
    schedule_group: str
    schedule_role_arn: str


class Gate:
    """Opens and closes the way from the queue to submission."""

    def __init__(
        self, clients: GateClients, names: GateNames, *, clock: Callable[[], float]
    ) -> None:
        self._clients = clients
        self._names = names
        self._clock = clock

    def state(self) -> GateState:
        """What was last written down, read consistently."""
        return read_state(self._clients.dynamodb, self._names.table)

    def close(self, until: float, reason: str, *, strikes: int = 0) -> float:
        """Close the gate until a moment (s since the epoch), at least for a minute.

        Closing it again until the same moment repairs whatever an earlier call did not get to.

        Returns:
            when it will open.
        """
        until = float(math.ceil(max(until, self._clock() + SHORTEST_S)))
        closes = takes_effect(
            lambda: self._clients.dynamodb.put_item(
                TableName=self._names.table,
                Item={
                    **_KEY,
                    **to_attributes({"closed_until": until, "reason": reason, "strikes": strikes}),
                },
                ConditionExpression="attribute_not_exists(pk) OR closed_until <= :until",
                ExpressionAttributeValues={":until": {"N": repr(until)}},
            )
        )
        if not closes:
            until = self.state().closed_until  # somebody closed it for longer
        mapping = self._mapping()
        self._schedule_opening(until, mapping)
        latest = math.ceil(self._clock()) + LATEST_DISABLING_S
        if until < latest:  # else the opening could fire first, and nothing would open it again
            self._schedule_opening(latest, mapping)
        self._set_enabled(mapping, enabled=False)
        return until

    def clear_strikes(self) -> None:
        """An import went through: the next trouble starts with a short pause again."""
        self._clients.dynamodb.put_item(
            TableName=self._names.table,
            Item={**_KEY, **to_attributes({"closed_until": 0.0, "reason": "", "strikes": 0})},
        )

    def _mapping(self) -> str:
        answer = self._clients.ssm.get_parameter(Name=self._names.mapping_parameter)
        return answer["Parameter"]["Value"]

    def _schedule_opening(self, until: float, mapping: str) -> None:
        moment = datetime.fromtimestamp(until, UTC)
        role = self._names.schedule_role_arn
        try:
            self._clients.scheduler.create_schedule(
                Name=f"open-{moment:%Y%m%dT%H%M%S}",
                GroupName=self._names.schedule_group,
                ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
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
