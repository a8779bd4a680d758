"""`relay try`: the row of a webhook, or why there is none, without a stack."""

import json
from pathlib import Path
from typing import Any, NoReturn

import pytest

from import_relay.submit import connection_mappings
from relay_ops.app import run
from relay_ops.exits import ExitCode

ROOT = Path(__file__).parents[4]
ERP = """
[erp]
kind = "json"
[erp.contact]
version = "v"
[erp.contact.fields]
external_id = "id"
email = "email"
full_name = "name"
"""


@pytest.fixture(autouse=True)
def _in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], record: object
) -> tuple[int, list[dict[str, Any]]]:
    connections, file = tmp_path / "connections.toml", tmp_path / "record.json"
    connections.write_text(ERP, encoding="utf-8")
    file.write_text(json.dumps(record), encoding="utf-8")
    code = run(["try", "erp", str(file), "--file", str(connections), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_record_becomes_a_row_with_its_key_and_version(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (row,) = tried(
        tmp_path, capsys, {"id": 4711, "v": 1795262400, "name": "Ada", "email": "no"}
    )

    assert code == ExitCode.DONE
    assert (row["outcome"], row["record_type"], row["key"]) == (
        "row",
        "contact",
        "external_id:4711",
    )
    assert row["version"] == "2026-11-21T12:00:00.000+00:00"
    assert row["columns"] == {"external_id": "4711", "full_name": "Ada"}
    assert [note["code"] for note in row["notes"]] == ["value.bad_email"]


def test_a_rejected_record_says_why_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (ended,) = tried(tmp_path, capsys, {"v": 7, "name": "Ada"})

    assert code == ExitCode.FOUND
    assert (ended["outcome"], ended["reason"]) == ("rejected", "row.no_identifier")
    assert ended["what_to_do"]


def test_a_record_that_raises_an_error_names_its_type_and_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def row_text(_: object) -> NoReturn:
        raise KeyError("name")

    monkeypatch.setattr(connection_mappings, "row_text", row_text)

    code, (ended,) = tried(tmp_path, capsys, {"id": 4711, "v": 1, "name": "Ada"})

    assert (code, ended["reason"]) == (ExitCode.FOUND, "row.raised_error")
    assert ended["what"].startswith("KeyError at ")


def test_a_misspelt_connection_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["try", "hubspt", "events/hubspot.contact-created.json"]) == ExitCode.USAGE
    assert "hubspot" in capsys.readouterr().err


@pytest.mark.parametrize(
    "file",
    sorted(one.name for one in (ROOT / "events").glob("*.json") if "receive_" not in one.name),
)
def test_every_example_is_shown_without_a_crash(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = file.partition(".")[0]

    assert run(["try", connection, f"events/{file}"]) in tuple(ExitCode)[:3]
    assert "Traceback" not in capsys.readouterr().err
