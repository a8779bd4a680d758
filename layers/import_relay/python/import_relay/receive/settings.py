"""The settings of receive_webhook, from its environment; read once per process by its handler.

A plain tuple: the receiver must start fast, and a validating model costs a fifth of its start.
"""

import os
from typing import NamedTuple, Self

from import_relay.domain.errors import ConfigurationError


class ReceiveSettings(NamedTuple):
    """Settings of receive_webhook: variable names are the field names in capitals."""

    queue_url: str
    bucket_name: str
    connections_file: str
    connection_secrets_arn: str

    @classmethod
    def environment_names(cls) -> frozenset[str]:
        """The variables that this class reads."""
        return frozenset(name.upper() for name in cls._fields)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the process environment.

        Raises:
            ConfigurationError: names each variable that is missing or empty.
        """
        values = {name: os.environ.get(name.upper(), "") for name in cls._fields}
        missing = [name.upper() for name, value in values.items() if not value]
        if missing:
            raise ConfigurationError(f"environment: {', '.join(missing)} is not set")
        return cls(**values)
