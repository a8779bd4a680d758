"""One running emulator: its storage, clock, limits, behaviour, faults and worker in one place.

`application` builds the routes around it, `gateway` and `admin` use it. Changes made at run time
are stored and hold after a restart, unless the start says otherwise; faults are forgotten.
"""

from __future__ import annotations

import secrets
import sqlite3
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from mateo_emulator.clock import MICROSECONDS, Clock, machine_time_us
from mateo_emulator.faults import FaultQueue
from mateo_emulator.imports.store import Timestamp, add_contact_list
from mateo_emulator.imports.worker import Worker
from mateo_emulator.limits import RequestWindow
from mateo_emulator.links import LinkSigner
from mateo_emulator.postgrest.query.sql_fragment import install
from mateo_emulator.settings import Behaviour, DocumentedLimits, Start
from mateo_emulator.storage import Storage, delete_data, load_setting, save_setting

DEFAULT_TOKEN = "local-token"  # noqa: S105 - it opens nothing
DEFAULT_LISTS = ("customers", "leads")


class MateoEmulator:
    """Everything that a request needs; opened on a state folder."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.storage = Storage(start.state)
        self.clock = Clock()
        self.limits = DocumentedLimits()
        self.behaviour = Behaviour()
        self.token = DEFAULT_TOKEN
        self.window = RequestWindow()
        self.faults = FaultQueue()
        self.organisation_id, link_key = self.storage.write_now(self._load)
        self.links = LinkSigner(link_key)
        self.worker = Worker(self.storage, self.clock, lambda: self.behaviour)

    def start(self) -> None:
        """Let the worker begin."""
        self.worker.start()

    def stop(self) -> None:
        """Stop the worker and close the database."""
        self.worker.stop()
        self.storage.close()

    def timestamp(self) -> Timestamp:
        """Now, as the API sees it."""
        return Timestamp(
            self.clock.now_us(),
            self.clock.today(),
            self.clock.seconds_until_tomorrow(),
            machine_time_us(),
            self.organisation_id,
        )

    def link(self, base_url: str, path: str) -> str:
        """A signed link that expires after the configured lifetime, perhaps to another host."""
        base_url = self.behaviour.files_host.rstrip("/") or base_url
        lifetime = round(self.behaviour.link_lifetime_s * MICROSECONDS)
        return self.links.link(base_url, path, self.clock.now_us() + lifetime)

    async def change_limits(self, changes: Mapping[str, object]) -> None:
        """Change some limits; raises pydantic's ValidationError for a wrong name or value."""
        limits = DocumentedLimits.model_validate({**self.limits.model_dump(), **changes})
        self.limits = limits
        self.clock.zone = ZoneInfo(limits.time_zone)
        await self._save("limits", limits.model_dump())

    async def change_behaviour(self, changes: Mapping[str, object]) -> None:
        """Change some of the behaviour; raises pydantic's ValidationError like `change_limits`."""
        behaviour = Behaviour.model_validate({**self.behaviour.model_dump(), **changes})
        self.behaviour = behaviour
        await self._save("behaviour", behaviour.model_dump())
        self.worker.wake()

    async def change_clock(self, offset_us: int) -> None:
        """Set the offset of the clock in microseconds; raises ValueError outside 1971 to 8999."""
        timestamp = datetime.fromtimestamp((machine_time_us() + offset_us) / MICROSECONDS, UTC)
        if not 1970 < timestamp.year < 9000:  # room for days and lifetimes on both sides
            raise ValueError(timestamp)
        await self._save("clock_offset_us", offset_us)
        self.clock.offset_us = offset_us

    async def change_token(self, token: str) -> None:
        """From now on only this token is valid."""
        await self._save("token", token)
        self.token = token

    async def reset(self) -> None:
        """Delete all data and return to what the process was started with."""
        self.faults.clear()
        await self.storage.write(self._clear)
        self.window.forget()
        self.worker.wake()

    async def _save(self, name: str, value: object) -> None:
        await self.storage.write(lambda connection: save_setting(connection, name, value))

    def _clear(self, connection: sqlite3.Connection) -> None:
        delete_data(connection)
        for name in ("limits", "behaviour", "clock_offset_us", "token", "prepared"):
            connection.execute("DELETE FROM setting WHERE name = ?", (name,))
        self._load(connection)

    def _load(self, connection: sqlite3.Connection) -> tuple[str, str]:
        install(connection)
        start = self._start
        limits = {**_mapping(load_setting(connection, "limits")), **start.limits()}
        self.limits = DocumentedLimits.model_validate(limits)
        self.behaviour = Behaviour.model_validate(_mapping(load_setting(connection, "behaviour")))
        offset = load_setting(connection, "clock_offset_us")
        if start.clock_offset_s is not None:
            offset = round(start.clock_offset_s * MICROSECONDS)
        self.clock.offset_us = offset if isinstance(offset, int) else 0
        self.clock.zone = ZoneInfo(self.limits.time_zone)
        self.token = start.token or str(load_setting(connection, "token") or DEFAULT_TOKEN)
        if load_setting(connection, "prepared") is None:
            for external_id in DEFAULT_LISTS:
                add_contact_list(connection, external_id=external_id)
            save_setting(connection, "prepared", value=True)
        return (
            _kept(connection, "organisation_id", str(uuid.uuid4())),
            _kept(connection, "link_key", secrets.token_hex(32)),
        )


def _mapping(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _kept(connection: sqlite3.Connection, name: str, fresh: str) -> str:
    stored = load_setting(connection, name)
    if stored is None:
        save_setting(connection, name, fresh)
    return fresh if stored is None else str(stored)
