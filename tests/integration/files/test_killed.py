"""import_files loses no row and imports none twice, at whichever call it is killed."""

from pathlib import Path

import pytest

from tests.integration.files.replay_sweep import REPLAY_SWEEP
from tests.integration.files.sweep import FILE_SWEEP

EACH, EACH_OF_A_REPLAY = 19, 23
"""One call in so many is tried here; `sweep` and `replay_sweep` of this folder try all."""


@pytest.mark.parametrize("is_late", [False, True], ids=["before a call", "after its effect"])
def test_no_row_is_lost_and_none_is_imported_twice(tmp_path: Path, *, is_late: bool) -> None:
    calls = FILE_SWEEP.calls(tmp_path)
    assert calls > 40

    some = range(1 + is_late * EACH // 2, calls + 1, EACH)
    assert FILE_SWEEP.broken(tmp_path, some, is_late=is_late) == {}


@pytest.mark.parametrize("is_late", [False, True], ids=["before a call", "after its effect"])
def test_no_item_is_put_back_twice_and_none_is_left_out(tmp_path: Path, *, is_late: bool) -> None:
    calls = REPLAY_SWEEP.calls(tmp_path)
    assert calls > 40

    some = range(1 + is_late * EACH_OF_A_REPLAY // 2, calls + 1, EACH_OF_A_REPLAY)
    assert REPLAY_SWEEP.broken(tmp_path, some, is_late=is_late) == {}
