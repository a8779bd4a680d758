"""What holds for every test: no AWS account, and no network beyond what its folder allows."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket

from local import child
from local.clock import seconds_until
from tests.support import ministack

NO_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "eu-central-1",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
UNIT_TESTS = Path(__file__).parent / "unit"
LOOPBACK = ["127.0.0.1", "::1", "localhost"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--today`: the date and time (UTC) at which the whole run takes place."""
    parser.addoption("--today", metavar="DATE", help="e.g. 2028-02-29 or 2030-12-31T23:58 (UTC)")


def pytest_configure(config: pytest.Config) -> None:
    """Shift the clock, and hide the user's own AWS set-up before anything could read it."""
    if hasattr(config, "workerinput"):
        child.shift_clock()  # by as much as the process that started this one
    elif today := config.getoption("today"):
        child.shift_clock(seconds_until(today))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        if name != ministack.FAKE:
            del os.environ[name]
    os.environ.update(NO_ACCOUNT)


@pytest.fixture(autouse=True)
def _network(request: pytest.FixtureRequest) -> Iterator[None]:
    """No sockets in unit tests, none that leave the machine anywhere else."""
    if request.path.is_relative_to(UNIT_TESTS):
        pytest_socket.disable_socket(allow_unix_socket=True)
    else:
        pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()
    pytest_socket._remove_restrictions()
