"""The shared parts of a process: no client is made before it is needed, and none twice."""

from collections import Counter
from typing import Any

import pytest
from boto3.session import Session
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from import_relay.storage.intake_store import CLIENT_CONFIG
from import_relay.submit.settings import SubmitSettings
from import_relay.submit.wiring import build_submission
from import_relay.wiring.stores import CONFIG, LazyClient, Stores
from tests.unit.wiring.test_settings import VALUES


class Answering:
    """A client that answers every call with its name."""

    def __getattr__(self, name: str) -> Any:
        return lambda **_: {"Called": name}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the clients that any `Stores` makes, by service."""
    counted: Counter[str] = Counter()

    def client(_: Stores, service: str) -> Answering:
        counted[service] += 1
        return Answering()

    monkeypatch.setattr(Stores, "client", client)
    return counted


def test_a_lazy_client_is_made_with_its_first_call_and_only_once() -> None:
    made: list[Answering] = []

    def make() -> Answering:
        made.append(Answering())
        return made[-1]

    client = LazyClient(make)
    assert not made

    answers = [client.get_parameter(Name="n"), client.get_parameter(Name="n")]

    assert answers == [{"Called": "get_parameter"}] * 2
    assert len(made) == 1


def test_submission_makes_one_client_of_each_service_and_none_to_pause_with(
    made: Counter[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    connections = tmp_path / "connections.toml"
    connections.write_text("")
    names = SubmitSettings.environment_names()
    for name in names:
        monkeypatch.setenv(name, VALUES[name])
    monkeypatch.setenv("CONNECTIONS_FILE", str(connections))
    settings = SubmitSettings.from_environment()

    build_submission(settings, Stores(settings, clock=lambda: 0.0), emit=lambda *_, **__: None)

    assert made == dict.fromkeys(("dynamodb", "s3", "sqs", "secretsmanager", "stepfunctions"), 1)


class Sent(Exception):  # no error: it keeps the request from being sent
    """A request would be sent now; the argument is its user agent."""


@pytest.mark.parametrize("config", [CONFIG, CLIENT_CONFIG], ids=["functions", "receivers"])
def test_aws_knows_the_relay_by_a_user_agent_that_is_not_made_for_each_call(config: Config) -> None:
    client = Session("x", "x", region_name="eu-central-1").client("sqs", config=config)

    def stop(request: AWSRequest, **_: object) -> None:
        raise Sent(request.headers["User-Agent"])

    client.meta.events.register("before-send.sqs.ListQueues", stop)
    with pytest.raises(Sent) as caught:
        client.list_queues()

    (agent,) = caught.value.args
    assert agent.decode().split()[0] == "import-relay"
    assert "lang/python" not in agent.decode()
