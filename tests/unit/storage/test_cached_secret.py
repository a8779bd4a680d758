"""A secret is asked for once in five minutes, and at once when its reader wants it so."""

from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from import_relay.domain.errors import StoreUnavailable
from import_relay.storage.cached_secret import SECRETS_CACHE_S, CachedSecret

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "hunter2"}}, "GetSecretValue")
NO_ANSWER = EndpointConnectionError(endpoint_url="https://hunter2")


class Manager:
    """A Secrets Manager with one secret, and the time that it is read at."""

    def __init__(self) -> None:
        self.answer: dict[str, str] | Exception = {"SecretString": "one"}
        self.calls = 0
        self.now = 1_000.0
        client = cast("SecretsManagerClient", self)
        self.secret = CachedSecret(client, "arn", "token", clock=lambda: self.now)

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        assert SecretId == "arn"
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_it_is_read_again_after_five_minutes() -> None:
    manager = Manager()
    assert [manager.secret.text() for _ in range(3)] == ["one"] * 3
    manager.answer = {"SecretString": "two"}
    manager.now += SECRETS_CACHE_S - 1
    assert (manager.secret.text(), manager.calls) == ("one", 1)
    manager.now += 1
    assert (manager.secret.text(), manager.calls) == ("two", 2)


def test_a_renewed_one_is_read_at_once_and_kept() -> None:
    manager = Manager()
    manager.secret.text()
    manager.answer = {"SecretString": "two"}
    assert manager.secret.text(is_renewed=True) == "two"
    assert (manager.secret.text(), manager.calls) == ("two", 2)


@pytest.mark.parametrize("error", [DENIED, NO_ANSWER])
def test_what_is_kept_stays_when_it_cannot_be_read(error: Exception) -> None:
    manager = Manager()
    manager.secret.text()
    manager.answer = error
    with pytest.raises(StoreUnavailable, match="did not give the token") as caught:
        manager.secret.text(is_renewed=True)
    assert manager.secret.text() == "one"
    assert "hunter2" not in str(caught.value)


def test_a_failure_names_what_aws_called_it() -> None:
    manager = Manager()
    manager.answer = DENIED
    with pytest.raises(StoreUnavailable, match="AccessDenied in GetSecretValue"):
        manager.secret.text()
    manager.answer = {"SecretString": "one"}
    assert manager.secret.text() == "one"


def test_a_secret_of_bytes_is_no_text() -> None:
    manager = Manager()
    manager.answer = {}
    assert manager.secret.text() == ""
