"""A relay whose Mateo keeps imports, as fixtures: a folder's conftest names them."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.support.aws import Aws
from tests.support.builders import NOON
from tests.support.following import relay_with_imports
from tests.support.mateo import MateoImports
from tests.support.relay import Relay


@pytest.fixture
def made(aws: Aws) -> tuple[Relay, MateoImports]:
    return relay_with_imports(aws)


@pytest.fixture
def at_noon() -> Iterator[None]:
    """Clocks that the relay does not ask say noon as well: S3's, and those of commands."""
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def relay(made: tuple[Relay, MateoImports]) -> Relay:
    return made[0]


@pytest.fixture
def mateo(made: tuple[Relay, MateoImports]) -> MateoImports:
    return made[1]
