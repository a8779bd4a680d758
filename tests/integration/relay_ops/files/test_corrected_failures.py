"""The workbook of failures comes back through the connection that docs/files.md shows for it."""

import io
import subprocess
from pathlib import Path

import openpyxl
import pytest

from import_relay.bulk.formats.rows import read_rows
from import_relay.check.check_connections import check
from import_relay.domain.connections import parse_connections
from import_relay.report.failure_file import workbook
from import_relay.report.open_problems import open_problems
from relay_ops.files.dry_run import RejectedLine, dry_run
from relay_ops.stack import Stack
from tests.docs.documents import document
from tests.support.builders import NOON, message
from tests.support.finishing import finish
from tests.support.mateo import MateoImports
from tests.support.programs import program
from tests.support.relay import Relay

SECTION = document("docs/files.md").section("Correct failures and import them again")
(TOML,) = [one.text for one in SECTION.blocks if one.language == "toml"]


def customer(number: int, email: str) -> dict[str, object]:
    data = {"id": number, "email": email, "first_name": "Ada", "last_name": f"No {number}"}
    return {"topic": "customers/update", "triggered_at": None, "test": None, "data": data}


@pytest.fixture
def failed(relay: Relay, mateo: MateoImports, stack: Stack) -> bytes:
    """A workbook with a row that Mateo failed, and one whose address was left out."""
    relay.connections = parse_connections(TOML)
    customers = [customer(7, "ada@example.com"), customer(8, "no address")]
    relay.submit(message(customers, connection="shop"))
    row = next(one for one in mateo.imports[0].payload if one["external_id"] == "shop-7")
    finish(relay, mateo, {"code": "23514", "message": "taken", "input": row})
    return workbook(open_problems(stack.objects, stack.now(), days=7), at=NOON)


def corrected(content: bytes) -> bytes:
    """Every address is replaced by a good one."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.active
    assert sheet is not None
    header = [cell.value for cell in sheet[1]]
    for line in range(2, sheet.max_row + 1):
        sheet.cell(line, header.index("email") + 1).value = f"good{line}@example.com"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_the_connection_has_no_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_text(TOML, encoding="utf-8")
    assert list(check(file)) == []


@pytest.fixture(params=["as it is", "saved by LibreOffice"])
def content(request: pytest.FixtureRequest, failed: bytes, tmp_path: Path) -> bytes:
    """The corrected workbook; a person's program writes all of it anew."""
    if request.param == "as it is":
        return corrected(failed)
    office = program("LibreOffice", ("soffice", "libreoffice"))
    given = tmp_path / "failures.xlsx"
    given.write_bytes(corrected(failed))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    target = tmp_path / "saved"
    command = [office, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(target)]
    subprocess.run([*command, str(given)], check=True, capture_output=True, timeout=120)
    return (target / given.name).read_bytes()


def test_every_row_is_sent_with_its_own_id(content: bytes) -> None:
    rejected: list[RejectedLine] = []
    found = dry_run(
        parse_connections(TOML),
        "shop_corrections",
        read_rows(lambda: io.BytesIO(content)),
        now=int(NOON * 1_000_000),
        reject=rejected.append,
    )
    assert (found.sent.total(), rejected) == (2, [])


def test_what_is_imported_again_is_no_open_problem(
    relay: Relay, mateo: MateoImports, stack: Stack, content: bytes
) -> None:
    rows = [one.record for one in read_rows(lambda: io.BytesIO(content))]
    later = int((NOON + 600) * 1_000_000)
    fixed = message(rows, connection="shop_corrections", delivery="d2", received_at=later)
    relay.submit(fixed, invocation="inv-2")
    assert {one["external_id"] for one in mateo.imports[-1].payload} == {"shop-7", "shop-8"}
    finish(relay, mateo)

    assert open_problems(stack.objects, stack.now(), days=7) == []
