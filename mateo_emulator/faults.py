"""Faults that a test asks for: one is taken from the queue for each request that it matches.

`admin` fills the queue, `gateway` takes from it. It lives in memory: a restart forgets it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

FaultKind = Literal[
    "answer_lost_after_create", "timeout_before", "timeout_after", "drop_before", "slow",
    "status", "refuse_row",
]  # fmt: skip

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")
_FRAMING = frozenset(("content-length", "transfer-encoding"))
_WITHOUT_BODY = frozenset((204, 304))


class Fault(BaseModel):
    """One fault; ``count`` None means "until it is deleted", ``skip`` lets the first ones pass.

    * ``answer_lost_after_create``: the import is created, then the connection is dropped.
    * ``timeout_before``: nothing is created; 500 ``57014`` after the request timeout.
    * ``timeout_after``: the import is created; 500 ``57014`` after the request timeout.
    * ``drop_before``: the connection is dropped at once, nothing is created.
    * ``slow``: the answer is held back for ``seconds``; beyond the timeout it is ``timeout_after``.
    * ``status``: answers ``status`` with ``body`` (or the documented error shape with ``code``
      and ``message``) and ``headers``; ``created`` decides whether the import exists. A 429 gets
      the ``ratelimit-*`` headers and ``retry-after`` unless ``rate_limit_headers`` is false.
    * ``refuse_row``: a POST with a row whose ``column`` equals ``value`` is answered ``status``
      (default 400) and creates nothing; counts until deleted unless ``count`` is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    method: Literal["GET", "POST"] | None = None
    count: int | None = Field(default=1, ge=1, le=10**9)
    skip: int = Field(default=0, ge=0, le=10**9)
    status: int = Field(default=400, ge=200, le=599)
    code: str | None = None
    message: str | None = None
    headers: dict[str, str] = Field(default={})
    rate_limit_headers: bool = True
    retry_after_s: float = Field(default=1.0, ge=0, le=1e8)
    body: str | None = None
    created: bool = False
    seconds: float = Field(default=0.0, ge=0, le=1e8)
    column: str | None = None
    value: str | int | float | bool | None = None

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                message = f"{name!r} cannot be sent as a header"
                raise ValueError(message)
            if name.lower() in _FRAMING:
                message = f"{name!r} follows from the body"
                raise ValueError(message)
        return headers

    @model_validator(mode="after")
    def _no_body_where_none_may_be(self) -> Fault:
        if self.kind == "status" and self.status in _WITHOUT_BODY and self.body != "":
            message = f'a {self.status} has no body: say "body": ""'
            raise ValueError(message)
        return self

    def refuses(self, rows: Sequence[object]) -> bool:
        """Whether a row holds the value that this fault refuses."""
        return any(isinstance(row, Mapping) and self._hits(row) for row in rows)

    def _hits(self, row: Mapping[str, object]) -> bool:
        return self.column is not None and self.column in row and (row[self.column] == self.value)


@dataclass
class _Queued:
    fault: Fault
    skip: int
    left: int | None


@dataclass
class FaultQueue:
    """The faults that wait, in the order in which they were added."""

    _queue: list[_Queued] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Append a fault; a ``refuse_row`` without a count stays."""
        endless = fault.kind == "refuse_row" and "count" not in fault.model_fields_set
        self._queue.append(_Queued(fault, fault.skip, None if endless else fault.count))

    def take(self, method: str) -> Fault | None:
        """The first fault for this method, used up by one."""
        for queued in self._queue:
            if queued.fault.kind == "refuse_row" or queued.fault.method not in (None, method):
                continue
            if queued.skip > 0:
                queued.skip -= 1
                continue
            self._use(queued)
            return queued.fault
        return None

    def take_refusal(self, rows: Sequence[object]) -> Fault | None:
        """The first ``refuse_row`` that one of these rows meets, used up by one."""
        for queued in self._queue:
            if queued.fault.kind == "refuse_row" and queued.fault.refuses(rows):
                if queued.skip > 0:
                    queued.skip -= 1
                    continue
                self._use(queued)
                return queued.fault
        return None

    def release(self, fault: Fault) -> None:
        """Put a fault back that was taken but could not happen."""
        for queued in self._queue:
            if queued.fault is fault:
                queued.left = None if queued.left is None else queued.left + 1
                return
        self._queue.insert(0, _Queued(fault, 0, 1))

    def clear(self) -> None:
        """Forget all faults."""
        self._queue.clear()

    def listing(self) -> list[dict[str, object]]:
        """The faults that wait, for people."""
        return [
            {
                **queued.fault.model_dump(exclude_unset=True),
                "skip": queued.skip,
                "count": queued.left,
            }
            for queued in self._queue
        ]

    def _use(self, queued: _Queued) -> None:
        if queued.left is not None:
            queued.left -= 1
            if queued.left == 0:
                self._queue.remove(queued)
