"""What a filter, ``select`` or ``order`` names: a column, or a place inside its JSON.

`filters`, `select` and `order` read them; `schema_cache` knows which columns there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mateo_emulator.errors import ApiError
from mateo_emulator.postgrest.api_request.scanner import Scanner

_NAME = re.compile(r"[\w $]+(?:-(?!>)[\w $]+)*")
_INDEX = re.compile(r"-?[0-9]+(?=->|::|\.|,|$)")
_MAX_INDEX = 9


@dataclass(frozen=True)
class Step:
    """``->key``, ``->0`` or, when ``as_text``, ``->>key``."""

    key: str | int
    as_text: bool = False


@dataclass(frozen=True)
class Reference:
    """A column and the way into its JSON, which is empty for the column itself."""

    column: str
    path: tuple[Step, ...] = ()

    @property
    def name(self) -> str:
        """The key in the answer: the last name on the way, an index has none."""
        names = [step.key for step in self.path if isinstance(step.key, str)]
        return names[-1] if names else self.column


def read_reference(scanner: Scanner) -> Reference:
    """Read ``column`` or ``column->0->>key``."""
    scanner.skip_space()
    column = read_name(scanner)
    steps: list[Step] = []
    while True:
        if scanner.take("->>"):
            steps.append(Step(_read_key(scanner), as_text=True))
        elif scanner.take("->"):
            steps.append(Step(_read_key(scanner)))
        else:
            return Reference(column, tuple(steps))


def read_name(scanner: Scanner) -> str:
    """Read a name: letters, digits, ``_``, ``$``, inner spaces and dashes, or anything quoted."""
    quoted = scanner.quoted()
    if quoted is not None:
        return quoted
    found = scanner.match(_NAME)
    if found is None:
        raise scanner.error("field name (* or [a..z0..9_$])")
    return found[0].strip()


def _read_key(scanner: Scanner) -> str | int:
    index = scanner.match(_INDEX)
    if index is None:
        return read_name(scanner)
    if len(index[0]) > _MAX_INDEX:
        raise ApiError(400, "22003", f'value "{index[0]}" is out of range for type integer')
    return int(index[0])
