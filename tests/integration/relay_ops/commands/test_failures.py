"""`relay failures`: only what is still open, counted, and as a workbook that can be corrected."""

import io
import json
from typing import Any

import openpyxl
import pytest

from import_relay.report.failure_file import ABOUT, workbook
from import_relay.report.open_problems import open_problems
from import_relay.report.problems import Problem, grouped
from import_relay.storage.bucket_reads import Bucket, Memory
from relay_ops.stack import Stack
from tests.support.builders import NOON, message
from tests.support.finishing import finish
from tests.support.following import ADA, BOB
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
    finish(relay, mateo, {**TAKEN, "input": ada})


def correct(relay: Relay, mateo: MateoImports, item: dict[str, Any]) -> None:
    relay.submit(message([{**item, "v": 2}], delivery="d2", received_at=LATER), invocation="inv-2")
    finish(relay, mateo)


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


def test_a_success_of_another_record_closes_nothing(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fail_ada(relay, mateo)
    correct(relay, mateo, BOB)

    assert [one.code for one in problems(stack)] == ["23514"]


def test_a_left_out_value_is_closed_by_an_import_that_has_it(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([BAD_MAIL]))
    finish(relay, mateo)
    before = [(one.kind, one.field, one.value) for one in problems(stack)]

    correct(relay, mateo, {**BAD_MAIL, "email": "grace@example.com"})

    assert before == [("left out", "email", "not an address")]
    assert problems(stack) == []


def test_a_left_out_value_stays_open_if_the_record_is_as_bad_as_before(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([BAD_MAIL]))
    finish(relay, mateo)
    correct(relay, mateo, BAD_MAIL)

    assert {one.field for one in problems(stack)} == {"email"}


@pytest.mark.parametrize(("key", "is_open"), [("K-1", False), ("K-2", True)])
def test_a_rejected_record_is_closed_by_its_own_id_alone(
    relay: Relay, mateo: MateoImports, stack: Stack, key: str, is_open: bool
) -> None:
    relay.submit(message([{"record_id": "K-1", "v": 1, "name": "Ada"}]))
    correct(relay, mateo, {"record_id": key, "name": "Ada", "email": "ada@example.com"})

    assert [one.code for one in problems(stack)] == ["row.no_identifier"] * is_open


def test_a_record_that_is_rejected_again_after_a_replay_counts_once(
    relay: Relay, stack: Stack
) -> None:
    relay.submit(message([{"name": "Nobody"}], delivery="d1"))
    replayed = json.loads(message([{"name": "Nobody"}], delivery="d1.r1"))
    replay = {"id": "r1", "reason": "tried", "at": LATER, "force": False}
    relay.submit(json.dumps({**replayed, "replay": replay}), invocation="inv-2")

    (one,) = problems(stack)
    assert one.item_id == "d1.r1/0"


@pytest.fixture
def names_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of each object that is read from the bucket."""
    read: list[str] = []
    from_s3 = Bucket._read

    def noted(bucket: Bucket, key: str) -> bytes | None:
        read.append(key.rpartition("/")[2])
        return from_s3(bucket, key)

    monkeypatch.setattr(Bucket, "_read", noted)
    return read


def test_of_an_import_without_problems_only_its_lines_are_read(
    relay: Relay, mateo: MateoImports, stack: Stack, names_read: list[str]
) -> None:
    relay.submit(message([BOB]))
    finish(relay, mateo)

    assert problems(stack) == []
    assert names_read == ["rows.ndjson.gz"]


def test_reasons_are_read_of_open_problems_and_rows_on_demand(
    relay: Relay, mateo: MateoImports, stack: Stack, names_read: list[str]
) -> None:
    fail_ada(relay, mateo)

    (quick,) = problems(stack, with_rows=False)
    assert names_read == ["rows.ndjson.gz", "failures.ndjson"]
    (whole,) = problems(stack)

    assert "request.json.gz" in names_read[2:]
    assert (quick.reason, quick.columns) == ("taken", {})
    assert (whole.reason, whole.columns["email"]) == ("taken", "ada@example.com")


def test_an_object_too_large_for_the_memory_is_read_again(
    relay: Relay, mateo: MateoImports, stack: Stack, names_read: list[str]
) -> None:
    fail_ada(relay, mateo)
    keys = [one.key for one in stack.objects.keys("reports/") if "rows" in one.key]
    small, large = Memory(limit_b=10), Memory()

    for memory in (small, small, large, large):
        for key in keys:
            assert stack.objects.remembering(memory).lines(key)

    assert names_read == ["rows.ndjson.gz"] * 3


def test_an_open_problem_whose_import_is_not_kept_any_more_has_no_columns(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fail_ada(relay, mateo)
    s3 = stack.client("s3")
    for stored in stack.objects.keys("imports/"):
        s3.delete_object(Bucket=stack.bucket, Key=stored.key)

    (one,) = problems(stack)

    assert (one.code, one.columns) == ("23514", {})


def test_a_report_that_is_being_written_is_not_read(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fail_ada(relay, mateo)
    s3 = stack.client("s3")
    for one in stack.objects.keys("reports/"):
        if one.key.endswith("/summary.json"):
            s3.delete_object(Bucket=stack.bucket, Key=one.key)

    assert problems(stack) == []


def test_problems_are_counted_by_connection_code_and_column(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([{"v": 1, "name": "A"}, {"v": 1, "name": "B"}, BAD_MAIL]))
    finish(relay, mateo)

    groups = [(one.count, one.kind, one.code) for one in grouped(problems(stack))]

    assert groups == [(2, "rejected", "row.no_identifier"), (1, "left out", "value.bad_email")]
    assert problems(stack, connection="crm") == []


def test_the_workbook_has_a_column_for_each_column_of_mateo_and_the_reason(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    relay.submit(message([ADA, {**BAD_MAIL, "name": "=1+1"}]))
    ada = mateo.imports[0].payload[0]
    finish(relay, mateo, {**TAKEN, "input": ada})

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
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}, "no formula"
