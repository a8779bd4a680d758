"""What `relay check` finds: the mistakes of a file, and of its columns in Mateo's account."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from import_relay.check import account_check
from import_relay.check.check_connections import MATEO_URL, findings
from import_relay.domain.connections import Connection, Mistake, parse_connections
from import_relay.domain.errors import ConfigurationError, PermitTooFar
from import_relay.domain.toml_tables import read_text
from relay_ops.exits import CommandError, UsageMistake

if TYPE_CHECKING:
    import httpx

    from import_relay.mateo.departure import Extensions

IS_BUSY = "Mateo is busy with imports. Try again in a minute."


@dataclass(frozen=True, slots=True)
class Checked:
    """What there is to say of a file. `fields`: custom fields of the account, if it was asked."""

    mistakes: Sequence[str]
    warnings: Sequence[str]
    connections: Sequence[str]
    fields: int | None = None
    requests: int = 0

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "mistakes": list(self.mistakes),
            "warnings": list(self.warnings),
            "connections": list(self.connections),
            "custom_fields": self.fields,
            "requests": self.requests,
        }


@dataclass(frozen=True, slots=True)
class Account:
    """Where Mateo is, its token, and what is called before each request to it.

    `acquire_permit` returns the extensions of the request, and raises as that of `MateoAccount`.
    """

    base_url: str
    token: str
    acquire_permit: Callable[[], Extensions]


def check_file(path: Path, account: Account | None = None) -> Checked:
    """Check a file, and its columns against an account.

    Raises:
        UsageMistake: there is no such file.
        CommandError: the account cannot be asked.
    """
    if not path.is_file():
        raise UsageMistake(f"{path} is no file. Run this in the clone, or name connections.toml.")
    asked = _Asked(account) if account else None
    found = findings(path, asked.mistakes if asked else None)
    connections = [] if found.mistakes else list(parse_connections(read_text(path)))
    checked = Checked(found.mistakes, found.warnings, connections)
    if asked is None:
        return checked
    return Checked(found.mistakes, found.warnings, connections, len(asked.fields), asked.requests)


class _Asked:
    """The account's custom fields, read once."""

    def __init__(self, account: Account) -> None:
        self.requests = 0
        self._account = account
        self.fields = self._read()

    def mistakes(self, connection: Connection) -> Iterable[Mistake]:
        return account_check.account_mistakes(connection, self.fields)

    def _read(self) -> list[account_check.CustomField]:
        with account_check.account_client() as client:
            client.event_hooks["request"].append(self._before_request)
            try:
                return account_check.custom_fields(
                    client, self._account.base_url, self._account.token
                )
            except ConfigurationError as error:
                raise CommandError(error.detail) from error
            except PermitTooFar as error:
                raise CommandError(IS_BUSY) from error

    def _before_request(self, request: httpx.Request) -> None:
        request.extensions = {**request.extensions, **self._account.acquire_permit()}
        self.requests += 1


def account_of_environment() -> Account:
    """An account without a stack: its token is in MATEO_TOKEN, and nothing counts its requests.

    Raises:
        UsageMistake: the variable is not set.
    """
    token = os.environ.get("MATEO_TOKEN", "").strip()
    if not token:
        raise UsageMistake("--account without a stack needs Mateo's token in MATEO_TOKEN.")
    return Account(os.environ.get("MATEO_URL", MATEO_URL), token, dict)
