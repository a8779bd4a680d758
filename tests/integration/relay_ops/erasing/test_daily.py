"""Daily reports, and answers of Athena, forget a person."""

import io
import json

import openpyxl
import pytest

from import_relay.report.tables import as_csv, as_workbook
from relay_ops.erasing.daily import daily_report
from relay_ops.erasing.erasure import Erasure
from relay_ops.erasing.person import Known, Person
from relay_ops.stack import Stack
from tests.integration.relay_ops.erasing.erased import (
    contacts,
    erase,
    fill_stores,
    mentions,
    stored,
)
from tests.support.aws import BUCKET
from tests.support.builders import NOON
from tests.support.daily import run as run_daily_report
from tests.support.mateo import MateoImports
from tests.support.relay import Relay

__all__ = ["contacts"]  # fixtures


@pytest.mark.usefixtures("contacts", "daily_environment")
def test_a_person_is_erased_from_daily_reports_and_from_answers_of_athena(
    relay: Relay, mateo: MateoImports, stack: Stack
) -> None:
    fill_stores(relay, mateo)
    run_daily_report({"date": ""}, at="2026-11-21T13:00:00")
    for name, text in (("eve", "7,eve@example.com"), ("ada", "1,ada@example.com")):
        relay.aws.s3.put_object(Bucket=BUCKET, Key=f"athena/{name}.csv", Body=text.encode())
    folder = "daily/date=2026-11-21"
    assert f"{folder}/index.html" in mentions(relay, "eve@example.com")
    before = json.loads(stored(relay)[f"{folder}/summary.json"])

    receipt = erase(relay, stack, "7")

    assert mentions(relay, "eve@example.com", "Eve", "1712345678") == []
    after = json.loads(stored(relay)[f"{folder}/summary.json"])
    assert (after["totals"], after["open"]["count"]) == (before["totals"], before["open"]["count"])
    workbook = openpyxl.load_workbook(
        io.BytesIO(relay.aws.objects(folder)[f"{folder}/failures.xlsx"])
    )
    assert [row[0].value for row in workbook.worksheets[0].iter_rows()] == ["relay_problem"]
    assert set(relay.aws.objects("athena/")) == {"athena/ada.csv"}
    assert {"daily", "athena"} <= {*receipt["places"]}
    assert Erasure(stack).list_places(Known(ids={"external_id:7"})).places == {}


DAILY_ROWS = {
    "theirs": {"relay_problem": "failed", "external_id": "7"},
    "their deal": {"relay_problem": "failed", "external_id": "D", "contact_external_id": "7"},
    "their record": {"relay_problem": "rejected", "relay_connection": "erp", "id": "77"},
    "in JSON": {"relay_problem": "rejected", "contact": '[{"mail": "Eve@example.com"}]'},
    "in the last column": {"relay_problem": "rejected", "relay_more": '{"m": "eve@example.com"}'},
    "deal of Bob": {"relay_problem": "failed", "external_id": "7", "contact_external_id": "2"},
    "deal of nobody": {"relay_problem": "failed", "relay_type": "deal_details", "external_id": "7"},
    "record of a shop": {"relay_problem": "rejected", "relay_connection": "shop", "id": "77"},
}


def test_rows_of_a_daily_report_are_recognised_by_id_handle_and_record() -> None:
    known = Known({"external_id:7"}, {"email:eve@example.com"}, records={("erp", "77")})
    header = ["name", *sorted({name for row in DAILY_ROWS.values() for name in row})]
    rows = [
        [{**row, "name": key}.get(one, "") for one in header] for key, row in DAILY_ROWS.items()
    ]
    tables = {
        "failures.csv": as_csv(header, rows),
        "failures.xlsx": as_workbook("open failures", header, rows, created_at=NOON),
    }
    changed = list(daily_report(Person(known), tables))
    assert {found.key for found in changed} == tables.keys()
    for found in changed:
        assert found.count == 5, found.key
        assert found.content
        if found.key.endswith(".csv"):
            assert b"deal of Bob" in found.content
            assert b"deal of nobody" in found.content
