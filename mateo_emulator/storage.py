"""The database: one SQLite file, its tables, and who may write when.

`emulator` opens it. Requests run one after another in a thread of their own, the worker in another;
both have their own connection and take turns for writing, so neither waits for a lock in SQLite.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_VERSION = 2
_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE usage (
  day TEXT PRIMARY KEY, requests INTEGER NOT NULL, entities INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE request (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  arrived_at_us INTEGER NOT NULL, arrived_real_us INTEGER NOT NULL, duration_us INTEGER,
  method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL,
  credentials TEXT NOT NULL, counted INTEGER NOT NULL,
  status INTEGER, rows INTEGER, import_id TEXT, fault TEXT
);
CREATE TABLE contact_list (id TEXT PRIMARY KEY, external_id TEXT UNIQUE, name TEXT);
CREATE TABLE contact_list_member (
  contact_list_id TEXT NOT NULL, contact_id TEXT NOT NULL,
  PRIMARY KEY (contact_list_id, contact_id)
) WITHOUT ROWID;
CREATE INDEX list_of_contact ON contact_list_member (contact_id);
CREATE TABLE import (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, organisation_id TEXT NOT NULL,
  type TEXT NOT NULL, contact_list_id TEXT, contact_list_external_id TEXT,
  allow_deal_reassignment INTEGER, allow_appointment_reassignment INTEGER,
  failed_path TEXT, payload_path TEXT,
  total_count INTEGER, success_count INTEGER, failed_count INTEGER,
  reference_id TEXT, hints TEXT,
  visible_at INTEGER NOT NULL, created_real_us INTEGER NOT NULL, lottery REAL NOT NULL,
  row_count INTEGER NOT NULL, rows_within_quota INTEGER NOT NULL, payload_sha256 TEXT NOT NULL,
  next_row INTEGER NOT NULL DEFAULT 0, succeeded INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0, found_hints TEXT NOT NULL DEFAULT '[]',
  finished_real_us INTEGER
);
CREATE INDEX import_open ON import (created_real_us) WHERE total_count IS NULL;
CREATE TABLE import_payload (import_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE import_failure (
  import_id TEXT NOT NULL, row_number INTEGER NOT NULL,
  code TEXT NOT NULL, message TEXT NOT NULL, input TEXT NOT NULL,
  PRIMARY KEY (import_id, row_number)
) WITHOUT ROWID;
CREATE TABLE contact (
  id TEXT PRIMARY KEY, external_id TEXT UNIQUE, secondary_external_id TEXT UNIQUE,
  fields TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  rows_applied INTEGER NOT NULL, last_import_id TEXT NOT NULL
);
CREATE TABLE handle (
  kind TEXT NOT NULL, value TEXT NOT NULL, contact_id TEXT NOT NULL,
  PRIMARY KEY (kind, value)
) WITHOUT ROWID;
CREATE UNIQUE INDEX handle_of_contact ON handle (contact_id, kind);
CREATE TABLE deal (
  id TEXT PRIMARY KEY, external_id TEXT UNIQUE, contact_id TEXT NOT NULL,
  fields TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  rows_applied INTEGER NOT NULL, last_import_id TEXT NOT NULL
);
CREATE TABLE appointment (
  id TEXT PRIMARY KEY, external_id TEXT UNIQUE, contact_id TEXT NOT NULL,
  fields TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  rows_applied INTEGER NOT NULL, last_import_id TEXT NOT NULL
);
"""
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL; -- a killed process loses nothing, a power cut the last times
PRAGMA wal_autocheckpoint = 4000;
PRAGMA cache_size = -8000; -- ids are random: 50,000 contacts touch 8 MB of pages again and again
"""
_DATA_TABLES = (
    "usage", "request", "contact_list", "contact_list_member", "import", "import_payload",
    "import_failure", "contact", "handle", "deal", "appointment",
)  # fmt: skip


class StateError(Exception):
    """The state folder cannot be used; the message says why and what to do."""


class Storage:
    """One database file with one writer at a time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "mateo.sqlite3"
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = threading.Lock()
        self._executor = ThreadPoolExecutor(1, "mateo-requests")
        self._requests = self._executor.submit(self._open).result()

    def connect(self) -> sqlite3.Connection:
        """A connection for the calling thread; the caller closes it."""
        connection = sqlite3.connect(self.path, timeout=5, isolation_level=None)
        with _closed_on_error(connection):
            connection.row_factory = sqlite3.Row
            connection.executescript(_PRAGMAS)
        return connection

    @contextmanager
    def writing(self, connection: sqlite3.Connection) -> Iterator[None]:
        """One transaction; everything in it happens, or nothing."""
        with self._writer:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in the thread of the requests, without a transaction."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, work, self._requests)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in the thread of the requests, as one transaction."""

        def within(connection: sqlite3.Connection) -> T:
            with self.writing(connection):
                return work(connection)

        return await self.read(within)

    def write_soon(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Like `write`, without waiting: after everything that was asked of the thread before."""

        def within() -> None:
            try:
                with self.writing(self._requests):
                    work(self._requests)
            except Exception:  # noqa: BLE001 - nobody waits for it, so nobody else would tell
                traceback.print_exc(file=sys.stderr)

        self._executor.submit(within)

    def write_now(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Like `write`, for callers outside the event loop; waits for the result."""

        def within() -> T:
            with self.writing(self._requests):
                return work(self._requests)

        return self._executor.submit(within).result()

    def close(self) -> None:
        """Finish what runs, then close; the worker closes its own connection."""
        self._executor.submit(self._requests.close).result()
        self._executor.shutdown()

    def _open(self) -> sqlite3.Connection:
        try:
            connection = self.connect()
            with _closed_on_error(connection):
                self._prepare(connection)
        except sqlite3.Error as error:
            message = f"{self.path} cannot be used ({error})"
            raise StateError(message) from error
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            with self.writing(connection):
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            message = f"{self.path} was written by another version: remove it and start again"
            raise StateError(message)


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def load_setting(connection: sqlite3.Connection, name: str) -> object:
    """The stored JSON value, or None."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.loads(row[0])


def save_setting(connection: sqlite3.Connection, name: str, value: object) -> None:
    """Store a JSON value under a name."""
    connection.execute(
        "REPLACE INTO setting (name, value) VALUES (?, ?)", (name, json.dumps(value))
    )


def delete_data(connection: sqlite3.Connection) -> None:
    """Empty all tables except the settings."""
    for table in _DATA_TABLES:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant of this module
