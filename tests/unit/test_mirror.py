"""Tests mirror the code: a module's tests have its path and its name.

The tests of `import_relay/<room>/<module>.py` are `<room>/test_<module>.py` in `unit/` (without
I/O) or in `integration/` (with AWS or Mateo emulated). Where one file would be too long, each is
called `test_<module>_<aspect>.py`. Small modules of one package may share `test_<package>.py`.
"""

from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
RELAY = TESTS.parent / "layers/import_relay/python/import_relay"
ROOMS = frozenset(path.parent.name for path in RELAY.glob("*/__init__.py"))

OF_NO_MODULE = {
    "storage/test_expressions": "tries all expressions of the stores on another AWS emulator",
}
"""Tests in a room that belong to several of its modules, and what they are about."""


def modules() -> Iterator[str]:
    """The modules of the relay, as `<room>/<module>`."""
    for path in sorted(RELAY.rglob("*.py")):
        if not path.stem.startswith("__"):
            yield path.relative_to(RELAY).with_suffix("").as_posix()


def packages() -> Iterator[str]:
    """The packages within rooms, as `<room>/<package>`."""
    for path in sorted(RELAY.glob("*/*/__init__.py")):
        yield path.parent.relative_to(RELAY).as_posix()


def files_of_tests() -> Iterator[str]:
    """The files of tests in the relay's rooms, as `<room>/test_<name>`."""
    for kind in ("unit", "integration"):
        for path in sorted((TESTS / kind).rglob("test_*.py")):
            name = path.relative_to(TESTS / kind).with_suffix("")
            if name.parts[0] in ROOMS:
                yield name.as_posix()


def is_named_after(test: str, module: str) -> bool:
    """Whether this file of tests is named after the module."""
    folder, _, name = module.rpartition("/")
    return f"{test}_".startswith(f"{folder}/test_{name}_")


def test_the_whole_relay_is_compared() -> None:
    assert len(ROOMS) > 10
    assert len(list(modules())) > 150
    assert len(list(files_of_tests())) > 80


def test_every_file_of_tests_is_named_after_a_module_or_a_package() -> None:
    known = [*modules(), *packages()]
    of_none = {
        test for test in files_of_tests() if not any(is_named_after(test, one) for one in known)
    }

    assert of_none == OF_NO_MODULE.keys()


def test_a_name_is_compared_word_by_word() -> None:
    assert is_named_after("storage/test_ledger", "storage/ledger")
    assert is_named_after("storage/test_ledger_turns", "storage/ledger")
    assert not is_named_after("storage/test_ledgers", "storage/ledger")
    assert not is_named_after("report/test_ledger", "storage/ledger")
