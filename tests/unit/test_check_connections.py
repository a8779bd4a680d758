"""The check of connections.toml: every mistake at once, before anything is deployed."""

from pathlib import Path

import pytest

from import_relay.check_connections import check, main
from tests.unit.test_connections import FULL


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "connections.toml"


def test_the_check_finds_nothing_wrong_with_a_right_file(file: Path) -> None:
    file.write_text(FULL)

    assert list(check(file)) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (FULL.replace('"no"', '"a..b"'), "contact.fields.external_id"),
        (FULL.replace('auth = "header"', 'auth = "none"'), "auth"),
        (FULL.replace("when = \"type == 'order'\"\n", ""), "deal.when"),
        (FULL.replace('"json"', '"jsn"'), "kind"),
        (FULL.replace('"pass"', '"past"'), "contact.phones"),
    ],
)
def test_the_check_finds_expressions_options_and_the_rest(file: Path, text: str, key: str) -> None:
    file.write_text(text)

    (mistake,) = check(file)
    assert mistake.startswith(f"{file}: connection 'shop', key {key!r}: ")


def test_the_command_succeeds_and_names_the_connections(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FULL)

    assert main([str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: shop\n"


def test_the_command_fails_and_tells_every_mistake(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FULL.replace('"no"', '"a..b"').replace('"mail"', '"nothing(@)"'))

    assert main([str(file)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 2


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_the_command_wants_one_file(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err
