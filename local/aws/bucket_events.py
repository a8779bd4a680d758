"""Sends EventBridge's events of new objects in the inbox, which moto does not; `stack` runs it.

It looks at the bucket once a second. Like EventBridge it may send an event twice, after a restart.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local.background import Rounds

EVENTS_PERIOD_S = 1.0
INBOX_PREFIX = "inbox/"
"""What the rule of template.yaml asks for."""


class BucketEvents:
    """The loop that looks for new objects.

    Args:
        invoke: runs the function of the rule with an event, and gives its error, "" if none.
        say: writes a line into the log.
    """

    def __init__(
        self, s3: Any, bucket: str, invoke: Callable[[bytes], str], say: Callable[[str], None]
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._invoke = invoke
        self._say = say
        self._seen: set[tuple[str, str, str]] = set()
        self._rounds = Rounds("bucket events", self.look, period_s=EVENTS_PERIOD_S, tell=self._tell)

    def start(self) -> None:
        """Look in the background until `stop`."""
        self._rounds.start()

    def stop(self) -> None:
        """End the loop."""
        self._rounds.stop()

    def look(self) -> None:
        """Send an event for each object that is new, or was written again."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=INBOX_PREFIX
        ):
            for one in page.get("Contents", ()):
                seen = (one["Key"], one["ETag"], str(one["LastModified"]))
                if seen not in self._seen:
                    self._seen.add(seen)
                    self._send(one)

    def _send(self, one: dict[str, Any]) -> None:
        event = {
            "version": "0",
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {
                "version": "0",
                "bucket": {"name": self._bucket},
                "object": {
                    "key": one["Key"],
                    "size": one["Size"],
                    "etag": one["ETag"].strip('"'),
                },
                "reason": "PutObject",
            },
        }
        if error := self._invoke(json.dumps(event).encode()):
            self._say(f"event of {one['Key']}: the function failed: {error}")

    def _tell(self, error: Exception) -> None:
        self._say(f"bucket events: {type(error).__name__}: {error}")
