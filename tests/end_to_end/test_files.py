"""A file in the inbox is imported, and its report names the rows that were not."""

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from relay_ops.app import run
from relay_ops.exits import ExitCode
from tests.support.stack import Trial, port_of

FILE = """customer_no,name,email
F-1,Ada Lovelace,ada@example.com
F-2,Alan Turing,alan@example.com,one cell too many
F-3,Grace Hopper,grace@example.com
"""


def content(trial: Trial, name: str) -> str:
    """The object of this name in the report of the one file; empty if there is none yet."""
    s3, bucket = trial.stack.client("s3"), trial.stack.outputs["BucketName"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix="files/").get("Contents", [])
    keys = [one["Key"] for one in found if one["Key"].endswith(f"/{name}")]
    if not keys:
        return ""
    (key,) = keys
    return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8-sig"))


def test_a_file_becomes_contacts_and_a_report(trial: Trial) -> None:
    trial.stack.client("s3").put_object(
        Bucket=trial.stack.outputs["BucketName"], Key="inbox/json/customers.csv", Body=FILE.encode()
    )
    trial.stack.wait_until(lambda: trial.events("file.read"), "the file to be read")
    trial.stack.wait_until(trial.imports, "the import")
    trial.drain()
    for _ in range(5):
        if content(trial, "summary.json"):
            break
        trial.let_pass(300)
        trial.stack.invoke("ImportFiles", {})

    summary = json.loads(content(trial, "summary.json"))
    assert summary["rows"]["total"] == 3
    assert (summary["rows"]["imported"], summary["rows"]["rejected"]) == (2, 1)
    stored = trial.stack.mateo("GET", "state")
    assert stored["counts"]["imports_unfinished"] == 0
    (failure,) = csv.DictReader(io.StringIO(content(trial, "failures.csv")))
    assert (failure["relay_line"], failure["relay_code"]) == ("3", "row.too_many_cells")


def test_relay_import_says_the_cost_and_follows_a_file_to_its_report(
    trial: Trial,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "more.csv"
    file.write_text(FILE.replace("F-", "G-"), encoding="utf-8")
    monkeypatch.setenv("RELAY_WEBHOOKS_PORT", str(port_of(trial.stack.webhooks_url)))
    arguments = ["import", str(file), "--connection", "json", "--yes", "--json"]
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(run, arguments)
        trial.stack.wait_until(trial.imports, "the import")
        trial.drain()
        trial.let_pass(300)
        trial.stack.invoke("ImportFiles", {})
        code = ended.result(timeout=60)

    said = capsys.readouterr()
    rows = json.loads(said.out)["rows"]
    assert code == ExitCode.FOUND
    assert (rows["total"], rows["imported"], rows["rejected"]) == (3, 2, 1)
    assert "3 rows cost at most 3 entities, one day at" in said.err
    assert "line 3: row.too_many_cells" in said.err
