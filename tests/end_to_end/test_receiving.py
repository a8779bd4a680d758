"""What a sender is answered, and what is kept of a request that cannot be used."""

import base64
import json

import httpx
import pytest

from import_relay.connectors.contract import Request
from local.demo.balance import objects
from tests.support.senders import customer, erp, erp_text
from tests.support.stack import PACE, QUEUES, Rig, Trial


def stored(trial: Trial) -> list[str]:
    """The keys of everything in the bucket, and a word for each message in a queue."""
    keys = [key for key, _ in objects(trial.stack, "")]
    for output in QUEUES:
        keys += [output] * sum(trial.stack.queue_counts(output).values())
    for output in ("LedgerTableName", "WatermarksTableName"):
        table = trial.stack.outputs[output]
        items = trial.stack.client("dynamodb").scan(TableName=table)["Items"]
        keys += [output for item in items if item["pk"] != PACE]
    return keys


def test_an_unreadable_delivery_is_kept_and_its_sender_is_told_why(trial: Trial) -> None:
    answer = trial.post("json", erp_text("{not JSON"))

    assert (answer.status_code, answer.json()["code"]) == (400, "delivery.not_json")
    (key,) = stored(trial)
    assert key.startswith("quarantine/")
    ((_, content),) = objects(trial.stack, key)
    kept = json.loads(content)
    assert base64.b64decode(kept["body_base64"]) == b"{not JSON"
    assert kept["connection"] == "json"
    assert kept["reason"]
    assert "x-relay-secret" not in {name.lower() for name in kept["headers"]}


@pytest.mark.parametrize(
    ("connection", "webhook", "status"),
    [
        pytest.param("json", erp_text("{}", secret="wrong"), 401, id="a wrong secret"),
        pytest.param("standard_webhooks", erp([customer(1)]), 401, id="no signature"),
        pytest.param("pipedrive", erp([customer(1)]), 401, id="no password"),
        pytest.param("nobody", erp([customer(1)]), 404, id="an unknown connection"),
    ],
)
def test_a_request_that_authenticates_nobody_leaves_nothing(
    trial: Trial, connection: str, webhook: Request, status: int
) -> None:
    assert trial.post(connection, webhook).status_code == status

    assert stored(trial) == []
    assert not trial.stack.busy("SubmitImports")
    assert trial.requests() == []


def test_a_sender_of_cloudevents_may_ask_whether_it_may_deliver(rig: Rig) -> None:
    answer = httpx.request(
        "OPTIONS",
        f"{rig.stack.webhooks_url}/cloudevents",
        headers={"WebHook-Request-Origin": "eventgrid.azure.net"},
        trust_env=False,
        timeout=30,
    )

    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "eventgrid.azure.net"
