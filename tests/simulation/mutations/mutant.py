"""A deliberate fault in the protocol: what it is, and how a copy of the code gets it.

`tests.simulation.mutants` runs the simulation with each of them.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
PACKAGE = Path("layers/import_relay/python/import_relay")
MACHINE = Path("statemachine/track_import.asl.yaml")


class Rotten(Exception):
    """The code that a mutant changes does not occur exactly once any more."""


class Edit(NamedTuple):
    """`old` in `file`, where it occurs once, becomes `new`. `file`: within the package."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault. `breaks`: promises, at least one of which it breaks; empty: any.

    `harmless` says why it breaks no promise, if another mechanism makes up for it.
    """

    name: str
    what: str
    breaks: Sequence[str]
    edits: Sequence[Edit]
    harmless: str = ""


def edited(edit: Edit) -> tuple[Path, str]:
    """The file below the root that an edit changes, and its text after it.

    Raises:
        Rotten: the old text does not occur exactly once.
    """
    path = MACHINE if edit.file == MACHINE.name else PACKAGE / edit.file
    text = (ROOT / path).read_text()
    times = text.count(edit.old)
    if times != 1 or edit.old == edit.new:
        raise Rotten(f"{path} has this {times} times, not once:\n{edit.old}")
    return path, text.replace(edit.old, edit.new)


def copy_with(mutant: Mutant | None, folder: Path) -> tuple[Path, Path]:
    """Copy the relay's code into an empty folder, with a fault in it.

    Returns:
        what has to come first on `sys.path`, and the definition of the state machine.

    Raises:
        Rotten: the fault cannot be made.
    """
    # Python writes NAME.pyc.NUMBER before it has a NAME.pyc; it may be gone before it is copied.
    unfinished = shutil.ignore_patterns("*.pyc.*")
    shutil.copytree(ROOT / PACKAGE, folder / PACKAGE, ignore=unfinished)
    (folder / MACHINE).parent.mkdir()
    shutil.copy2(ROOT / MACHINE, folder / MACHINE)
    for edit in mutant.edits if mutant else ():
        path, _ = edited(edit)  # raises if the edit cannot be made
        text = (folder / path).read_text()
        (folder / path).write_text(text.replace(edit.old, edit.new))
    return (folder / PACKAGE).parent, folder / MACHINE
