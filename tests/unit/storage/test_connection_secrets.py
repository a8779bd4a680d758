"""The connections' secrets: cached, renewed when it helps, never shown."""

import json
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError

from import_relay.domain.errors import ConfigurationError, StoreUnavailable
from import_relay.storage.connection_secrets import (
    SECRETS_CACHE_S,
    SECRETS_PAUSE_S,
    ConnectionSecrets,
)

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient


class Manager:
    """A Secrets Manager with one secret, and the time at which it is read."""

    def __init__(self, content: object = None) -> None:
        self.text = content if isinstance(content, str) else json.dumps(content or {"erp": ["one"]})
        self.calls = 0
        self.broken = False
        self.now = 0.0
        self.weak: list[tuple[str, str]] = []
        self.secrets = ConnectionSecrets(
            cast("SecretsManagerClient", self),
            "arn",
            clock=lambda: self.now,
            tell_weak=lambda name, what: self.weak.append((name, what)),
        )

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        self.calls += 1
        if self.broken:
            error = ClientError({"Error": {"Code": "Internal", "Message": "secret"}}, "Get")
            raise error
        return {"SecretString": self.text}

    def change(self, content: object) -> None:
        self.text = json.dumps(content)


def test_a_secret_is_read_once() -> None:
    manager = Manager({"erp": ["one", "two"]})
    assert [manager.secrets.of("erp") for _ in range(3)] == [["one", "two"]] * 3
    assert manager.calls == 1


def test_a_connection_without_a_secret_has_none() -> None:
    assert list(Manager().secrets.of("other")) == []


def test_a_blank_secret_authenticates_nobody() -> None:
    assert Manager({"erp": ["", " \n", "one"]}).secrets.of("erp") == ["one"]
    assert Manager({"erp": [" "]}).secrets.of("erp") == []


def test_a_weak_secret_is_told_of_once_and_never_shown() -> None:
    manager = Manager({"erp": ["", "hunter2"], "shop": ["a-good-long-one-7361"], "odd": 1})

    for _ in range(3):
        manager.secrets.of("erp")

    assert manager.weak == [("erp", "is blank"), ("erp", "is shorter than 12 characters")]


def test_a_secret_is_read_again_after_five_minutes() -> None:
    manager = Manager()
    manager.secrets.of("erp")
    manager.change({"erp": ["new"]})
    manager.now += SECRETS_CACHE_S - 1
    assert manager.secrets.of("erp") == ["one"]
    manager.now += 2
    assert manager.secrets.of("erp") == ["new"]
    assert manager.calls == 2


def test_a_changed_secret_is_read_at_once_when_it_is_renewed() -> None:
    manager = Manager()
    manager.secrets.of("erp")
    manager.change({"erp": ["new"]})
    assert manager.secrets.renewed("erp") == ["new"]
    assert manager.secrets.of("erp") == ["new"]


def test_an_unchanged_secret_is_no_new_one() -> None:
    manager = Manager()
    manager.secrets.of("erp")
    assert manager.secrets.renewed("erp") is None


def test_refusals_cost_at_most_one_call_per_pause() -> None:
    manager = Manager()
    manager.secrets.of("erp")
    for _ in range(1_000):
        manager.secrets.renewed("erp")
        manager.secrets.of("erp")
    assert manager.calls == 2
    manager.now += SECRETS_PAUSE_S
    manager.secrets.renewed("other")
    assert manager.calls == 3


def test_known_secrets_stay_in_use_while_the_manager_fails() -> None:
    manager = Manager()
    manager.secrets.of("erp")
    manager.broken = True
    manager.now += SECRETS_CACHE_S + 1
    assert [manager.secrets.of("erp") for _ in range(10)] == [["one"]] * 10
    assert manager.calls == 2
    assert manager.secrets.renewed("erp") is None


def test_secrets_that_were_never_read_make_the_store_unavailable() -> None:
    manager = Manager()
    manager.broken = True
    with pytest.raises(StoreUnavailable) as caught:
        manager.secrets.of("erp")
    assert "secret" not in caught.value.detail.replace("secrets", "")
    manager.broken = False
    assert manager.secrets.of("erp") == ["one"]


@pytest.mark.parametrize("text", ["", "hunter2", "[]", '"hunter2"', '{"erp": '])
def test_a_text_that_is_no_object_is_a_mistake_of_the_configuration(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Manager(text).secrets.of("erp")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("value", ["hunter2", ["a", 7], {"a": "hunter2"}, None])
def test_a_mistake_in_one_connection_hurts_no_other(value: object) -> None:
    manager = Manager({"crm": value, "erp": ["one"]})
    with pytest.raises(ConfigurationError) as caught:
        manager.secrets.of("crm")
    assert "crm" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert manager.secrets.of("erp") == ["one"]


@pytest.mark.parametrize("wrong", ['{"erp": ', '{"erp": "hunter2"}'])
def test_a_corrected_text_is_used_within_half_a_minute(wrong: str) -> None:
    manager = Manager(wrong)
    with pytest.raises(ConfigurationError):
        manager.secrets.of("erp")
    calls = manager.calls
    manager.change({"erp": ["new"]})

    for _ in range(100):
        with pytest.raises(ConfigurationError):
            manager.secrets.of("erp")
    assert manager.calls == calls

    manager.now += SECRETS_PAUSE_S
    assert manager.secrets.of("erp") == ["new"]
    assert manager.calls == calls + 1


def test_a_text_that_turns_wrong_leaves_no_old_secret_in_use() -> None:
    manager = Manager()
    manager.secrets.of("erp")
    manager.text = '{"erp": '
    manager.now += SECRETS_CACHE_S + 1
    for _ in range(10):
        with pytest.raises(ConfigurationError):
            manager.secrets.of("erp")
