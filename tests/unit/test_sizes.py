"""No module and no function is too long to be read at once."""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("layers", "functions", "local", "mateo_emulator", "relay_ops", "deploy.py")
EVERYTHING = (*PRODUCT, "tests")
MAX_MODULE_LINES = 350
MAX_FUNCTION_LINES = 35
"""Of its body: signature and docstring are not counted, however much they explain."""

WIRING = {
    ("tests/simulation/relay.py", "__init__"),
    ("tests/simulation/stores.py", "__init__"),
    ("tests/simulation/test_report.py", "test_a_report_reads_in_jepsens_words"),
}
"""Lists of parts with their arguments, and a text: nothing in them branches."""


def modules(names: Sequence[str] = PRODUCT) -> Iterator[Path]:
    """Every module of the product, or of these folders."""
    for name in names:
        path = ROOT / name
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def functions_of(text: str) -> Iterator[tuple[str, int]]:
    """Each function of a module, and the lines of its body."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, _last(node) - body[0].lineno + 1 if body else 0


def _last(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def test_the_whole_product_is_measured() -> None:
    assert all((ROOT / name).exists() for name in PRODUCT)
    assert len(list(modules())) > 200
    assert len(list(modules(EVERYTHING))) > 700


def test_no_module_is_too_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in modules(EVERYTHING)
    }

    assert {name: length for name, length in lengths.items() if length > MAX_MODULE_LINES} == {}


def test_no_function_is_too_long() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}: {name} has {length} lines"
        for path in modules(EVERYTHING)
        for name, length in functions_of(path.read_text("utf-8"))
        if length > MAX_FUNCTION_LINES and (path.relative_to(ROOT).as_posix(), name) not in WIRING
    ]

    assert too_long == []


@pytest.mark.parametrize("docstring", ["", '    """What it does.\n\n    And why.\n    """\n'])
def test_signature_and_docstring_are_not_counted(docstring: str) -> None:
    text = f"def one() -> None:\n{docstring}    two()\n    three()\n"

    assert list(functions_of(text)) == [("one", 2)]
