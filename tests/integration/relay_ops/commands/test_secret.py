"""`relay secret`: a secret is added beside the old one, which is removed later."""

import json
from collections.abc import Callable

import pytest

from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.stack import Stack
from tests.integration.relay_ops.commands.opened import given, stack, stored

__all__ = ["given", "stack"]  # fixtures


def test_a_secret_is_added_and_the_old_one_removed_later(
    stack: Stack, given: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    given("two\n")
    assert run(["secret", "erp", "--yes"]) == ExitCode.DONE
    assert json.loads(stored(stack, "ConnectionSecretsArn")) == {"erp": ["one", "two"]}
    given("two\n")
    assert run(["secret", "erp", "--only", "--yes"]) == ExitCode.DONE
    assert json.loads(stored(stack, "ConnectionSecretsArn")) == {"erp": ["two"]}
    given("crm-token\n")
    assert run(["secret", "hubspot.token", "--yes"]) == ExitCode.DONE
    assert json.loads(stored(stack, "CrmTokensArn")) == {"hubspot.token": ["crm-token"]}
    assert "crm-token" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_secret_is_refused(stack: Stack, given: Callable[[str], None], text: str) -> None:
    given(text)
    assert run(["secret", "erp", "--yes"]) == ExitCode.USAGE
    assert json.loads(stored(stack, "ConnectionSecretsArn")) == {"erp": ["one"]}
