"""The text of one secret of Secrets Manager, kept for a while. It is never logged or shown."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from import_relay.domain.errors import StoreUnavailable
from import_relay.domain.reasons import reason_of

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

SECRETS_CACHE_S = 300
"""How long a text is used without asking again."""


class CachedSecret:
    """One secret; `called` is its name for people. The clock gives seconds since the epoch."""

    def __init__(
        self,
        client: "SecretsManagerClient",
        arn: str,
        called: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._arn = arn
        self._called = called
        self._clock = clock
        self._text = ""
        self._old_at = float("-inf")

    def text(self, *, is_renewed: bool = False) -> str:
        """The text, at most `SECRETS_CACHE_S` old, or as it is now; empty if it is no text.

        Raises:
            StoreUnavailable: Secrets Manager does not give it. What is kept stays.
        """
        if is_renewed or self._clock() >= self._old_at:
            try:
                answer = self._client.get_secret_value(SecretId=self._arn)
            except (BotoCoreError, ClientError) as error:
                reason = f"Secrets Manager did not give the {self._called}: {reason_of(error)}"
                raise StoreUnavailable(reason) from error
            self._text = answer.get("SecretString", "")
            self._old_at = self._clock() + SECRETS_CACHE_S
        return self._text
