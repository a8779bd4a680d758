"""The secrets that prove senders, and API tokens: Secrets Manager, cached.

Used by the receiver, and by submission where records are read at a CRM. The secret's text is a JSON
object, `{"connection name": ["secret", ...], "connection name.token": ["token"]}`; all secrets of a
list are valid at the same time, so that one can be replaced without a gap.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from aws_lambda_powertools.utilities.parameters.secrets import SecretsProvider

from import_relay.errors import ConfigurationError, StoreUnavailable
from import_relay.reasons import reason_of

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

KEPT_S = 300
"""How long secrets are used without asking again."""
PAUSE_S = 30
"""Shortest time between two extra requests: an attacker must not make us pay per refusal."""


class ConnectionSecrets:
    """The secrets of all connections."""

    def __init__(
        self,
        client: "SecretsManagerClient",
        arn: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = SecretsProvider(boto3_client=client)
        self._arn = arn
        self._clock = clock
        self._text = ""
        self._known: Mapping[str, object] | None = None
        self._not_before = float("-inf")

    def of(self, connection: str) -> Sequence[str]:
        """The secrets of a connection, none if it has none; at most `KEPT_S` old.

        If Secrets Manager does not answer, those that are known stay in use.

        Raises:
            StoreUnavailable: they were never read and cannot be read now.
            ConfigurationError: the secret's text is not of the form above.
        """
        if self._known is None or self._clock() >= self._not_before:
            self._read(force=False)
        return self._listed(connection)

    def renewed(self, connection: str) -> Sequence[str] | None:
        """The secrets as they are now, or None: unchanged, or asked less than `PAUSE_S` ago.

        Raises:
            StoreUnavailable, ConfigurationError: as `of`.
        """
        if self._clock() < self._not_before:
            return None
        self._not_before = self._clock() + PAUSE_S
        before = self._listed(connection)
        self._read(force=True)
        after = self._listed(connection)
        return None if after == before else after

    def _read(self, *, force: bool) -> None:
        try:
            text = self._provider.get(self._arn, max_age=KEPT_S, force_fetch=force)
        except GetParameterError as error:
            self._not_before = self._clock() + PAUSE_S
            if self._known is None:
                reason = f"Secrets Manager did not give the secrets: {reason_of(error)}"
                raise StoreUnavailable(reason) from error
            return
        if text != self._text or self._known is None:
            self._known = _parsed(text)
            self._text = str(text)

    def _listed(self, connection: str) -> Sequence[str]:
        secrets = (self._known or {}).get(connection, [])
        if isinstance(secrets, list) and all(isinstance(secret, str) for secret in secrets):
            return secrets
        raise ConfigurationError(f"secrets of connection {connection!r}: must be a list of texts")


def _parsed(text: object) -> Mapping[str, object]:
    """The object that the text holds; its text may be a secret and is never shown."""
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError("connection secrets: must be a JSON object of lists of texts")
    return value
