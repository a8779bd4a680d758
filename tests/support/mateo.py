"""A Mateo that keeps imports in memory and lists them with the filters that the relay uses."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.support.relay import Clock
from tests.support.scripted import Mateo

ORIGIN = "https://mateo.example.com"


@dataclass
class StoredImport:
    """One import as Mateo keeps it; counts and failures are set by the test."""

    id: str
    created_at: float
    type: str
    payload: list[dict[str, Any]]
    reference_id: str | None = None
    total_count: int | None = None
    success_count: int | None = None
    failed_count: int | None = None
    failed: list[dict[str, Any]] | None = None
    failed_url: str | None = None
    payload_url: str | None = None
    hints: object = None
    hides_payload: bool = False

    def finish(self, *failures: dict[str, Any]) -> None:
        """Count every row; these failed."""
        self.total_count = len(self.payload)
        self.failed_count = len(failures)
        self.success_count = len(self.payload) - len(failures)
        self.failed = list(failures)

    def shown(self) -> dict[str, Any]:
        shown = {name: value for name, value in vars(self).items() if name != "hides_payload"}
        shown["created_at"] = datetime.fromtimestamp(self.created_at, UTC).isoformat()
        if self.failed is None:
            del shown["failed"]
        if self.hides_payload or self.payload_url:
            shown["payload"] = None
        return shown


@dataclass
class MateoImports(Mateo):
    """Scripted answers first, then those of the imports it keeps."""

    clock: Clock = field(default_factory=Clock)
    imports: list[StoredImport] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.answers:
            answer = self.answers.popleft()
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, httpx.Response) else answer(request)
        if request.method == "POST":
            return self.create(request)
        if str(request.url) in self.files:
            return httpx.Response(200, content=self.files[str(request.url)])
        if request.url.path != "/api/v1/import":
            return httpx.Response(410)
        found = [one.shown() for one in self.imports if _fits(one, request.url.params)]
        found.sort(key=lambda one: one["created_at"])
        columns = request.url.params.get("select")
        if columns:
            found = [{name: one[name] for name in columns.split(",")} for one in found]
        return httpx.Response(200, json=found[:50])

    def create(self, request: httpx.Request) -> httpx.Response:
        """Keep an import and answer with its id."""
        body = json.loads(request.content)
        stored = self.add(body["payload"], type_=body["type"])
        stored.reference_id = body.get("reference_id")
        return httpx.Response(201, json={"id": stored.id})

    def add(self, payload: list[dict[str, Any]], type_: str = "contact_details") -> StoredImport:
        """An import that is created now."""
        stored = StoredImport(f"import-{next(self.ids)}", self.clock(), type_, payload)
        self.imports.append(stored)
        return stored

    def create_without_answer(self, request: httpx.Request) -> httpx.Response:
        """An answer that is lost after the import was created."""
        self.create(request)
        raise httpx.ReadTimeout("lost")

    @property
    def gets(self) -> list[httpx.URL]:
        """The addresses of all reads."""
        return [one.url for one in self.requests if one.method == "GET"]


_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "eq": str.__eq__,
    "gte": str.__ge__,
    "lte": str.__le__,
    "in": lambda value, listed: value in listed.strip("()").split(","),
}


def _fits(one: StoredImport, params: httpx.QueryParams) -> bool:
    shown = one.shown()
    for name, condition in params.multi_items():
        if name in ("select", "order"):
            continue
        operator, operand = condition.split(".", 1)
        value = shown[name]
        if name == "created_at":
            value, operand = (datetime.fromisoformat(text).isoformat() for text in (value, operand))
        if value is None or not _COMPARE[operator](value, operand):
            return False
    return True
