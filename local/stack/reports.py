"""Mirrors what the bucket holds for people (reports, rejects, outcomes and the like) as files;
`stack` runs it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.background import Rounds

MIRRORED_PREFIXES = ("daily/", "files/", "reports/", "rejected/", "outcomes/", "quarantine/")
_PERIOD_S = 2.0


class Mirror:
    """Copies new and changed objects into a folder, every other second."""

    def __init__(
        self, s3: Any, bucket: str, folder: Path, prefixes: Sequence[str] = MIRRORED_PREFIXES
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._folder = folder
        self._prefixes = prefixes
        self._seen: dict[str, str] = {}
        self._lock = threading.Lock()
        self._rounds = Rounds("reports", self.copy, period_s=_PERIOD_S, has_last=True)

    def start(self) -> None:
        """Copy in the background until `stop`."""
        self._rounds.start()

    def stop(self) -> None:
        """Copy once more and end."""
        self._rounds.stop()

    def copy(self) -> None:
        """Copy what is new or changed now."""
        with self._lock:
            for prefix in self._prefixes:
                pages = self._s3.get_paginator("list_objects_v2").paginate(
                    Bucket=self._bucket, Prefix=prefix
                )
                for page in pages:
                    for found in page.get("Contents", []):
                        self._copy_one(found["Key"], found["ETag"])

    def _copy_one(self, key: str, tag: str) -> None:
        if self._seen.get(key) == tag:
            return
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder.resolve()):
            return
        content: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._seen[key] = tag
