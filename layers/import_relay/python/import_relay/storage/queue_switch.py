"""The switch of the queues: their event source mappings, and the schedules that enable them again.

Turned off by `pause`, turned on by `overdue_pause` if that schedule did not. The one-time schedule
is created first and only then is the mapping disabled: a crash in between leaves submission
running, which is harmless. If that schedule may fire before the mapping is disabled, another one
enables it some minutes later. A daily schedule in the template enables it as well, as a net.
"""

import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.lanes import Lane
from import_relay.domain.retrying import RESUME_SUBMISSION, tries
from import_relay.storage.aws_errors import code_of

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_scheduler import EventBridgeSchedulerClient
    from types_boto3_ssm import SSMClient

MAX_DISABLING_S = 180
"""A call that disables the mapping takes effect within this, however slow AWS is: the function that
makes it may run for two minutes."""
_TARGET = "arn:{partition}:scheduler:::aws-sdk:lambda:updateEventSourceMapping"
"""Its input is spelled as in the AWS SDK for Java: `Uuid`, not `UUID`."""
_STOPPED = frozenset({"Disabled", "Disabling"})
"""States of an event source mapping in which the queue is not read, or soon will not be."""
_NAMES = {Lane.LIVE: "resume", Lane.BULK: "resume-bulk"}
"""How the names of a lane's schedules begin."""


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """The event source mapping with the id `uuid`."""

    lambda_: "LambdaClient"
    uuid: str

    def is_stopped(self) -> bool:
        """Whether the queue is not read, or soon will not be."""
        return self.lambda_.get_event_source_mapping(UUID=self.uuid)["State"] in _STOPPED

    def disable(self) -> None:
        """Stop reading the queue, unless another change is in progress."""
        self._change(enabled=False)

    def enable(self, sleep: Callable[[float], None]) -> None:
        """Read the queue again, after the change in progress.

        Raises:
            StoreUnavailable: Lambda does not take the change.
        """
        for _ in tries(RESUME_SUBMISSION, sleep):
            if self._change(enabled=True):
                return
        raise StoreUnavailable("the event source mapping is being changed all the time")

    def _change(self, *, enabled: bool) -> bool:
        """Enable or disable the mapping; False if another change is in progress."""
        try:
            self.lambda_.update_event_source_mapping(UUID=self.uuid, Enabled=enabled)
        except ClientError as error:
            if code_of(error) != "ResourceInUseException":
                raise
            return False
        return True


@dataclass(frozen=True, slots=True)
class QueueSwitch:
    """The mappings whose ids are in an SSM parameter, that of the live lane first, with a comma
    between them. `clock` gives seconds since the epoch.
    """

    lambda_: "LambdaClient"
    scheduler: "EventBridgeSchedulerClient"
    ssm: "SSMClient"
    mappings_parameter: str
    schedule_group: str
    schedule_role_arn: str
    clock: Callable[[], float]

    def turn_off(self, until: float, lanes: Collection[Lane] = tuple(Lane)) -> None:
        """Stop these lanes until a time (s since the epoch)."""
        for lane, mapping in self._mappings().items():
            if lane in lanes:
                self._turn_off(lane, mapping, until)

    def keep_off(self, until: float, lanes: Collection[Lane]) -> None:
        """Stop those of these lanes that are not stopped yet, until a time (s since the epoch).

        A lane that is stopped, or soon will be, has a schedule that enables it. More of them would
        fire during a later pause.
        """
        for lane, mapping in self._mappings().items():
            if lane in lanes and not mapping.is_stopped():
                self._turn_off(lane, mapping, until)

    def _turn_off(self, lane: Lane, mapping: QueueMapping, until: float) -> None:
        self._schedule_resumption(until, lane, mapping)
        latest = math.ceil(self.clock()) + MAX_DISABLING_S
        if until < latest:  # else the schedule could fire first, and nothing would enable it
            self._schedule_resumption(latest, lane, mapping)
        mapping.disable()

    def _mappings(self) -> Mapping[Lane, QueueMapping]:
        answer = self.ssm.get_parameter(Name=self.mappings_parameter)
        ids = answer["Parameter"]["Value"].split(",")
        return {
            lane: QueueMapping(self.lambda_, uuid) for lane, uuid in zip(Lane, ids, strict=True)
        }

    def _schedule_resumption(self, until: float, lane: Lane, mapping: QueueMapping) -> None:
        timestamp = datetime.fromtimestamp(until, UTC)
        role = self.schedule_role_arn
        try:
            self.scheduler.create_schedule(
                Name=f"{_NAMES[lane]}-{timestamp:%Y%m%dT%H%M%S}",
                GroupName=self.schedule_group,
                ScheduleExpression=f"at({timestamp:%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={
                    "Arn": _TARGET.format(partition=role.split(":")[1]),
                    "RoleArn": role,
                    "Input": json.dumps({"Uuid": mapping.uuid, "Enabled": True}),
                },
            )
        except ClientError as error:
            if code_of(error) != "ConflictException":
                raise
