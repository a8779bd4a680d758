"""The whole relay on a Mateo that differs from its documents; `make switches` tries all ways."""

import pytest

from tests.support.stack import Rig
from tests.switches.choices import parse
from tests.switches.trying import wrong_with


@pytest.mark.parametrize(
    "text",
    [
        "counts=growing failures=by-number over-quota=cut payload=normalised status=204",
        "failed-file=csv failures=late failed-count=null rate-limit-headers=none",
    ],
)
def test_a_combination_of_switches_breaks_no_promise(rig: Rig, text: str) -> None:
    assert wrong_with(rig, parse(text)) == []
