"""The mutation check: every fault can still be made, and its recorded seed still finds it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation import mutants
from tests.simulation.mutations import MUTANTS
from tests.simulation.mutations.kept import KEPT
from tests.simulation.mutations.mutant import PACKAGE, ROOT, Edit, Mutant, Rotten, edited

FAULTS = [one for one in MUTANTS.values() if not one.harmless]
SEEDS = mutants.recorded()


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_the_code_that_a_mutant_changes_is_there_once(mutant: Mutant) -> None:
    for edit in mutant.edits:
        path, text = edited(edit)
        if path.suffix == ".py":
            compile(text, path, "exec")


def test_every_name_in_the_code_of_a_mutant_is_defined(tmp_path: Path) -> None:
    for mutant in MUTANTS.values():
        for edit in mutant.edits:
            path, _ = edited(edit)
            changed = tmp_path / mutant.name / path.name
            changed.parent.mkdir(exist_ok=True)
            text = (changed if changed.exists() else ROOT / path).read_text()
            changed.write_text(text.replace(edit.old, edit.new))

    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", "--quiet"]
    done = subprocess.run([*command, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_mutant_of_code_that_is_gone_is_an_error() -> None:
    with pytest.raises(Rotten, match="0 times, not once"):
        edited(Edit("submit/posting.py", "no such line", "another"))


def test_a_mutant_of_code_that_occurs_twice_is_an_error() -> None:
    with pytest.raises(Rotten, match="times, not once"):
        edited(Edit("submit/posting.py", "self._parts", "self._part"))


def test_every_fault_has_a_recorded_seed_or_a_run_that_is_kept() -> None:
    assert sorted([*SEEDS, *KEPT]) == sorted(one.name for one in FAULTS)


@pytest.mark.parametrize("mutant", FAULTS, ids=[one.name for one in FAULTS])
def test_the_simulation_finds_the_fault(mutant: Mutant) -> None:
    """If it does not, the seed makes another run by now.

    `python -m tests.simulation.mutants --record NAME` looks for a seed that finds the fault.
    """
    name = mutant.name
    caught = mutants.hunt(mutant, [KEPT[name] if name in KEPT else SEEDS[name]])

    assert caught.promise in mutant.breaks, caught.what


def test_the_same_seeds_find_nothing_in_the_relay_as_it_is() -> None:
    caught = mutants.hunt(None, [*sorted(set(SEEDS.values())), *KEPT.values()])

    assert not caught.seed, caught


def test_a_mutant_changes_nothing_in_the_checkout() -> None:
    mutant = MUTANTS["no-watch"]
    before = [(ROOT / PACKAGE / edit.file).read_text() for edit in mutant.edits]

    caught = mutants.hunt(mutant, [SEEDS[mutant.name]])

    assert caught.seed
    assert [(ROOT / PACKAGE / edit.file).read_text() for edit in mutant.edits] == before


def test_a_harmless_mutant_is_not_caught(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutants.main(["retry-sent-twice", "--seeds", "3"]) == 0
    assert "harmless" in capsys.readouterr().out


def test_a_fault_that_survives_fails_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutants.main(["no-watch", "--seeds", "0"]) == 1
    assert "SURVIVES" in capsys.readouterr().out


def test_an_unknown_mutant_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutants.main(["nobody-s"]) == 2
    assert "nobody-s" in capsys.readouterr().err
