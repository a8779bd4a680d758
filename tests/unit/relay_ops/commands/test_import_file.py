"""`relay import`: a dry run without a stack, and what a person sees of an import."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from import_relay.storage.files import FileState, RowFile
from relay_ops.app import run
from relay_ops.commands.import_file import what_goes_on
from relay_ops.exits import ExitCode

ERP = """
[erp]
kind = "json"
[erp.contact.fields]
external_id = "id"
full_name = "name"
"""

ROW_FILE = RowFile("inbox/erp/contacts.csv", "e", "erp", 0, rows=9_000)


@pytest.fixture
def connections(tmp_path: Path) -> Path:
    path = tmp_path / "connections.toml"
    path.write_text(ERP, encoding="utf-8")
    return path


def dry(connections: Path, content: str, *more: str) -> int:
    file = connections.parent / "contacts.csv"
    file.write_text(content, encoding="utf-8")
    return run(
        [
            *("import", str(file), "--connection", "erp", "--dry-run"),
            *("--connections", str(connections), *more),
        ]
    )


def test_a_clean_file_ends_with_0(connections: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = dry(connections, "id,name\n1,Ada\n", "--json")

    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == ExitCode.DONE
    assert (said["rows"], said["sent"], said["rejected"]) == (1, {"contact": 1}, [])
    assert said["examples"]["contact"]["columns"]["full_name"] == "Ada"


def test_rejected_rows_are_listed_with_their_line_and_end_with_1(
    connections: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = dry(connections, "id,name\n1,Ada\n,\n2,Bob,too many\n,Nobody\n")

    shown = capsys.readouterr().out
    assert code == ExitCode.FOUND
    listed = [line.split()[:2] for line in shown.splitlines()]
    assert ["4", "row.too_many_cells"] in listed
    assert ["5", "row.no_identifier"] in listed


def test_rejected_rows_are_written_with_the_columns_of_the_file(
    connections: Path, tmp_path: Path
) -> None:
    path = tmp_path / "rejected.csv"
    rows = "".join(f",Nobody {n}\n" for n in range(50))
    dry(connections, f"id,name\n{rows}", "--rejected", str(path))

    with path.open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.DictReader(file))
    assert len(written) == 50
    assert written[49] == {
        "id": "",
        "name": "Nobody 49",
        "line": "51",
        "code": "row.no_identifier",
        "reason": written[0]["reason"],
    }


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        ("", (), "file.empty"),
        ("id,id\n1,2\n", (), "file.header_twice"),
        ("id\n1\n", ("--connection", "erb"), "no connection 'erb'; did you mean 'erp'?\n"),
        ("id\n1\n", ("--connections", "no.toml"), "no.toml is no file"),
    ],
)
def test_what_cannot_be_used_ends_with_2(
    connections: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
    more: tuple[str, ...],
    said: str,
) -> None:
    assert dry(connections, content, *more) == ExitCode.USAGE
    assert said in capsys.readouterr().err


def test_a_list_of_rejected_rows_needs_a_dry_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.csv"
    code = run(["import", str(file), "--connection", "erp", "--rejected", "b.csv"])

    assert code == ExitCode.USAGE
    assert "--dry-run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        (ROW_FILE, ("The relay reads the file, 9,000 rows so far", None)),
        (
            replace(ROW_FILE, state=FileState.FEEDING, ended={"imported": 8_999}),
            ("Importing rows", 9_000),
        ),
        (
            replace(ROW_FILE, state=FileState.FEEDING, ended={"imported": 9_000}),
            ("Waiting for the report", 9_000),
        ),
    ],
)
def test_a_person_sees_what_the_relay_does_with_a_file(
    file: RowFile, shown: tuple[str, int | None]
) -> None:
    assert what_goes_on(file) == shown
