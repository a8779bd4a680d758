"""Mateo's account as the stack uses it: each request takes a permit and counts in the day."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from import_relay.domain.errors import LimitReached, PermitTooFar
from import_relay.domain.retrying import ASK_MATEO, tries
from import_relay.mateo.departure import Extensions, departing_in
from import_relay.storage.pacing import Permits
from import_relay.storage.quota import Limits, Quota
from relay_ops.checking import IS_BUSY, Account
from relay_ops.exits import CommandError
from relay_ops.stack import Stack

if TYPE_CHECKING:
    import httpx

PERMIT_WAIT_S = 20.0
"""How long a command waits for a free permit beside submission and tracking."""


def limits_of(stack: Stack) -> Limits:
    """The limits that the stack keeps."""
    found = stack.settings
    return Limits(
        float(found["REQUESTS_PER_SECOND"]),
        int(found["REQUESTS_PER_DAY"]),
        int(found["ENTITIES_PER_DAY"]),
        stack.time_zone,
        int(found["BULK_SHARE_PERCENT"]) / 100,
    )


def quota_of(stack: Stack) -> Quota:
    """What of the day is used."""
    dynamodb = stack.client("dynamodb")
    return Quota(dynamodb, stack.ledger_table, limits_of(stack), clock=stack.clock)


class MateoAccount:
    """Requests to Mateo on behalf of a person."""

    def __init__(self, stack: Stack, sleep: Callable[[float], None] = time.sleep) -> None:
        self._stack = stack
        self._sleep = sleep
        self.base_url = stack.settings["MATEO_BASE_URL"]
        self.token = _token(stack)
        self._headers = {"authorization": f"Bearer {self.token}"}
        self.requests = 0
        self._permits = Permits(
            stack.client("dynamodb"), stack.ledger_table, quota_of(stack), clock=stack.clock
        )

    def acquire_permit(self) -> Extensions:
        """Wait for a permit, and count the request that it is for: with these extensions the
        request leaves in its permit only.

        Raises:
            CommandError: the day's requests are spent.
            PermitTooFar: others take all permits.
        """
        try:
            permit = self._permits.acquire(deadline=self._stack.clock() + PERMIT_WAIT_S)
        except LimitReached as error:
            raise CommandError(
                "Today's requests to Mateo are spent. Try again tomorrow."
            ) from error
        self.requests += 1
        permits = self._permits
        return departing_in(permit, is_in_time=permits.is_in_time, renew=permits.renew)

    def get(self, path: str, parameters: Mapping[str, str]) -> Any:
        """The JSON answer to a GET.

        Raises:
            CommandError: Mateo does not answer, or refuses; its text has no parameter in it.
        """
        try:
            return self._request("GET", path, parameters).json()
        except ValueError as error:
            raise CommandError(f"Mateo does not answer: {type(error).__name__}.") from error

    def delete_contact(self, contact_id: str) -> None:
        """Delete one contact by Mateo's id of it. Without a filter a DELETE deletes everybody.

        Raises:
            ValueError: it is no id; nothing was sent.
            CommandError: as with `get`.
        """
        one = str(UUID(contact_id))
        self._request("DELETE", "contact_details", {"id": f"eq.{one}"})

    def _request(self, method: str, path: str, parameters: Mapping[str, str]) -> httpx.Response:
        """The answer to a request that may be repeated; each try takes a permit of its own."""
        import httpx

        address = f"{self.base_url.rstrip('/')}/{path}?{urlencode(parameters)}"
        try:
            with httpx.Client(timeout=10, follow_redirects=False, trust_env=False) as client:
                for _ in tries(ASK_MATEO, self._sleep):
                    departing = self.acquire_permit()
                    answer = client.request(
                        method, address, headers=self._headers, extensions=departing
                    )
                    if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                        break
            answer.raise_for_status()
            return answer
        except PermitTooFar as error:
            raise CommandError(IS_BUSY) from error
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise CommandError(f"Mateo refused {method} /{path}: status {status}.") from error
        except httpx.HTTPError as error:
            raise CommandError(f"Mateo does not answer: {type(error).__name__}.") from error


def account_of(stack: Stack) -> Account:
    """The account of a stack, for the check."""
    account = MateoAccount(stack)
    return Account(account.base_url, account.token, account.acquire_permit)


def _token(stack: Stack) -> str:
    secrets = stack.client("secretsmanager")
    answer = secrets.get_secret_value(SecretId=stack.settings["MATEO_TOKEN_ARN"])
    return str(answer["SecretString"]).strip()
