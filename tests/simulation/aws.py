"""Fakes of S3, Scheduler, Lambda and SSM, behind the calls that the relay makes."""

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.simulation.world import World, refusal, refused

MAPPING, BULK_MAPPING = MAPPINGS = ("mapping-1", "mapping-2")
"""UUIDs of the event source mappings of the live lane and of the bulk lane."""
LISTED = 3
"""Keys in one page of a list; S3's pages have a thousand."""


class S3:
    """A bucket in memory."""

    def __init__(self, world: World, *, kills_after: str = "") -> None:
        self._world = world
        self._kills_after = kills_after
        self.objects: dict[str, bytes] = {}
        self.written: dict[str, float] = {}
        self.stored: Callable[[str], object] | None = None
        """Told the key of an object that the relay stored."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> Any:  # noqa: N803
        """Store an object."""

        def effect() -> Any:
            self.store(Key, Body)
            if self.stored is not None:
                self.stored(Key)
            return {}

        answer = self._world.call("S3.PutObject", effect, refuse=refused("SlowDown", "PutObject"))
        if self._kills_after and Key.startswith(self._kills_after):
            self._kills_after = ""
            self._world.process.kill()
        return answer

    def store(self, key: str, body: bytes) -> None:
        """Store an object, as a person does."""
        self.objects[key] = body
        self.written[key] = self._world.now

    def upload_fileobj(self, file: Any, bucket: str, key: str, *, ExtraArgs: Any) -> None:  # noqa: N803
        """Store what a file holds."""
        kind = ExtraArgs["ContentType"]
        self.put_object(Bucket=bucket, Key=key, Body=file.read(), ContentType=kind)

    def delete_object(self, *, Bucket: str, Key: str) -> Any:  # noqa: N803
        """Delete an object, if it is there."""
        return self._world.call(
            "S3.DeleteObject",
            lambda: self.objects.pop(Key, None) and {},
            refuse=refused("SlowDown", "DeleteObject"),
        )

    def delete_objects(self, *, Bucket: str, Delete: Any) -> Any:  # noqa: N803
        """Delete those of the objects that are there."""

        def effect() -> Any:
            for one in Delete["Objects"]:
                self.objects.pop(one["Key"], None)
            return {}

        return self._world.call(
            "S3.DeleteObjects", effect, refuse=refused("SlowDown", "DeleteObjects")
        )

    def get_object(self, *, Bucket: str, Key: str, IfMatch: str = "") -> Any:  # noqa: N803
        """Read an object."""

        def effect() -> Any:
            if Key not in self.objects:
                raise refusal("NoSuchKey", "GetObject")
            if IfMatch and IfMatch != etag_of(self.objects[Key]):
                raise refusal("PreconditionFailed", "GetObject")
            return {"Body": io.BytesIO(self.objects[Key])}

        return self._world.call("S3.GetObject", effect, refuse=refused("SlowDown", "GetObject"))

    def list_objects_v2(
        self,
        *,
        Bucket: str,  # noqa: N803
        Prefix: str,  # noqa: N803
        StartAfter: str = "",  # noqa: N803
    ) -> Any:
        """List objects in the order of their keys, a few at a time."""

        def effect() -> Any:
            keys = sorted(one for one in self.objects if one.startswith(Prefix))
            keys = [one for one in keys if one > StartAfter]
            listed = [self._listed(one) for one in keys[:LISTED]]
            is_truncated = len(keys) > LISTED
            return {"Contents": listed, "IsTruncated": is_truncated, "KeyCount": len(listed)}

        return self._world.call(
            "S3.ListObjectsV2", effect, refuse=refused("SlowDown", "ListObjectsV2")
        )

    def _listed(self, key: str) -> Any:
        at, content = self.written[key], self.objects[key]
        modified = datetime.fromtimestamp(int(at) if key.startswith("inbox/") else at, UTC)
        return {
            "Key": key,
            "LastModified": modified,
            "ETag": etag_of(content),
            "Size": len(content),
        }

    def get_paginator(self, operation: str) -> "S3":
        """The paginator of lists of objects: this fake itself."""
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[Any]:  # noqa: N803
        """The pages of a list, one call each."""
        after, is_more = "", True
        while is_more:
            page = self.list_objects_v2(Bucket=Bucket, Prefix=Prefix, StartAfter=after)
            yield page
            is_more = page["IsTruncated"]
            after = page["Contents"][-1]["Key"] if is_more else ""


def etag_of(content: bytes) -> str:
    """The ETag of an object, with its quotation marks."""
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


@dataclass
class MappingState:
    """An event source mapping. `disabled_at`: when it was last disabled, or enabled.

    `schedules`: how many schedules will enable it, as far as the relay can know.
    """

    enabled: bool = True
    disabled_at: float = 0.0
    schedules: int = 0


class Lambda:
    """Enables and disables the event source mappings of both lanes.

    `slow_disabling`: the probability that disabling one takes a minute or more, `late_disabling`:
    that it happens minutes after the answer. `left_disabled`: how often one was disabled without a
    schedule that enables it. `changed`: UUID of a mapping → called when that changes.
    """

    def __init__(
        self,
        world: World,
        *,
        slow_disabling: float = 0.0,
        late_disabling: float = 0.0,
    ) -> None:
        self._world = world
        self.changed: dict[str, Callable[[], object]] = {}
        self.slow_disabling = slow_disabling
        self.late_disabling = late_disabling
        self.states = {uuid: MappingState() for uuid in MAPPINGS}
        self.left_disabled = 0

    @property
    def enabled(self) -> bool:
        """Whether both mappings are enabled."""
        live, bulk = self.states.values()
        return live.enabled and bulk.enabled

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> Any:  # noqa: N803
        """Enable or disable a mapping."""
        state = self.states[UUID]

        def effect() -> Any:
            self.left_disabled += not Enabled and not state.schedules
            if not Enabled and self._is_late():
                late_s = self._world.random.uniform(60.0, 1_200.0)
                self._world.after(late_s, lambda: self.set_enabled(UUID, enabled=False))
            else:
                self.set_enabled(UUID, enabled=Enabled)
            return {}

        if not Enabled and self._world.random.random() < self.slow_disabling:
            self._world.sleep(self._world.random.uniform(40.0, 110.0))
        return self._world.call(
            "Lambda.UpdateEventSourceMapping",
            effect,
            refuse=lambda: refusal(
                self._world.random.choice(("ResourceInUseException", "TooManyRequestsException")),
                "UpdateEventSourceMapping",
            ),
        )

    def get_event_source_mapping(self, *, UUID: str) -> Any:  # noqa: N803
        """Whether a mapping is enabled."""
        state = self.states[UUID]
        return self._world.call(
            "Lambda.GetEventSourceMapping",
            lambda: {"State": "Enabled" if state.enabled else "Disabled"},
            refuse=refused("TooManyRequestsException", "GetEventSourceMapping"),
        )

    def _is_late(self) -> bool:
        return bool(self.late_disabling) and self._world.random.random() < self.late_disabling

    def set_enabled(self, uuid: str = MAPPING, *, enabled: bool) -> None:
        """Enable or disable a mapping at once, as a schedule does."""
        state = self.states[uuid]
        if state.enabled != enabled:
            state.enabled, state.disabled_at = enabled, self._world.now
            name = "submission" if uuid == MAPPING else "bulk submission"
            self._world.tell(f"{name} resumed" if enabled else f"{name} paused", "lambda")
            if uuid in self.changed:
                self.changed[uuid]()


class Scheduler:
    """One-time schedules that enable a mapping; `lost`: the probability that one never does."""

    def __init__(self, world: World, lambda_: Lambda, *, lost: float = 0.0) -> None:
        self._world = world
        self._lambda = lambda_
        self.lost = lost
        self._names: set[str] = set()

    def create_schedule(
        self,
        *,
        Name: str,  # noqa: N803
        ScheduleExpression: str,  # noqa: N803
        ScheduleExpressionTimezone: str,  # noqa: N803
        Target: Any,  # noqa: N803
        **others: Any,
    ) -> Any:
        """Enable a mapping at a time, at most a minute late."""
        assert ScheduleExpressionTimezone == "UTC"
        match = re.fullmatch(r"at\((.+)\)", ScheduleExpression)
        assert match is not None, ScheduleExpression
        timestamp = datetime.fromisoformat(match.group(1)).replace(tzinfo=UTC).timestamp()
        uuid = json.loads(Target["Input"])["Uuid"]
        assert json.loads(Target["Input"]) == {"Uuid": uuid, "Enabled": True}
        state = self._lambda.states[uuid]

        def effect() -> Any:
            if Name in self._names:
                raise refusal("ConflictException", "CreateSchedule")
            self._names.add(Name)
            if timestamp > self._world.now:  # one in the past never fires
                late = self._world.random.uniform(0, 60)
                state.schedules += 1
                self._world.at(timestamp + late, lambda: self._fire(Name, uuid))
            return {}

        return self._world.call(
            "Scheduler.CreateSchedule",
            effect,
            refuse=refused("ThrottlingException", "CreateSchedule"),
        )

    def _fire(self, name: str, uuid: str) -> None:
        self._names.discard(name)
        self._lambda.states[uuid].schedules -= 1
        if not self.lost or self._world.random.random() >= self.lost:
            self._lambda.set_enabled(uuid, enabled=True)


class Ssm:
    """Knows the ids of the mappings."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get_parameter(self, *, Name: str) -> Any:  # noqa: N803
        """Read the parameter."""
        return self._world.call(
            "SSM.GetParameter",
            lambda: {"Parameter": {"Value": ",".join(MAPPINGS)}},
            refuse=refused("ThrottlingException", "GetParameter"),
        )
