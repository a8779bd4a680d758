"""Mirrors what the bucket holds for people (reports, rejects, outcomes, quarantine) as files;
`stack` runs it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PREFIXES = ("reports/", "rejected/", "outcomes/", "quarantine/")
PERIOD_S = 1.0


class Mirror:
    """Copies new and changed objects into a folder, once a second."""

    def __init__(
        self, s3: Any, bucket: str, folder: Path, prefixes: Sequence[str] = PREFIXES
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._folder = folder
        self._prefixes = prefixes
        self._seen: dict[str, str] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Copy in the background until `stop`."""
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Copy once more and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        last = False
        while not last:
            last = self._stopping.wait(PERIOD_S)
            try:
                self.copy()
            except Exception:  # noqa: BLE001, S112 - the endpoint may be gone; the next round tries again
                continue

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
