"""`relay failures`: only what is still open, counted, and as a workbook that can be corrected."""

import io
from typing import Any

import openpyxl
import pytest

from import_relay.report.failure_file import ABOUT, workbook
from import_relay.report.open_problems import open_problems
from import_relay.report.problems import Problem, grouped
from import_relay.storage.bucket_reads import Bucket
from relay_ops.stack import Stack
from tests.support.builders import NOON, message
from tests.support.ended import end
from tests.support.ends import ADA, BOB
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

BAD_MAIL = {"id": 3, "v": 1, "name": "Grace", "email": "not an address"}
LATER = int((NOON + 600) * 1_000_000)
TAKEN = {"code": "23514", "message": "taken"}


def problems(stack: Stack, **options: Any) -> list[Problem]:
    return open_problems(stack.objects, stack.now(), days=7, **options)


def fail_ada(relay: Relay, mateo: MateoImports) -> None:
    relay.submit(message([ADA, BOB]))
    ada = next(row for row in mateo.imports[0].payload if row["external_id"] == "1")
    end(relay, mateo, {**TAKEN, "input": ada})


def correct(relay: Relay, mateo: MateoImports, item: dict[str, Any]) -> None:
    relay.submit(message([{**item, "v": 2}], delivery="d2", received_at=LATER), invocation="inv-2")
    end(relay, mateo)


def test_a_failed_row_is_open_with_its_reason_and_its_columns(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fail_ada(relay, mateo)

    (one,) = problems(stack)

    assert (one.kind, one.code, one.connection, one.reason) == ("failed", "23514", "erp", "taken")
    assert one.columns["email"] == "ada@example.com"


def test_a_later_success_of_the_same_record_closes_it(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fail_ada(relay, mateo)
    correct(relay, mateo, ADA)

    assert problems(stack) == []


def test_a_success_of_another_record_does_not(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fail_ada(relay, mateo)
    correct(relay, mateo, BOB)

    assert [one.code for one in problems(stack)] == ["23514"]


def test_a_left_out_value_is_closed_by_an_import_that_has_it(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([BAD_MAIL]))
    end(relay, mateo)
    before = [(one.kind, one.field, one.value) for one in problems(stack)]

    correct(relay, mateo, {**BAD_MAIL, "email": "grace@example.com"})

    assert before == [("left out", "email", "not an address")]
    assert problems(stack) == []


def test_a_left_out_value_stays_open_if_the_record_is_as_bad_as_before(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([BAD_MAIL]))
    end(relay, mateo)
    correct(relay, mateo, BAD_MAIL)

    assert {one.field for one in problems(stack)} == {"email"}


@pytest.mark.parametrize(("key", "is_open"), [("K-1", False), ("K-2", True)])
def test_a_rejected_record_is_closed_by_its_own_id_alone(
    relay: Relay, mateo: MateoImports, stack: Stack, key: str, is_open: bool
) -> None:
    relay.submit(message([{"record_id": "K-1", "v": 1, "name": "Ada"}]))
    correct(relay, mateo, {"record_id": key, "name": "Ada", "email": "ada@example.com"})

    assert [one.code for one in problems(stack)] == ["row.no_identifier"] * is_open


def test_rows_are_read_only_where_something_failed_or_may_close_it(
    relay: Relay, mateo: MateoImports, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    content = Bucket.content

    def noted(bucket: Bucket, key: str) -> bytes | None:
        read.append(key.rpartition("/")[2])
        return content(bucket, key)

    monkeypatch.setattr(Bucket, "content", noted)
    relay.submit(message([BOB]))
    end(relay, mateo)

    assert problems(stack) == []
    assert read == ["summary.json"]


def test_problems_are_counted_by_connection_code_and_column(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([{"v": 1, "name": "A"}, {"v": 1, "name": "B"}, BAD_MAIL]))
    end(relay, mateo)

    groups = [(one.count, one.kind, one.code) for one in grouped(problems(stack))]

    assert groups == [(2, "rejected", "row.no_identifier"), (1, "left out", "value.bad_email")]
    assert problems(stack, connection="crm") == []


def test_the_workbook_has_a_column_for_each_column_of_mateo_and_the_reason(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([ADA, {**BAD_MAIL, "name": "=1+1"}]))
    ada = mateo.imports[0].payload[0]
    end(relay, mateo, {**TAKEN, "input": ada})

    content = workbook(problems(stack), at=NOON)

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    header, *lines = sheet.iter_rows(values_only=True)
    assert header == (*ABOUT, "external_id", "email", "full_name")
    cells = [dict(zip(header, line, strict=True)) for line in lines]
    by_id = {str(one["external_id"]): one for one in cells}
    assert by_id["1"]["relay_reason"] == "taken"
    assert by_id["3"]["relay_value"] == "not an address"
    assert by_id["3"]["full_name"] == "=1+1"
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
