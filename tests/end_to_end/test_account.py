"""What `relay` asks Mateo itself, on the running stack: each request takes a permit and counts."""

import json

import pytest

from local.child import ROOT
from relay_ops.app import run
from relay_ops.exits import ExitCode
from tests.support.senders import customer
from tests.support.stack import Trial


@pytest.fixture(autouse=True)
def _here(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("MATEO_TOKEN", raising=False)
    port = trial.stack.webhooks_url.split(":")[2].split("/")[0]
    monkeypatch.setenv("RELAY_WEBHOOKS_PORT", port)


def requests_used(trial: Trial) -> int:
    """Of the day, as the relay counts them."""
    item = trial.stack.client("dynamodb").get_item(
        TableName=trial.stack.outputs["LedgerTableName"],
        Key={"pk": {"S": f"day#{trial.stack.clock.now():%Y-%m-%d}"}},
        ConsistentRead=True,
    )
    return int(item.get("Item", {}).get("requests", {"N": "0"})["N"])


def test_find_says_what_mateo_holds_of_a_record_now(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    trial.bring_customers(customer(1, "Ada"), customer(11, "Bob"))
    trial.drain()
    before = requests_used(trial)

    assert run(["find", "C-1", "--in-mateo", "--json"]) == ExitCode.DONE

    said = json.loads(capsys.readouterr().out)
    (held,) = said["in_mateo"]
    assert (held["type"], held["external_id"]) == ("contact_details", "C-1")
    assert [row["full_name"] for row in held["rows"]] == ["Ada"]
    assert next(line["what"] for line in said["history"] if not line.get("is_part")) == "imported"
    assert requests_used(trial) == before + 1


def test_check_compares_the_columns_with_the_accounts_fields(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    before = requests_used(trial)

    ended = run(["check", "--account", "--json"])

    assert ended in (ExitCode.DONE, ExitCode.FOUND), capsys.readouterr().err
    assert isinstance(json.loads(capsys.readouterr().out), (dict, list))
    assert requests_used(trial) > before
