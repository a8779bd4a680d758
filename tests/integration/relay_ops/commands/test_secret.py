"""`relay secret`: a secret is added beside the old one, which is removed later."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from relay_ops.app import run
from relay_ops.exits import ExitCode
from relay_ops.options import DEFAULT_FILE
from relay_ops.stack import Stack
from tests.integration.relay_ops.commands.opened import given, stack, stored
from tests.support.builders import ERP

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


@pytest.mark.parametrize("name", ["erp", "erp.token", "epr"])
@pytest.mark.usefixtures("stack")
def test_a_name_that_no_connection_has_is_shown_before_the_question(
    given: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    DEFAULT_FILE.parent.mkdir(parents=True)
    DEFAULT_FILE.write_text(ERP, encoding="utf-8")
    given("two\n")
    assert run(["secret", name]) == ExitCode.NOT_CONFIRMED
    said = capsys.readouterr().err
    assert ("has no connection epr. It has erp." in said) is (name == "epr")


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_secret_is_refused(stack: Stack, given: Callable[[str], None], text: str) -> None:
    given(text)
    assert run(["secret", "erp", "--yes"]) == ExitCode.USAGE
    assert json.loads(stored(stack, "ConnectionSecretsArn")) == {"erp": ["one"]}
