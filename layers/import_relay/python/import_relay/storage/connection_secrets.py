"""The secrets that authenticate senders, or the tokens for CRMs: Secrets Manager, cached.

The receivers have those that authenticate senders, submission those with which records are read at
a CRM; neither may read the other's. The secret's text is a JSON object, `{"connection name":
["secret", ...]}` or `{"connection name.token": ["token"]}`; all texts of a list are valid at the
same time, so that one can be replaced without a gap. A blank one authenticates nobody and does not
count.

The cache is our own: that of Powertools imports the stores of all its parameters, which a new
receiver would wait for.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from import_relay.domain.errors import ConfigurationError, StoreUnavailable
from import_relay.domain.reasons import reason_of
from import_relay.domain.secret_strength import weakness_of

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

SECRETS_CACHE_S = 300
"""How long secrets are used without asking again."""
SECRETS_PAUSE_S = 30
"""Shortest time between two extra requests: refused requests of an attacker must not cost us calls.
"""


class ConnectionSecrets:
    """The secrets of all connections."""

    def __init__(
        self,
        client: "SecretsManagerClient",
        arn: str,
        *,
        clock: Callable[[], float] = time.time,
        tell_weak: Callable[[str, str], None] | None = None,
    ) -> None:
        """Read nothing yet; `tell_weak` is told a name and what is weak about a secret of it.

        `clock` gives seconds since the epoch: a process that Lambda freezes has no other clock that
        goes on.
        """
        self._client = client
        self._arn = arn
        self._clock = clock
        self._tell_weak = tell_weak
        self._text = ""
        self._known: Mapping[str, object] | None = None
        self._newest = ""
        self._newest_until = float("-inf")
        self._not_before = float("-inf")

    def of(self, connection: str) -> Sequence[str]:
        """The secrets of a connection, none if it has none; at most `SECRETS_CACHE_S` old.

        If Secrets Manager does not answer, those that are known stay in use. A wrong text
        is read again after `SECRETS_PAUSE_S`.

        Raises:
            StoreUnavailable: they were never read and cannot be read now.
            ConfigurationError: the secret's text is not of the form above.
        """
        try:
            if self._known is None or self._clock() >= self._not_before:
                self._read(force=False)
            return self._listed(connection)
        except ConfigurationError:
            if self._clock() < self._not_before:
                raise
            self._not_before = self._clock() + SECRETS_PAUSE_S
            self._read(force=True)
            return self._listed(connection)

    def renewed(self, connection: str) -> Sequence[str] | None:
        """The secrets as they are now, or None: unchanged, or asked less than `SECRETS_PAUSE_S`
        ago.

        Raises:
            StoreUnavailable, ConfigurationError: as `of`.
        """
        if self._clock() < self._not_before:
            return None
        self._not_before = self._clock() + SECRETS_PAUSE_S
        before = self._listed(connection)
        self._read(force=True)
        after = self._listed(connection)
        return None if after == before else after

    def _read(self, *, force: bool) -> None:
        try:
            text = self._newest_text(force=force)
        except (BotoCoreError, ClientError) as error:
            self._not_before = self._clock() + SECRETS_PAUSE_S
            if self._known is None:
                reason = f"Secrets Manager did not give the secrets: {reason_of(error)}"
                raise StoreUnavailable(reason) from error
            return
        if text != self._text or self._known is None:
            self._known = None  # so that a wrong text is used by nobody
            self._known = _parsed(text)
            self._text = text
            self._tell_weaknesses()

    def _newest_text(self, *, force: bool) -> str:
        """The secret's text, at most `SECRETS_CACHE_S` old; empty if it is binary."""
        if force or self._clock() >= self._newest_until:
            self._newest = self._client.get_secret_value(SecretId=self._arn).get("SecretString", "")
            self._newest_until = self._clock() + SECRETS_CACHE_S
        return self._newest

    def _tell_weaknesses(self) -> None:
        if self._tell_weak is None:
            return
        for name, texts in (self._known or {}).items():
            for text in texts if isinstance(texts, list) else ():
                if isinstance(text, str) and (weakness := weakness_of(text)):
                    self._tell_weak(name, weakness)

    def _listed(self, connection: str) -> Sequence[str]:
        secrets = (self._known or {}).get(connection, [])
        if isinstance(secrets, list) and all(isinstance(secret, str) for secret in secrets):
            return [secret for secret in secrets if secret.strip()]
        raise ConfigurationError(f"secrets of connection {connection!r}: must be a list of texts")


def _parsed(text: str) -> Mapping[str, object]:
    """The object that the text holds; its text may be a secret and is never shown."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError("connection secrets: must be a JSON object of lists of texts")
    return value
