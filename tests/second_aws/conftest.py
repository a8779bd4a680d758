"""One ministack that enforces permissions, and the relay deployed onto it, for all tests here."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.built.artifact import ROOT, python_folder
from tests.second_aws.deployment import ARCHITECTURE, Deployment, built
from tests.second_aws.people import Person
from tests.second_aws.relay import Clock, Mateo, Relay
from tests.support.ministack import PYTHON, Ministack

LIMITS = {"RequestsPerSecond": "5", "RequestsPerDay": "10000", "EntitiesPerDay": "300"}
EVENT_BUS = "aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001CAA"
MOVED_CLOCK = Path(__file__).parent / "moved_clock"


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    """Only CI must be able to run this; `make second-aws` installs all of it."""
    try:
        python_folder()
        assert PYTHON.exists(), f"{PYTHON} is missing: `make second-aws` installs it"
    except AssertionError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clock]:
    clock = Clock(tmp_path_factory.mktemp("clock"))
    yield clock
    clock.set(0.0)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Ministack]:
    environment = {"PYTHONPATH": str(MOVED_CLOCK), "CLOCK_FILE": str(clock.file)}
    one = Ministack(tmp_path_factory.mktemp("aws"), enforces=True, environment=environment)
    yield one
    one.stop()


@pytest.fixture(scope="session")
def mateo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mateo]:
    one = Mateo(tmp_path_factory.mktemp("mateo"), LIMITS)
    yield one
    one.stop()


@pytest.fixture(scope="session")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, aws: Ministack, mateo: Mateo
) -> Deployment:
    """The stack, deployed by `make deploy` for the first time."""
    made = built(tmp_path_factory.mktemp("application"), aws)
    answers = {
        "Stack Name": "a-relay-that-is-named-after-company-place-and-year",
        "Parameter MateoBaseUrl": mateo.url,
        "Parameter BatchingWindow": "1",
        "Parameter SalesforceEventBus": EVENT_BUS,
        "Parameter Architecture": "arm64" if ARCHITECTURE == "x86_64" else "x86_64",
        **{f"Parameter {name}": limit for name, limit in LIMITS.items()},
    }
    assert made.deploy(answers) == 0, made.spoken[-1]
    return made


@pytest.fixture(scope="session")
def relay(deployment: Deployment, aws: Ministack, mateo: Mateo, clock: Clock) -> Relay:
    """The deployed relay, with its secrets and its routes."""
    template = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    made = Relay(aws, mateo, clock, template)
    made.set_up()
    return made


@pytest.fixture(scope="session")
def operator(relay: Relay) -> Person:
    """A person who may run every command."""
    return Person(relay, "OperatorPolicyArn")
