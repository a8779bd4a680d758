"""A client for the emulator under test: the API with a token, and the admin surface."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import httpx

TOKEN = "local-token"
AT_ONCE = {"processing_delay_s": 0, "processing_jitter_s": 0, "processing_per_row_us": 0}
NO_LIMITS = {"requests_per_second": None, "requests_per_day": None, "entities_per_day": None}
Json = dict[str, Any]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until something in the background has happened."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.01)


def contact(number: int, **changes: object) -> Json:
    """An invented person."""
    return {
        "external_id": f"C-{number}",
        "email": f"person.{number}@example.com",
        "full_name": f"Person {number}",
        **changes,
    }


@dataclass
class Emulator:
    """One running emulator."""

    root: str
    http: httpx.Client

    @property
    def api(self) -> str:
        return f"{self.root}/api/v1/import"

    def get(self, headers: Mapping[str, str] | None = None, **query: str | int) -> httpx.Response:
        """``GET /import`` with the valid token unless other headers are given."""
        sent = {"authorization": f"Bearer {TOKEN}"} if headers is None else headers
        return self.http.get(self.api, params=query, headers=sent)

    def post(
        self,
        rows: object,
        import_type: str = "contact_details",
        *,
        select: str | None = "id",
        **columns: object,
    ) -> httpx.Response:
        """``POST /import`` of rows with further columns."""
        return self.http.post(
            self.api,
            params={} if select is None else {"select": select},
            json={"type": import_type, "payload": rows, **columns},
            headers={"authorization": f"Bearer {TOKEN}"},
        )

    def imported(
        self, rows: Sequence[object], import_type: str = "contact_details", **columns: object
    ) -> Json:
        """Import rows, wait, and return the import as the API shows it."""
        response = self.post(rows, import_type, select="id", **columns)
        assert response.status_code == 201, response.text
        return self.finished(response.json()["id"])

    def finished(self, import_id: str) -> Json:
        """Wait for an import and return it as the API shows it."""
        wait_for(lambda: self.look(f"imports/{import_id}")["state"] == "done", "the import")
        return cast("Json", self.get(id=f"eq.{import_id}").json()[0])

    def look(self, what: str, **query: str | int) -> Json:
        """Read something from the admin surface."""
        response = self.http.get(f"{self.root}/_sandbox/{what}", params=query)
        assert response.status_code == 200, response.text
        return cast("Json", response.json())

    def items(self, what: str, **query: str | int) -> list[Json]:
        """The items of a list of the admin surface."""
        return cast("list[Json]", self.look(what, limit=10_000, **query)["items"])

    def change(self, what: str, **changes: object) -> Json:
        """Change something through the admin surface."""
        response = self.http.put(f"{self.root}/_sandbox/{what}", json=changes)
        assert response.status_code == 200, response.text
        return cast("Json", response.json())

    def fault(self, kind: str, **options: object) -> None:
        """Ask for a fault."""
        response = self.http.post(f"{self.root}/_sandbox/faults", json={"kind": kind, **options})
        assert response.status_code == 201, response.text

    def contact(self, external_id: str) -> Json:
        """The stored contact with an external id."""
        (found,) = self.items("contacts", external_id=external_id)
        return found
