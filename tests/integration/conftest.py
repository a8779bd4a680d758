"""Fixtures of the integration tests: the relay's resources in moto."""

from collections.abc import Iterator

import pytest

from tests.support.aws import Aws, relay_resources
from tests.support.daily import daily_environment, mailbox
from tests.support.relay import Relay

__all__ = ["daily_environment", "mailbox"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Fresh resources."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with relay_resources() as made:
        yield made


@pytest.fixture
def relay(aws: Aws) -> Relay:
    """A relay that has done nothing yet."""
    return Relay(aws)
