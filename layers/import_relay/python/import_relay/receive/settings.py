"""The settings of receive_webhook, from its environment; read once per process by its handler.

A plain dataclass: the receiver must start fast, and a validating model costs a fifth of its start.
"""

import os
from dataclasses import dataclass, fields
from typing import Self

from import_relay.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class ReceiveSettings:
    """Settings of receive_webhook: variable names are the field names in capitals."""

    queue_url: str
    bucket_name: str
    connections_file: str
    connection_secrets_arn: str

    @classmethod
    def environment_names(cls) -> frozenset[str]:
        """The variables that this class reads."""
        return frozenset(field.name.upper() for field in fields(cls))

    @classmethod
    def from_environment(cls) -> Self:
        """Read the process environment.

        Raises:
            ConfigurationError: names each variable that is missing or empty.
        """
        values = {field.name: os.environ.get(field.name.upper(), "") for field in fields(cls)}
        missing = [name.upper() for name, value in values.items() if not value]
        if missing:
            raise ConfigurationError(f"environment: {', '.join(missing)} is not set")
        return cls(**values)
