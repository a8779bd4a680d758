"""The template as written and as AWS would see it, for the tests of its properties."""

from typing import Any

import pytest

from tests.template.expanded import Expanded, expand, source


@pytest.fixture(scope="session")
def written() -> dict[str, Any]:
    """template.yaml as a dictionary; intrinsic functions in their long form."""
    return source()


@pytest.fixture(scope="session")
def template() -> Expanded:
    """The CloudFormation template that SAM makes of it."""
    return expand(source())
