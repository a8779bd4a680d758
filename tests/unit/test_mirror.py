"""Tests mirror the code: a module's tests have its path and its name.

The tests of `import_relay/<room>/<module>.py` are `<room>/test_<module>.py` in `unit/` (without
I/O) or in `integration/` (with AWS or Mateo emulated); those of the other packages lie in a folder
of the package. Where one file would be too long, each is called `test_<module>_<aspect>.py`. Small
modules of one package may share `test_<package>.py`.
"""

from functools import partial

import pytest

from tests.unit.mirrored import PACKAGES, ROOT, Package, is_named_after, is_tested_by

each_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda one: one.name)


def test_everything_is_compared() -> None:
    assert sum(len(one.modules()) for one in PACKAGES) > 300
    assert sum(len(list(one.tests())) for one in PACKAGES) > 200


@each_package
def test_every_file_of_tests_is_named_after_a_module_or_a_package(package: Package) -> None:
    known = [*package.modules(), *package.packages()]
    of_none = {
        test for test in package.tests() if not any(is_named_after(test, one) for one in known)
    }

    assert of_none == package.of_no_module.keys()


@each_package
def test_every_module_has_tests_or_a_reason_to_have_none(package: Package) -> None:
    found = list(package.tests())
    without = {one for one in package.modules() if not any(map(partial(is_tested_by, one), found))}

    assert without == {*package.without_tests, *package.tested_through}
    assert package.without_tests.keys().isdisjoint(package.tested_through)


@each_package
def test_each_file_of_tests_that_is_named_exists(package: Package) -> None:
    assert [one for one in package.tested_through.values() if not (ROOT / one).is_file()] == []


def test_a_name_is_compared_word_by_word() -> None:
    assert is_named_after("storage/test_ledger", "storage/ledger")
    assert is_named_after("storage/test_ledger_turns", "storage/ledger")
    assert is_named_after("test_clock", "clock")
    assert not is_named_after("storage/test_ledgers", "storage/ledger")
    assert not is_named_after("report/test_ledger", "storage/ledger")
