"""Lines of a function's log that contain a text: of CloudWatch, or of the local stack's files."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from relay_ops.stack import Stack

MAX_LINES = 1_000
"""Of one search."""
MAX_SEARCH_S = 5.0
"""How long a command searches logs in all: an answer from a part of them is better than none."""
_PLAIN_CHARS = 300


@dataclass(slots=True)
class LogSearch:
    """Searches the logs of a stack. `is_partial`: its time was over before all was read."""

    stack: Stack
    is_partial: bool = False
    _until: float = field(default_factory=lambda: time.monotonic() + MAX_SEARCH_S)

    def lines(self, function: str, text: str, since: float) -> list[dict[str, Any]]:
        """The lines since then (s since the epoch), the oldest first, at most `MAX_LINES`.

        `function`: the end of its name, such as `submit-imports`. What is no JSON is a `message`.

        Raises:
            ClientError: AWS does not let us read them.
        """
        found = (
            _of_files(self.stack.logs, function, text)
            if self.stack.logs
            else self._of_cloud(function, text, since)
        )
        return list(islice((one for one in found if _at(one) >= since), MAX_LINES))

    def _of_cloud(self, function: str, text: str, since: float) -> Iterator[dict[str, Any]]:
        if self._is_over():
            return
        pages = (
            self.stack.client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=f"/aws/lambda/{self.stack.name}-{function}",
                startTime=int(since * 1_000),
                filterPattern=f'"{text}"',
            )
        )
        for page in _of_a_group(pages):
            for event in page["events"]:
                yield _content(event["message"]) | {"at": event["timestamp"] / 1_000}
            if page.get("nextToken") and self._is_over():
                return

    def _is_over(self) -> bool:
        is_over = time.monotonic() > self._until
        self.is_partial = self.is_partial or is_over
        return is_over


def _of_a_group(pages: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The pages of a log group; none if it is not there."""
    try:
        yield from pages
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise


def _of_files(folder: Path, function: str, text: str) -> Iterator[dict[str, Any]]:
    file = folder / f"{function.replace('-', '_')}.log"
    lines: Iterable[str] = (
        file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else ()
    )
    for line in lines:
        if text in line:
            content = _content(line)
            yield content | {"at": _timestamp(content)}


def _content(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"message": line.strip()[:_PLAIN_CHARS]}


def _timestamp(content: dict[str, Any]) -> float:
    try:
        return datetime.fromisoformat(content["timestamp"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return float("inf")  # a line without a time is shown


def _at(content: dict[str, Any]) -> float:
    return float(content["at"])
