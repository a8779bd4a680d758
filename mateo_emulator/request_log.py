"""The log of requests: who asked for what, when exactly, and what came of it.

Written by `gateway` and by the downloads of `application`, read by `admin`. The times are those
that the limit per second was decided by.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING

from mateo_emulator.clock import Clock, steady_time_us

if TYPE_CHECKING:
    from starlette.requests import Request


@dataclass
class Arrival:
    """One request as the log knows it; filled in while it is answered."""

    method: str
    path: str
    query: str
    credentials: str
    arrived_at_us: int
    arrived_real_us: int
    counted: bool = True
    n: int = 0
    rows: int | None = None
    import_id: str | None = None
    fault: str | None = None

    @classmethod
    def of(cls, request: Request, clock: Clock, token: str, *, counted: bool = True) -> Arrival:
        """The arrival of a request, now. `token`: the one that is valid."""
        return cls(
            request.method,
            request.url.path,
            request.url.query,
            _credentials(request, token),
            clock.now_us(),
            steady_time_us(),
            counted,
        )

    def store(self, connection: sqlite3.Connection) -> None:
        """Write the arrival to the log."""
        self.n = int(
            connection.execute(
                "INSERT INTO request (method, path, query, credentials, arrived_at_us,"
                " arrived_real_us, counted) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING n",
                (
                    self.method,
                    self.path,
                    self.query,
                    self.credentials,
                    self.arrived_at_us,
                    self.arrived_real_us,
                    self.counted,
                ),
            ).fetchone()[0]
        )

    def store_answer(self, connection: sqlite3.Connection, status: int | None) -> None:
        """Complete the log entry; no status means that nothing was answered."""
        connection.execute(
            "UPDATE request SET status = ?, rows = ?, import_id = ?, fault = ?, duration_us = ?"
            " WHERE n = ?",
            (
                status,
                self.rows,
                self.import_id,
                self.fault,
                steady_time_us() - self.arrived_real_us,
                self.n,
            ),
        )


def _credentials(request: Request, token: str) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        return "missing"
    return "valid" if compare_digest(given.strip().encode(), token.encode()) else "wrong"
