"""The receiver's settings."""

import pytest

from import_relay.domain.errors import ConfigurationError
from import_relay.receive.settings import ReceiveSettings

VARIABLES = {
    "QUEUE_URL": "https://sqs.example.com/queue",
    "BUCKET_NAME": "bucket",
    "CONNECTIONS_FILE": "/opt/connections.toml",
    "CONNECTION_SECRETS_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_are_what_the_environment_says(environment: pytest.MonkeyPatch) -> None:
    settings = ReceiveSettings.from_environment()
    assert settings.queue_url == VARIABLES["QUEUE_URL"]
    assert settings.connections_file == "/opt/connections.toml"
    assert ReceiveSettings.environment_names() == VARIABLES.keys()


@pytest.mark.parametrize("name", VARIABLES)
def test_a_missing_or_empty_variable_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    wanted = f"environment: {name} is not set"
    environment.setenv(name, "")
    with pytest.raises(ConfigurationError, match=wanted):
        ReceiveSettings.from_environment()
    environment.delenv(name)
    with pytest.raises(ConfigurationError, match=wanted):
        ReceiveSettings.from_environment()
