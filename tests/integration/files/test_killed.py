"""A process of import_files that is killed at any of its calls loses no row and doubles none."""

from pathlib import Path

import pytest

from tests.integration.files.sweep import broken_by_kills, calls_of_a_run

EACH = 11
"""Of so many calls one is tried here; `python -m tests.integration.files.sweep` tries all."""


@pytest.mark.parametrize("is_late", [False, True], ids=["before a call", "after its effect"])
def test_no_row_is_lost_and_none_is_imported_twice(tmp_path: Path, *, is_late: bool) -> None:
    calls = calls_of_a_run(tmp_path)
    assert calls > 40

    some = range(1 + is_late * EACH // 2, calls + 1, EACH)
    assert broken_by_kills(tmp_path, some, is_late=is_late) == {}
