"""Programs of the machine that a test needs; only CI must have them."""

import os
import shutil
from collections.abc import Sequence

import pytest


def program(what: str, names: Sequence[str]) -> str:
    """The path of the first of these programs that is there; without one the test is skipped."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing = f"{what} is missing: install one of {', '.join(names)}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
