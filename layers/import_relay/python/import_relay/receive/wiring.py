"""Puts the receiver together: settings and AWS clients in, `Intake` out. Called by its handler.

Apart from `wiring`, because nothing here may import what only the other functions need.
"""

from functools import cache

import boto3

from import_relay.domain.connections import load_connections
from import_relay.receive.intake import Intake
from import_relay.receive.settings import ReceiveSettings
from import_relay.storage.connection_secrets import ConnectionSecrets
from import_relay.storage.intake_store import CLIENT_CONFIG, IntakeStore
from import_relay.telemetry.outcome_log import OutcomeLog


def build_intake(settings: ReceiveSettings, log: OutcomeLog) -> Intake:
    """The use case with its clients; that of S3 is made when it is needed.

    Weak secrets are logged when they are read, by their connections' names.

    Raises:
        ConfigurationError: connections.toml cannot be read at all.
    """
    secrets = boto3.client("secretsmanager", config=CLIENT_CONFIG)
    sqs = boto3.client("sqs", config=CLIENT_CONFIG)
    s3 = cache(lambda: boto3.client("s3", config=CLIENT_CONFIG))

    connections = load_connections(settings.connections_file)

    def tell_weak(name: str, weakness: str) -> None:
        connection = name if name in connections else ""  # else it may be a secret itself
        log.write("secret.weak", {}, connection=connection, reason=weakness)

    return Intake(
        connections,
        ConnectionSecrets(secrets, settings.connection_secrets_arn, tell_weak=tell_weak),
        IntakeStore(sqs, settings.queue_url, s3, settings.bucket_name),
    )
