"""No set is to take up a view of keys with `|=`: a set that came as a parameter stays as it was.

`set |= dict.keys()` makes a new set, since a view is no set, and gives the name to that one.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("layers", "functions", "relay_ops", "local", "mateo_emulator", "tests", "statemachine")
VIEWS = frozenset({"keys", "items"})


def takes_up_a_view(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.AugAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr in VIEWS
    )


@pytest.mark.parametrize("code", ["taken |= found.keys()", "left -= found.items()"])
def test_the_name_would_be_given_to_another_set(code: str) -> None:
    assert any(map(takes_up_a_view, ast.walk(ast.parse(code))))


def test_no_name_is_given_to_another_set() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.AugAssign) and takes_up_a_view(node)
    ]
    assert not found
