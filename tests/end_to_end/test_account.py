"""What `relay` asks Mateo itself, on the running stack: each request takes a permit and counts."""

import json
from pathlib import Path

import pytest

from local.child import ROOT
from relay_ops.app import run
from relay_ops.exits import ExitCode
from tests.support.senders import customer
from tests.support.stack import Trial, port_of


@pytest.fixture(autouse=True)
def _here(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("MATEO_TOKEN", raising=False)
    monkeypatch.setenv("RELAY_WEBHOOKS_PORT", str(port_of(trial.stack.webhooks_url)))


def requests_used(trial: Trial) -> int:
    """The requests of the day, as the relay counts them."""
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


COLUMNS = """
[json]
kind = "json"
[json.contact.fields]
external_id = "id"
loyalty_level = "level"
loyalty_levle = "level"
"""


def test_check_names_columns_that_the_account_does_not_have(
    trial: Trial, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, file = requests_used(trial), tmp_path / "connections.toml"
    file.write_text(COLUMNS, encoding="utf-8")

    ended = run(["check", str(file), "--account", "--json"])

    said = json.loads(capsys.readouterr().out)
    (mistake,) = said["mistakes"]
    assert ended == ExitCode.FOUND
    assert "loyalty_levle" in mistake
    assert "no custom field of the account for a contact" in mistake
    assert "loyalty_level" in mistake.replace("loyalty_levle", "")
    assert said["custom_fields"] >= 1
    assert requests_used(trial) == before + said["requests"] > before


def test_check_finds_nothing_wrong_with_the_examples(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--account"]) == ExitCode.DONE
    assert "no mistakes" in capsys.readouterr().out
