"""What a report writes down: the summary, the rows and the list of failures."""

import csv
import io
import json

import openpyxl

from import_relay.domain.codes import CODES
from import_relay.domain.models import Row, key_digest
from import_relay.domain.notes import Note
from import_relay.mapping.row_texts import row_text
from import_relay.report.reporting import ReportStatus
from import_relay.storage.connection_counts import ConnectionCounts
from import_relay.storage.entries import State
from import_relay.submit.merging import request_body
from tests.integration.report.written import FOLDER, failure, rows_of, submitted, summary_of
from tests.support.aws import Aws
from tests.support.builders import CONTACTS, NOON, change
from tests.support.following import ADA, BOB, report, sent_entry
from tests.support.mateo import ORIGIN, MateoImports
from tests.support.relay import Relay


def table_of(aws: Aws, name: str = "failures.csv") -> list[dict[str, str]]:
    text = aws.objects(FOLDER)[f"{FOLDER}/{name}"].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


HEADER = (
    "code",
    "message",
    "retryable",
    "will_retry",
    "external_id",
    "connection",
    "event",
    "received_at",
)


def sheet_of(aws: Aws, folder: str = FOLDER) -> list[list[object]]:
    content = aws.objects(folder)[f"{folder}/failures.xlsx"]
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [[cell.value for cell in line] for line in sheet.iter_rows()]


def test_an_import_without_failures_has_a_summary_and_no_list_of_failures(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish()

    reported = report(relay)

    assert reported.status is ReportStatus.FINISHED
    assert relay.entry("ref-1").state is State.FINISHED
    assert set(relay.aws.objects(FOLDER)) == {f"{FOLDER}/summary.json", f"{FOLDER}/rows.ndjson.gz"}
    summary = summary_of(relay.aws)
    assert summary["rows"] == {"total": 2, "imported": 2, "failed": 0, "unaccounted": 0}
    assert summary["items"] == {
        "total": 2,
        "imported": 2,
        "failed": 0,
        "retried": 0,
        "unaccounted": 0,
    }
    assert summary["remarks"] == []
    assert (summary["import_id"], summary["state"]) == ("import-1", "finished")
    assert summary["lane"] == "live"


def test_one_request_asks_for_all_that_mateo_tells(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()
    mateo.imports[0].hints = [{"code": "stolen", "field": "email"}]

    report(relay)

    assert [str(url) for url in mateo.gets] == [f"{ORIGIN}/api/v1/import?id=eq.import-1"]
    assert summary_of(relay.aws)["hints"] == [{"code": "stolen", "field": "email"}]


def test_a_failed_row_is_listed_with_the_webhook_that_caused_it(
    relay: Relay, mateo: MateoImports
) -> None:
    ada, _ = submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish(failure(ada))

    report(relay)

    (line,) = relay.aws.lines(f"{FOLDER}/failures.ndjson")
    assert (line["code"], line["message"]) == ("23514", "violates unique")
    assert (line["external_id"], line["input"]) == ("1", ada)
    assert (line["retryable"], line["will_retry"]) == (False, False)
    assert line["items"] == [
        {
            "connection": "erp",
            "event": "d1.0",
            "item_id": "d1/0",
            "received_at": "2026-11-21T12:00:00+00:00",
        }
    ]
    (cells,) = table_of(relay.aws)
    assert json.loads(cells["input"]) == ada
    assert (cells["connection"], cells["event"]) == ("erp", "d1.0")
    assert cells["received_at"] == "2026-11-21T12:00:00+00:00"
    assert [row["outcome"] for row in rows_of(relay.aws)] == ["failed", "imported"]
    assert summary_of(relay.aws)["failures"]["codes"] == {"23514": 1}


def test_the_workbook_has_a_column_for_each_column_that_was_sent(
    relay: Relay, mateo: MateoImports
) -> None:
    ada, _ = submitted(relay, mateo, ADA, BOB)
    row = {**ada, "external_id": "0012345678901234567", "note": "=1+1"}
    mateo.imports[0].finish(failure(row), failure("no row", code="x"))

    report(relay)

    header, *lines = sheet_of(relay.aws)
    assert header[: len(HEADER)] == list(HEADER)
    first, second = (dict(zip(header, line, strict=True)) for line in lines)
    assert (first["external_id"], first["code"]) == ("0012345678901234567", "23514")
    assert (first["note"], first["email"]) == ("=1+1", "ada@example.com")
    assert (second["input"], second["note"]) == ("no row", "")


def test_the_rows_file_names_no_person(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()

    report(relay)

    (row,) = rows_of(relay.aws)
    assert row == {
        "row": 0,
        "outcome": "imported",
        "certain": True,
        "type": "contact_details",
        "external_id": "1",
        "key_digest": key_digest("contact_details#external_id:1"),
        "connection": "erp",
        "item_ids": ["d1/0"],
        "connections": ["erp"],
        "received_at": [int(NOON * 1_000_000)],
        "notes": [],
    }


def test_every_occurrence_of_a_merged_row_is_counted(relay: Relay, mateo: MateoImports) -> None:
    changes = (
        change(number=0, partial=True, columns={"city": "Ulm"}),
        change(number=1, partial=True, columns={"zipcode": "89073"}),
    )
    columns = {"external_id": "1", "city": "Ulm", "zipcode": "89073"}
    row = Row(changes[0].key, row_text(columns), CONTACTS, changes, {})
    sent_entry(relay, "ref-1", rows=1, import_id="import-1")
    relay.archive.freeze("ref-1", request_body([row]), [row])
    mateo.add([columns]).finish()

    report(relay)

    summary = summary_of(relay.aws)
    assert (summary["rows"]["imported"], summary["items"]["imported"]) == (1, 2)
    assert rows_of(relay.aws)[0]["item_ids"] == ["d1/0", "d1/1"]


def test_what_was_left_out_of_rows_is_counted(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, {**ADA, "phone": "12"})
    mateo.imports[0].finish()

    report(relay)

    (counted,) = summary_of(relay.aws)["notes"]
    assert (counted["connection"], counted["field"]) == ("erp", "whatsapp")
    assert (counted["code"], counted["count"]) == ("value.no_valid_phone", 1)
    assert counted["what_to_do"] == CODES["value.no_valid_phone"].what_to_do


def test_a_value_that_was_left_out_is_listed_with_its_record(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, {**ADA, "phone": "=12"}, BOB)
    mateo.imports[0].finish()

    report(relay)

    (line,) = relay.aws.lines(f"{FOLDER}/left_out.ndjson")
    assert (line["code"], line["field"], line["value"]) == (
        "value.no_valid_phone",
        "whatsapp",
        ["=12"],
    )
    assert (line["row"], line["outcome"], line["external_id"]) == (0, "imported", "1")
    assert (line["connection"], line["event"]) == ("erp", "d1.0")
    assert line["received_at"] == "2026-11-21T12:00:00+00:00"
    (cells,) = table_of(relay.aws, "left_out.csv")
    assert (cells["field"], cells["value"], cells["external_id"]) == ("whatsapp", '["=12"]', "1")


def test_the_rows_file_names_the_columns_that_were_left_out_but_no_value(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, {**ADA, "phone": "12"})
    mateo.imports[0].finish()

    report(relay)

    (row,) = rows_of(relay.aws)
    assert row["notes"] == [{"code": "value.no_valid_phone", "field": "whatsapp"}]


def test_a_remark_is_counted_and_not_listed(relay: Relay, mateo: MateoImports) -> None:
    of_partial = change(partial=True, columns={"city": "Ulm"})._replace(
        notes=(Note("note.partly_known", "full_name"),)
    )
    columns = {"external_id": "1", "city": "Ulm"}
    row = Row(of_partial.key, row_text(columns), CONTACTS, (of_partial,), {})
    sent_entry(relay, "ref-1", rows=1, import_id="import-1")
    relay.archive.freeze("ref-1", request_body([row]), [row])
    mateo.add([columns]).finish()

    report(relay)

    (counted,) = summary_of(relay.aws)["notes"]
    assert (counted["code"], counted["count"]) == ("note.partly_known", 1)
    assert f"{FOLDER}/left_out.ndjson" not in relay.aws.objects(FOLDER)


def test_left_out_values_are_counted_per_connection_and_day(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, {**ADA, "phone": "12"}, BOB)
    mateo.imports[0].finish()

    report(relay)

    counts = relay.outcome_counts.connections(relay.limits.day(relay.clock()), ["erp", "other"])
    notes = {("value.no_valid_phone", "whatsapp"): 1, ("sent", "email"): 2}
    assert counts == {"erp": ConnectionCounts({"imported": 2}, notes)}


def test_the_table_opens_in_a_spreadsheet_and_holds_no_formula(
    relay: Relay, mateo: MateoImports
) -> None:
    ada, _ = submitted(relay, mateo, {**ADA, "id": "=cmd()"}, BOB)
    mateo.imports[0].finish(failure(ada, text="+49 is taken"))

    report(relay)

    content = relay.aws.objects(FOLDER)[f"{FOLDER}/failures.csv"]
    assert content.startswith(b"\xef\xbb\xbfcode,message,")
    assert content.count(b"\r\n") == 2
    (cells,) = table_of(relay.aws)
    assert (cells["external_id"], cells["message"]) == ("'=cmd()", "'+49 is taken")


def test_hints_are_counted_for_the_connection_and_name_the_contact(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish()
    hint = {"row": 1, "field": "email", "from_contact_id": "c-7"}
    mateo.imports[0].hints = [hint]

    report(relay)

    summary = summary_of(relay.aws)
    assert summary["hints"] == [hint]
    assert summary["taken_handles"] == {
        "count": 1,
        "first": [
            {"field": "email", "row": 1, "external_id": "2", "taken_from": None, "hint": hint}
        ],
    }
    (note,) = summary["notes"]
    assert (note["connection"], note["field"], note["code"], note["count"]) == (
        "erp",
        "email",
        "note.taken_handle",
        1,
    )
    assert [one["notes"] for one in rows_of(relay.aws)] == [
        [],
        [{"code": "note.taken_handle", "field": "email"}],
    ]
    assert [one["code"] for one in summary["remarks"]] == ["import.handles_taken"]


def test_a_contact_that_loses_its_handle_has_a_line(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA, {**BOB, "email": ADA["email"]})
    mateo.imports[0].finish()

    report(relay)

    (line,) = table_of(relay.aws, "left_out.csv")
    assert (line["code"], line["field"], line["external_id"], line["reason"]) == (
        "note.shared_handle",
        "email",
        "1",
        "2 came last with it",
    )


def test_a_record_without_an_external_id_is_found_by_its_digest(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, {"v": 1, "name": "No Id", "email": "No.Id@example.com"})
    mateo.imports[0].finish()

    report(relay)

    (row,) = rows_of(relay.aws)
    assert row["external_id"] is None
    assert row["key_digest"] == key_digest("contact_details#email:no.id@example.com")
    assert "example.com" not in json.dumps(row)
