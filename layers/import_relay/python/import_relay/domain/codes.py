"""The one list of codes: what each means and what a person does about it (docs/errors.md).

Errors carry them (`errors`), and so do notes, reports and log events. `codes.txt` has the texts:
the code on a line, what it means on the next one, what to do on the third.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class Explanation(NamedTuple):
    """What a code means and what a person does about it."""

    what: str
    what_to_do: str


def _explanations(text: str) -> Iterator[tuple[str, Explanation]]:
    """The codes of a file; a paragraph that begins with # is a heading."""
    for paragraph in text.strip().split("\n\n"):
        if not paragraph.startswith("#"):
            code, what, what_to_do = paragraph.split("\n")
            yield code, Explanation(what, what_to_do)


CODES: Mapping[str, Explanation] = MappingProxyType(
    dict(_explanations(Path(__file__).with_name("codes.txt").read_text(encoding="utf-8")))
)
