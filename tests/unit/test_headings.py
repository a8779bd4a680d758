"""A comment that stands alone is a heading: something stands below it before the next one."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.unit.test_sizes import EVERYTHING, ROOT, modules


def empty_headings(text: str) -> Iterator[str]:
    """The headings of a module that are followed by another one, or by its end."""
    paragraphs = [one.strip("\n") for one in text.split("\n\n") if one.strip("\n")]
    for paragraph, following in pairwise([*paragraphs, "# the end"]):
        if is_heading(paragraph) and is_heading(following):
            yield paragraph


def is_heading(paragraph: str) -> bool:
    return paragraph.startswith("# ") and "\n" not in paragraph


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# one\n\n\ndef f() -> None: ...\n", []),
        ("# one\n\n\n# two\n\n\nX = 1\n", ["# one"]),
        ("X = 1\n\n\n# last\n", ["# last"]),
        ("X = 1\n\n# of the next line\nY = 2\n", []),
    ],
)
def test_a_heading_above_nothing_is_found(text: str, found: list[str]) -> None:
    assert list(empty_headings(text)) == found


def test_no_heading_stands_above_nothing() -> None:
    found = {
        str(path.relative_to(ROOT)): headings
        for path in modules(EVERYTHING)
        if (headings := list(empty_headings(path.read_text(encoding="utf-8"))))
    }

    assert found == {}
