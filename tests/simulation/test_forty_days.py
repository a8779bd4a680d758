"""A small file of forty days' entities: no row is lost, and none overwrites a live change."""

import pytest

from tests.simulation import forty_days


def test_no_row_is_lost_in_forty_days(capsys: pytest.CaptureFixture[str]) -> None:
    assert forty_days.main(["--rows", "400", "--entities", "10"]) == 0

    said = capsys.readouterr().out
    assert "No promise was broken." in said
    assert "imported" in said
