"""Tests mirror the code: a module's tests have its path and its name.

The tests of `import_relay/<room>/<module>.py` are `<room>/test_<module>.py` in `unit/` (without
I/O) or in `integration/` (with AWS or Mateo emulated). Where one file would be too long, each is
called `test_<module>_<aspect>.py`. Small modules of one package may share `test_<package>.py`.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
RELAY = TESTS.parent / "layers/import_relay/python/import_relay"
ROOMS = frozenset(path.parent.name for path in RELAY.glob("*/__init__.py"))

_DATA = "holds nothing but data, types or a contract"
_WIRING = "puts parts together; the tests of its handler start it"
_SETTINGS = "tests/unit/wiring/test_settings.py"
_FILES = "tests/integration/files/test_importing_files.py"
_DAY = "tests/integration/test_write_daily_report.py"
_OPEN = "tests/integration/relay_ops/commands/test_failures.py"
WITHOUT_TESTS = {
    "bulk/replay_wiring": _WIRING,
    "bulk/wiring": _WIRING,
    "connectors/fetcher_contract": _DATA,
    "connectors/salesforce/default_mappings": _DATA,
    "domain/codes": _DATA,
    "domain/explanation": _DATA,
    "domain/file_codes": _DATA,
    "domain/row_codes": _DATA,
    "mapping/country_names": _DATA,
    "receive/wiring": _WIRING,
    "report/daily/daily_wiring": _WIRING,
    "report/wiring": _WIRING,
    "storage/clocks": _DATA,
    "submit/fetched_records": _DATA,
    "submit/turn": _DATA,
    "submit/verdicts": _DATA,
    "submit/wiring": _WIRING,
    "track/wiring": _WIRING,
    "watch/wiring": _WIRING,
    "wiring/stores": _WIRING,
}
"""Modules without tests of their own → why they need none."""
TESTED_THROUGH = {
    "bulk/feeding": _FILES,
    "bulk/file_reports": _FILES,
    "bulk/importing_files": _FILES,
    "bulk/reading": _FILES,
    "bulk/settings": _SETTINGS,
    "connectors/file_rows": _FILES,
    "domain/files": _FILES,
    "report/daily/daily_files": _DAY,
    "report/daily/day_counts": _DAY,
    "report/daily/day_reading": _DAY,
    "report/daily/markup": "tests/unit/report/daily/test_page.py",
    "report/daily/notice": _DAY,
    "report/daily/pictures": "tests/unit/report/daily/test_page.py",
    "report/daily/settings": _SETTINGS,
    "report/daily/writing": _DAY,
    "report/file_row_ends": _FILES,
    "report/open_problems": _OPEN,
    "report/report_files": "tests/integration/report/test_documents.py",
    "report/settings": _SETTINGS,
    "storage/bucket_reads": _OPEN,
    "storage/feeder": _FILES,
    "storage/file_counts": _FILES,
    "storage/file_objects": _FILES,
    "storage/files": _FILES,
    "storage/notices": _DAY,
    "storage/received_counts": _DAY,
    "storage/row_ends": _FILES,
    "submit/batch_report": "tests/integration/test_submit_imports.py",
    "submit/gathering": "tests/integration/submit/test_filling.py",
    "submit/refused_rows": "tests/integration/submit/test_refusals.py",
    "submit/settings": _SETTINGS,
    "track/settings": _SETTINGS,
    "watch/settings": _SETTINGS,
}
"""Modules that are tested as a part of what calls them → the tests that show what they do."""
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


def is_tested_by(module: str, test: str) -> bool:
    """Whether this file of tests is named after the module, or after its package in a room."""
    package = module.rpartition("/")[0]
    return is_named_after(test, module) or ("/" in package and is_named_after(test, package))


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


def test_every_module_has_tests_or_a_reason_to_have_none() -> None:
    found = list(files_of_tests())
    without = {one for one in modules() if not any(map(partial(is_tested_by, one), found))}

    assert without == {*WITHOUT_TESTS, *TESTED_THROUGH}
    assert WITHOUT_TESTS.keys().isdisjoint(TESTED_THROUGH)


@pytest.mark.parametrize("tests", sorted({*TESTED_THROUGH.values()}))
def test_what_tests_a_part_is_there(tests: str) -> None:
    assert (TESTS.parent / tests).is_file()


def test_a_name_is_compared_word_by_word() -> None:
    assert is_named_after("storage/test_ledger", "storage/ledger")
    assert is_named_after("storage/test_ledger_turns", "storage/ledger")
    assert not is_named_after("storage/test_ledgers", "storage/ledger")
    assert not is_named_after("report/test_ledger", "storage/ledger")
