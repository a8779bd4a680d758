"""A connections.toml, and what the check says of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from import_relay.check.check_connections import findings

Told = Callable[[str], list[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "connections.toml"


@pytest.fixture
def told(file: Path) -> Told:
    """What the check says of a text, without the file's name."""

    def say(text: str) -> list[str]:
        file.write_text(text, encoding="utf-8")
        found = findings(file)
        return [line.removeprefix(f"{file}:") for line in (*found.mistakes, *found.warnings)]

    return say
