"""Services that answer as a test says: Lambda's mappings, Mateo's API, secrets."""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from tests.support import aws as resources


class FakeLambda:
    """The calls of the Lambda service that the pause and the watchdog make."""

    def __init__(self) -> None:
        self.mappings = dict.fromkeys(resources.MAPPINGS, True)

    @property
    def enabled(self) -> bool:
        """Whether both mappings are enabled; a test that finds them apart fails."""
        (both,) = set(self.mappings.values())
        return both

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self.mappings = dict.fromkeys(resources.MAPPINGS, enabled)

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, str]:  # noqa: N803
        return {"State": "Enabled" if self.mappings[UUID] else "Disabled"}

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:  # noqa: N803  # boto3's names
        assert UUID in self.mappings
        self.mappings[UUID] = Enabled


Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Mateo:
    """Answers in the given order, then creates every import; remembers the requests."""

    answers: deque[Answer] = field(default_factory=deque)
    requests: list[httpx.Request] = field(default_factory=list)
    ids: Any = field(default_factory=lambda: count(1))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not self.answers:
            return httpx.Response(201, json={"id": f"import-{next(self.ids)}"})
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of all posts."""
        return [json.loads(one.content) for one in self.requests if one.method == "POST"]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows of all posts."""
        return [row for body in self.bodies for row in body["payload"]]


@dataclass(frozen=True)
class Secrets:
    """The connection secrets, without Secrets Manager."""

    texts: Mapping[str, list[str]]
    newer: Mapping[str, list[str]] = field(default_factory=dict)

    def of(self, connection: str) -> Sequence[str]:
        return self.texts.get(connection, [])

    def renewed(self, connection: str) -> Sequence[str] | None:
        return self.newer.get(connection)
