"""`relay import`: a dry run without a stack, and what a person sees of an import."""

import csv
import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from import_relay.storage.files import FileState, RowFile
from relay_ops.app import run
from relay_ops.commands.import_file import show_refusal, what_goes_on
from relay_ops.exits import ExitCode
from relay_ops.output import Screen

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


def dry(connections: Path, content: str, *more: str, encoding: str = "utf-8") -> int:
    file = connections.parent / "contacts.csv"
    file.write_text(content, encoding=encoding)
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


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", ""), ("utf-16", ""), ("cp1252", "windows-1252"), ("cp850", "cp850")],
)
def test_a_guessed_encoding_is_named(
    encoding: str, shown: str, connections: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dry(connections, "id,name\n1,Jörg\n", encoding=encoding)
    said = capsys.readouterr().out
    assert ("a guess from its letters" in said) == bool(shown)
    assert shown in said

    dry(connections, "id,name\n1,Jörg\n", "--json", encoding=encoding)
    assert json.loads(capsys.readouterr().out)["encoding"].startswith(shown or "UTF-")


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
        "relay_line": "51",
        "relay_code": "row.no_identifier",
        "relay_reason": written[0]["relay_reason"],
    }


def test_a_file_that_is_there_is_not_overwritten_with_rejected_rows(
    connections: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = "id,name\n,Nobody\n"
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "contacts.csv")
    for path in (tmp_path / "contacts.csv", link):
        assert dry(connections, content, "--rejected", str(path)) == ExitCode.USAGE
        assert "is there already. Delete it, or name another" in capsys.readouterr().err
    assert (tmp_path / "contacts.csv").read_text(encoding="utf-8") == content


def test_a_file_for_rejected_rows_that_cannot_be_is_noticed_before_rows_are_mapped(
    connections: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no" / "folder.csv"
    assert dry(connections, "", "--rejected", str(path)) == ExitCode.USAGE
    assert "folder.csv cannot be written: No such file" in capsys.readouterr().err


def test_nothing_is_left_of_a_dry_run_that_fails(connections: Path, tmp_path: Path) -> None:
    path = tmp_path / "rejected.csv"
    assert dry(connections, "id,id\n", "--rejected", str(path)) == ExitCode.USAGE
    assert not path.exists()


def test_a_file_that_cannot_be_read_is_a_mistake(
    connections: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("relay_ops.files.local_file.read_rows", refused)
    assert dry(connections, "id\n1\n") == ExitCode.USAGE
    assert "contacts.csv cannot be read: Permission denied." in capsys.readouterr().err


def test_a_name_that_is_not_utf_8_is_a_mistake(
    connections: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = os.fsdecode(os.fsencode(tmp_path) + b"/M\xe4rz.csv")
    more = ("--connection", "erp", "--connections", str(connections))
    assert run(["import", file, *more]) == ExitCode.USAGE
    assert "this name is not UTF-8. Use --name." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("detail", "line", "said"),
    [
        ("why", 7, "what. why (line 7).\n"),
        ("why", None, "what. why.\n"),
        ("", 7, "what. See line 7.\n"),
        ("", None, "what.\n"),
    ],
)
def test_a_refusal_says_all_that_is_known(
    capsys: pytest.CaptureFixture[str], detail: str, line: int | None, said: str
) -> None:
    refusal = {"code": "c", "what": "what.", "what_to_do": "do", "detail": detail}
    show_refusal(Screen(), refusal | ({"line": line} if line else {}))
    assert capsys.readouterr().out == f"The relay refused the file, c: {said}do\n"


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
