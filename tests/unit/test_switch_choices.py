"""The combinations of switches that are tried: each setting is one that the emulator has."""

import pytest

from mateo_emulator.settings import Behaviour, DocumentedLimits
from tests.switches.__main__ import sends_reference, shares
from tests.switches.choices import SWITCHES, Combination, alone, drawn, parse


def test_every_position_is_something_that_the_emulator_knows_and_does_not_do_by_default() -> None:
    """But for one: the emulator refuses reference ids by default, and here the relay sends them."""
    for one in alone()[1:]:
        behaviour = Behaviour.model_validate(one.behaviour)
        limits = DocumentedLimits.model_validate(one.limits)
        is_default = (behaviour, limits) == (Behaviour(), DocumentedLimits())
        assert is_default == (str(one) == "reference-id=refused")


def test_each_switch_is_tried_alone_in_each_position() -> None:
    tried = {tuple(one.positions.items()) for one in alone()}
    assert tried == {()} | {((name, one),) for name, of_one in SWITCHES.items() for one in of_one}


def test_the_same_seed_draws_the_same_combinations_of_several_switches() -> None:
    first, second = drawn(7, 50), drawn(7, 50)
    assert [str(one) for one in first] == [str(one) for one in second]
    assert len({str(one) for one in first}) == 50
    assert min(len(one.positions) for one in first) >= 2


def test_a_combination_can_be_named() -> None:
    combination = Combination({"status": "204", "failures": "late"})
    assert str(combination) == "failures=late status=204"
    assert parse(str(combination)) == combination
    with pytest.raises(ValueError, match="status=999"):
        parse("status=999")


@pytest.mark.parametrize("number", [1, 2, 3, 100])
def test_stacks_share_all_combinations(number: int) -> None:
    wanted = sorted([*alone(), *drawn(1, 50)], key=sends_reference)
    parts = shares(wanted, number)
    assert [one for part in parts for one in part] == wanted
    assert len(parts) == min(number, len(wanted))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_emulator_as_it_is_can_be_named() -> None:
    assert parse(str(Combination())) == Combination()


def test_an_import_can_be_known_by_its_reference_or_by_its_rows() -> None:
    hidden = "failed-file=no-host payload=by-link"

    assert parse(hidden).unknowable
    assert parse(f"{hidden} reference-id=ignored status=204").unknowable
    assert not parse(f"{hidden} reference-id=accepted").unknowable
    assert not parse("payload=by-link").unknowable
    assert any(one.unknowable for seed in range(9) for one in drawn(seed, 50))
