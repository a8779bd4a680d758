"""One running stack for all tests here; each begins on it with nothing stored."""

from collections.abc import Iterator

import pytest

from tests.support.door import Door
from tests.support.stack import Grounds, Trial, running_stack


@pytest.fixture(scope="session")
def grounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grounds]:
    with running_stack(tmp_path_factory.mktemp("state")) as grounds:
        yield grounds


@pytest.fixture
def trial(grounds: Grounds) -> Trial:
    return grounds.trial()


@pytest.fixture
def door(grounds: Grounds) -> Door:
    return grounds.door
