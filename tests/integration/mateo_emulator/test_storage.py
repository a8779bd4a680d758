"""A database that the emulator cannot use is closed."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mateo_emulator.storage import StateError, Storage
from tests.support.databases import Opened


@pytest.mark.parametrize("is_of_another_version", [True, False])
def test_a_database_that_cannot_be_used_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_of_another_version: bool
) -> None:
    path = tmp_path / "mateo.sqlite3"
    if is_of_another_version:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA user_version = 999")
    else:
        path.write_text("no database " * 100)
    opened = Opened(monkeypatch)

    with pytest.raises(StateError):
        Storage(tmp_path)

    assert opened.are_closed() == [True]
