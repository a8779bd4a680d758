"""How an import's end is written down, and what happens to rows that did not get in."""

import csv
import gzip
import io
import json
from collections.abc import Collection, Iterator
from typing import Any

import httpx
import pytest

from import_relay.changes import row_text
from import_relay.errors import CODES
from import_relay.findings import numbers_of, numbers_text
from import_relay.planning import request_body
from import_relay.records.messages import LONGEST_DELAY_S, repeat_bodies
from import_relay.records.models import Row
from import_relay.reporting import ANOTHER_S, Status
from import_relay.state.budget import CLOCK_SKEW_S
from import_relay.state.ledger import State
from tests.support.aws import BUCKET, Aws, relay_resources
from tests.support.builders import (
    CAMPAIGNS,
    CONTACTS,
    NOON,
    change,
    connections,
    message,
    partial_item,
)
from tests.support.ends import (
    ADA,
    BOB,
    Killed,
    api_with_new_token,
    payload_of,
    relay_with_imports,
    report,
    reporting_of,
    sent_entry,
    unknown_import,
)
from tests.support.mateo import ORIGIN, MateoImports
from tests.support.relay import Relay

FOLDER = "reports/date=2026-11-21/type=contact_details/import=ref-1"
TODAY = "2026-11-21"
EVA = {"id": 3, "v": 1, "name": "Eva Example", "phone": "+4915112345678"}
DEALS = """
[erp]
kind = "json"
[erp.deal]
version = "v"
[erp.deal.fields]
external_id = "id"
name = "name"
contact_external_id = "customer"
"""
DEAL = {"id": 7, "v": 1, "name": "Roof", "customer": "c-9"}


@pytest.fixture(name="aws")
def resources() -> Iterator[Aws]:
    with relay_resources() as made:
        yield made


@pytest.fixture
def made(aws: Aws) -> tuple[Relay, MateoImports]:
    return relay_with_imports(aws)


@pytest.fixture
def relay(made: tuple[Relay, MateoImports]) -> Relay:
    return made[0]


@pytest.fixture
def mateo(made: tuple[Relay, MateoImports]) -> MateoImports:
    return made[1]


def failure(row: object, code: str = "23514", text: str = "violates unique") -> dict[str, Any]:
    return {"code": code, "message": text, "input": row}


def summary_of(aws: Aws, folder: str = FOLDER) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws.objects(folder)[f"{folder}/summary.json"])
    return found


def rows_of(aws: Aws, folder: str = FOLDER) -> list[dict[str, Any]]:
    content = gzip.decompress(aws.objects(folder)[f"{folder}/rows.ndjson.gz"])
    return [json.loads(line) for line in content.splitlines()]


def table_of(aws: Aws, folder: str = FOLDER) -> list[dict[str, str]]:
    text = aws.objects(folder)[f"{folder}/failures.csv"].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def codes_of(summary: dict[str, Any]) -> list[str]:
    return [remark["code"] for remark in summary["remarks"]]


def submitted(relay: Relay, mateo: MateoImports, *items: object) -> list[dict[str, Any]]:
    """Submit the items as ref-1 and return its rows."""
    relay.submit(message(items))
    rows = payload_of(mateo)
    mateo.requests.clear()
    return rows


# what is written


def test_an_import_without_failures_has_a_summary_and_no_list_of_failures(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish()

    reported = report(relay)

    assert reported.status is Status.FINISHED
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
    assert line["sources"] == [
        {
            "connection": "erp",
            "event": "d1.0",
            "origin": "d1/0",
            "received_at": "2026-11-21T12:00:00+00:00",
        }
    ]
    (cells,) = table_of(relay.aws)
    assert json.loads(cells["input"]) == ada
    assert (cells["connection"], cells["event"]) == ("erp", "d1.0")
    assert cells["received_at"] == "2026-11-21T12:00:00+00:00"
    assert [row["outcome"] for row in rows_of(relay.aws)] == ["failed", "imported"]
    assert summary_of(relay.aws)["failures"]["codes"] == {"23514": 1}


def test_the_rows_file_names_no_person(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()

    report(relay)

    assert rows_of(relay.aws) == [
        {"row": 0, "outcome": "imported", "origins": ["d1/0"], "notes": []}
    ]


def test_every_occurrence_of_a_coalesced_row_is_counted(relay: Relay, mateo: MateoImports) -> None:
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
    assert rows_of(relay.aws)[0]["origins"] == ["d1/0", "d1/1"]


def test_what_was_left_out_of_rows_is_counted(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, {**ADA, "phone": "12"})
    mateo.imports[0].finish()

    report(relay)

    assert summary_of(relay.aws)["notes"] == {"whatsapp: no valid number, left out": 1}


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


# where the list of failures comes from


@pytest.mark.parametrize("kind", ["array", "lines", "csv", "wrapped"])
def test_a_file_of_failures_is_read_in_every_likely_format(
    relay: Relay, mateo: MateoImports, kind: str
) -> None:
    _, bob = submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.finish(failure(bob))
    stored.failed, stored.failed_url = None, f"{ORIGIN}/files/failed"
    mateo.files[stored.failed_url] = {
        "array": json.dumps([failure(bob)]),
        "lines": json.dumps(failure(bob)) + "\n",
        "csv": 'code,message,external_id,email\r\n23514,"a, b",2,bob@example.com\r\n',
        "wrapped": json.dumps({"failed": [failure(bob)]}),
    }[kind].encode()

    report(relay)

    assert [row["outcome"] for row in rows_of(relay.aws)] == ["imported", "failed"]
    (line,) = relay.aws.lines(f"{FOLDER}/failures.ndjson")
    assert line["sources"][0]["event"] == "d1.1"


def test_a_file_of_another_format_is_kept_as_it_is(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.finish(failure({}))
    stored.failed, stored.failed_url = None, f"{ORIGIN}/files/failed"
    mateo.files[stored.failed_url] = b"PK\x03\x04\xff"

    report(relay)

    assert relay.aws.objects(FOLDER)[f"{FOLDER}/failures.raw"] == b"PK\x03\x04\xff"
    summary = summary_of(relay.aws)
    assert codes_of(summary) == ["failures.unavailable"]
    assert summary["rows"] == {"total": 2, "imported": 1, "failed": 1, "unaccounted": 0}
    assert summary["items"]["unaccounted"] == summary["items"]["total"] == 2
    assert summary["failures"]["unlisted"] == 1


def test_a_file_that_cannot_be_had_is_waited_for_a_while(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    (stored,) = mateo.imports
    stored.finish(failure({}))
    stored.failed, stored.failed_url = None, f"{ORIGIN}/files/gone"

    assert report(relay).status is Status.WAIT
    relay.clock.now += 1_800
    assert report(relay).status is Status.FINISHED

    assert codes_of(summary_of(relay.aws)) == ["failures.unavailable"]


def test_if_all_rows_failed_it_is_known_of_each_even_without_a_list(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.finish(failure({}), failure({}))
    stored.failed = None

    report(relay)

    assert summary_of(relay.aws)["items"]["failed"] == 2


# joining


@pytest.mark.parametrize(
    "given",
    [
        {"external_id": "3", "full_name": "somebody else"},
        {"whatsapp": "+4915112345678"},
        {"whatsapp": ["+4915112345678"]},
    ],
)
def test_a_failure_is_joined_by_identifier_or_handle_if_its_row_was_changed(
    relay: Relay, mateo: MateoImports, given: dict[str, object]
) -> None:
    submitted(relay, mateo, ADA, EVA)
    mateo.imports[0].finish(failure(given))

    report(relay)

    assert [row["outcome"] for row in rows_of(relay.aws)] == ["imported", "failed"]


def test_a_failure_of_no_known_row_is_listed_without_a_source(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish(failure({"external_id": "99"}))

    report(relay)

    (line,) = relay.aws.lines(f"{FOLDER}/failures.ndjson")
    assert line["sources"] == []
    assert [row["outcome"] for row in rows_of(relay.aws)] == ["unaccounted", "unaccounted"]
    assert summary_of(relay.aws)["failures"]["joined"] == 0


def test_two_failures_are_never_joined_to_one_row(relay: Relay, mateo: MateoImports) -> None:
    ada, _ = submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish(failure(ada), failure(ada))

    report(relay)

    assert summary_of(relay.aws)["failures"]["joined"] == 1


# sums


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        ((2, 1, 0), {"imported": 1, "failed": 0, "unaccounted": 1}),
        ((1, 1, 0), {"imported": 1, "failed": 0, "unaccounted": 1}),
        ((5, 5, 0), {"imported": 2, "failed": 0, "unaccounted": 0}),
        ((5, 2, 3), {"imported": 0, "failed": 2, "unaccounted": 0}),
    ],
)
def test_rows_add_up_whatever_mateo_counts(
    relay: Relay, mateo: MateoImports, counts: tuple[int, int, int], rows: dict[str, int]
) -> None:
    submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.total_count, stored.success_count, stored.failed_count = counts

    report(relay)

    summary = summary_of(relay.aws)
    assert summary["rows"] == {"total": 2, **rows}
    items = summary["items"]
    assert items["total"] == sum(count for name, count in items.items() if name != "total")
    assert summary["mateo"]["total_count"] == counts[0]


def test_counts_that_differ_from_what_was_sent_are_remarked(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.total_count, stored.success_count, stored.failed_count = 3, 3, 0

    report(relay)

    (remark,) = summary_of(relay.aws)["remarks"]
    assert remark["code"] == "import.counts_differ"
    assert remark["what_to_do"] == CODES["import.counts_differ"].what_to_do


def test_several_imports_that_were_found_are_remarked(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()
    relay.ledger.advance("ref-1", source=[State.SENT], target=State.SENT, found=2)

    report(relay)

    assert codes_of(summary_of(relay.aws)) == ["import.several_found"]


def test_a_report_without_the_frozen_import_still_counts(relay: Relay, mateo: MateoImports) -> None:
    ada, _ = submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish(failure(ada))
    relay.aws.s3.delete_object(Bucket=BUCKET, Key="imports/ref-1/request.json.gz")

    report(relay)

    summary = summary_of(relay.aws)
    assert summary["rows"] == {"total": 2, "imported": 1, "failed": 1, "unaccounted": 0}
    assert codes_of(summary) == ["import.not_frozen"]


# what is counted


def ends(relay: Relay) -> dict[str, int]:
    return relay.tally.days([TODAY]).get(TODAY, {})


def at(day: int) -> int:
    """Noon of a day of November 2026, as a time of receipt."""
    return int((NOON + (day - 21) * 86_400) * 1_000_000)


def test_ends_are_counted_on_the_day_on_which_the_records_were_received(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.submit(
        message([ADA, BOB], received_at=at(18)), message([EVA], delivery="d2", received_at=at(21))
    )
    ada, *_ = payload_of(mateo)
    mateo.imports[0].finish(failure(ada))

    report(relay)

    assert relay.tally.days(f"2026-11-{day}" for day in range(17, 23)) == {
        "2026-11-18": {"imported": 1, "failed": 1},
        TODAY: {"imported": 1},
    }


def test_an_import_is_counted_when_it_is_closed_and_not_before(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()
    before = ends(relay)

    report(relay)
    report(relay)

    assert (before, ends(relay)) == ({}, {"imported": 1})


def test_every_occurrence_of_a_coalesced_row_comes_to_the_end_of_the_row(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, {**ADA, "v": 2}, ADA, BOB)
    mateo.imports[0].finish()

    report(relay)

    assert ends(relay) == {"imported": 2, "superseded": 1}


def test_records_that_come_again_are_counted_when_they_have_ended(
    relay: Relay, mateo: MateoImports
) -> None:
    deal_failed(relay, mateo)
    before = ends(relay)
    ((content, _),) = relay.aws.queued()
    relay.submit(json.dumps(content))
    mateo.imports[1].finish()

    report(relay, "ref-2")

    assert (before, ends(relay)) == ({}, {"imported": 1})


def test_records_of_an_import_that_was_given_up_are_counted_as_unaccounted(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)

    report(relay, gave_up=True)

    assert ends(relay) == {"unaccounted": 2}


def test_records_whose_origin_is_no_longer_kept_are_counted_as_unaccounted(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.connections = connections(CAMPAIGNS)
    items = [partial_item(1, name="Ada"), partial_item(2, city="Ulm")]
    relay.submit(message(items, connection="campaigns", received_at=at(18)))
    mateo.imports[0].finish()
    relay.aws.s3.delete_object(Bucket=BUCKET, Key="imports/ref-1/request.json.gz")

    report(relay)

    assert relay.entry("ref-1").rows == 1
    assert relay.tally.days(["2026-11-18", TODAY]) == {TODAY: {"unaccounted": 2}}


def test_records_that_are_sent_back_are_not_counted(relay: Relay, mateo: MateoImports) -> None:
    unknown_import(relay, mateo, created=False)

    reporting_of(relay).send_back("ref-1")

    assert ends(relay) == {}


# given up


def test_an_import_that_was_given_up_is_reported_as_unfinished(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)

    reported = report(relay, gave_up=True)

    assert reported.status is Status.GAVE_UP
    assert relay.entry("ref-1").state is State.GAVE_UP
    summary = summary_of(relay.aws)
    assert summary["state"] == "unfinished"
    assert summary["rows"] == {"total": 2, "imported": 0, "failed": 0, "unaccounted": 2}
    assert summary["items"]["unaccounted"] == 2
    assert codes_of(summary) == ["import.unfinished"]
    assert relay.said("import.gave_up")[0]["unaccounted"] == 2


def test_an_import_that_finishes_in_the_last_moment_is_finished(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()

    assert report(relay, gave_up=True).status is Status.FINISHED


def test_an_import_that_was_never_found_is_reported_without_a_request(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)

    assert report(relay, gave_up=True).status is Status.GAVE_UP
    assert mateo.requests == []


def test_giving_up_needs_no_answer_of_mateo(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    mateo.answers.append(httpx.Response(503))

    assert report(relay, gave_up=True).status is Status.GAVE_UP


# waiting


@pytest.mark.parametrize(
    ("answer", "wait_s", "reason"),
    [
        (httpx.ConnectError("down"), 5, "mateo.unreachable"),
        (httpx.Response(429, headers={"retry-after": "60"}), 60, "mateo.rate_limited"),
        (httpx.Response(401), 900, "mateo.credentials"),
    ],
)
def test_a_report_waits_for_mateo(
    relay: Relay,
    mateo: MateoImports,
    answer: httpx.Response | httpx.HTTPError,
    wait_s: int,
    reason: str,
) -> None:
    submitted(relay, mateo, ADA)
    mateo.answers.append(answer)

    reported = report(relay)

    assert (reported.status, reported.wait_s, reported.reason) == (Status.WAIT, wait_s, reason)
    assert relay.entry("ref-1").state is State.SENT
    assert relay.aws.objects("reports/") == {}


def test_a_report_with_a_new_token_is_tried_at_once(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    mateo.answers.append(httpx.Response(401))

    assert report(relay, api=api_with_new_token(relay)).wait_s == 5


def test_a_report_does_not_wait_for_mateo_forever(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    counts: dict[str, int | None] = {"total_count": 1, "success_count": 1, "failed_count": 0}
    relay.ledger.record_poll(relay.entry("ref-1"), polled_at=relay.clock.now, counts=counts)
    relay.clock.now += 86_400
    mateo.answers.append(httpx.Response(503))

    assert report(relay).status is Status.FINISHED
    assert summary_of(relay.aws)["rows"]["imported"] == 1


# the same change again


def test_a_change_that_failed_may_be_delivered_again(relay: Relay, mateo: MateoImports) -> None:
    ada, _ = submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish(failure(ada))
    report(relay)

    relay.submit(message([ADA, BOB], delivery="d2", events=["d1.0", "d1.1"]))

    assert [row["external_id"] for row in payload_of(mateo)] == ["1"]


def test_a_change_that_is_unaccounted_for_may_be_delivered_again(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    report(relay, gave_up=True)

    relay.submit(message([ADA], delivery="d2", events=["d1.0"]))

    assert len(mateo.imports) == 2


def test_until_the_report_is_written_the_records_stay_busy(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    mateo.imports[0].finish()

    class NoBucket:
        def thaw(self, reference: str) -> None:
            raise Killed

    with pytest.raises(Killed):
        report(relay, archive=NoBucket())
    assert relay.submit(message([{**ADA, "v": 2}], delivery="d2")).deferred == 1


# rows that time can heal


def deal_failed(relay: Relay, mateo: MateoImports, item: object = DEAL, code: str = "23503") -> str:
    relay.connections = connections(DEALS)
    (row,) = submitted(relay, mateo, item)
    mateo.imports[0].finish(failure(row, code))
    report(relay)
    return "reports/date=2026-11-21/type=deal_details/import=ref-1"


def test_a_deal_whose_contact_is_not_there_yet_comes_again_later(
    relay: Relay, mateo: MateoImports
) -> None:
    folder = deal_failed(relay, mateo)

    ((content, delay_s),) = relay.aws.queued()
    assert delay_s == 900
    assert (content["delivery"], content["connection"]) == ("d1", "erp")
    assert content["items"] == [{"n": 0, "event": "d1.0", "item": DEAL, "attempt": 1}]
    (line,) = relay.aws.lines(f"{folder}/failures.ndjson")
    assert (line["retryable"], line["will_retry"]) == (True, True)
    summary = summary_of(relay.aws, folder)
    assert summary["rows"]["failed"] == 1
    assert (summary["items"]["retried"], summary["items"]["failed"]) == (1, 0)
    assert rows_of(relay.aws, folder)[0]["outcome"] == "retried"


def test_a_deal_that_comes_again_is_imported(relay: Relay, mateo: MateoImports) -> None:
    deal_failed(relay, mateo)
    ((content, _),) = relay.aws.queued()

    relay.submit(json.dumps(content))

    assert len(mateo.imports) == 2


def test_a_deal_comes_again_three_times_only(relay: Relay, mateo: MateoImports) -> None:
    relay.connections = connections(DEALS)
    body = json.loads(message([DEAL]))
    body["items"][0]["attempt"] = 3
    relay.submit(json.dumps(body))
    mateo.imports[0].finish(failure(payload_of(mateo)[0], "23503"))

    report(relay)

    assert relay.aws.queued() == []
    folder = "reports/date=2026-11-21/type=deal_details/import=ref-1"
    (line,) = relay.aws.lines(f"{folder}/failures.ndjson")
    assert (line["retryable"], line["will_retry"]) == (True, False)


@pytest.mark.parametrize(
    ("item", "code"), [(DEAL, "23505"), ({"id": 7, "v": 1, "name": "Roof"}, "23503")]
)
def test_a_deal_that_fails_otherwise_waits_for_a_person(
    relay: Relay, mateo: MateoImports, item: object, code: str
) -> None:
    deal_failed(relay, mateo, item, code)

    assert relay.aws.queued() == []


def test_a_contact_never_comes_again(relay: Relay, mateo: MateoImports) -> None:
    (ada,) = submitted(relay, mateo, ADA)
    mateo.imports[0].finish(failure(ada, "23503"))

    report(relay)

    assert relay.aws.queued() == []


# crashes


class Dying:
    """A part that a report dies of: before it stores or closes, or once its messages are sent."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        if name in ("put", "close"):
            raise Killed
        if name == "send":
            return self._send
        return getattr(self._real, name)

    def _send(self, messages: Any) -> None:
        self._real.send(messages)
        raise Killed


def dying(relay: Relay, part: str) -> dict[str, Any]:
    """That part of the relay, so that a report dies of it."""
    return {part: Dying(getattr(relay, part))}


@pytest.mark.parametrize("part", ["archive", "queue", "ledger"])
def test_a_report_that_died_halfway_is_written_again_the_same(
    relay: Relay, mateo: MateoImports, part: str
) -> None:
    relay.connections = connections(DEALS)
    (row,) = submitted(relay, mateo, DEAL)
    mateo.imports[0].finish(failure(row, "23503"))

    with pytest.raises(Killed):
        report(relay, **dying(relay, part))
    before = relay.aws.objects("reports/")
    relay.clock.now += 300 + CLOCK_SKEW_S + 1

    assert report(relay).status is Status.FINISHED

    after = relay.aws.objects("reports/")
    assert {key: after[key] for key in before} == before
    first, *more = (content for content, _ in relay.aws.queued())
    relay.submit(json.dumps(first), *(json.dumps(one) for one in more))
    assert len(mateo.imports) == 2
    assert ends(relay) == {}


@pytest.mark.parametrize("died_over", ["queue", "archive"])
def test_a_row_that_was_brought_again_is_not_failed_as_well_if_mateo_names_it_no_more(
    relay: Relay, mateo: MateoImports, died_over: str
) -> None:
    relay.connections = connections(DEALS)
    (row,) = submitted(relay, mateo, DEAL)
    mateo.imports[0].finish(failure(row, "23503"))
    with pytest.raises(Killed):
        report(relay, **dying(relay, died_over))
    mateo.imports[0].failed = None
    relay.clock.now += 300 + CLOCK_SKEW_S + 1

    assert report(relay).status is Status.FINISHED

    folder = "reports/date=2026-11-21/type=deal_details/import=ref-1"
    assert rows_of(relay.aws, folder)[0]["outcome"] == "retried"
    assert summary_of(relay.aws, folder)["items"] == {
        "total": 1,
        "imported": 0,
        "failed": 0,
        "retried": 1,
        "unaccounted": 0,
    }
    assert ends(relay) == {}
    assert {body["items"][0]["attempt"] for body, _ in relay.aws.queued()} == {1}


def test_a_row_that_mateo_names_later_is_brought_again_as_well(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.connections = connections(DEALS)
    first, second = submitted(relay, mateo, DEAL, {**DEAL, "id": 8})
    mateo.imports[0].finish(failure(first, "23503"))
    with pytest.raises(Killed):
        report(relay, **dying(relay, "queue"))
    mateo.imports[0].finish(failure(first, "23503"), failure(second, "23503"))
    relay.clock.now += 300 + CLOCK_SKEW_S + 1

    report(relay)

    folder = "reports/date=2026-11-21/type=deal_details/import=ref-1"
    assert [row["outcome"] for row in rows_of(relay.aws, folder)] == ["retried", "retried"]
    assert ends(relay) == {}


def test_a_row_that_was_brought_again_counts_as_failed_if_mateo_says_that_all_are_imported(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.connections = connections(DEALS)
    first, _ = submitted(relay, mateo, DEAL, {**DEAL, "id": 8})
    mateo.imports[0].finish(failure(first, "23503"))
    with pytest.raises(Killed):
        report(relay, **dying(relay, "queue"))
    mateo.imports[0].finish()
    relay.clock.now += 300 + CLOCK_SKEW_S + 1

    report(relay)

    folder = "reports/date=2026-11-21/type=deal_details/import=ref-1"
    assert [row["outcome"] for row in rows_of(relay.aws, folder)] == ["retried", "imported"]
    summary = summary_of(relay.aws, folder)
    assert summary["rows"] == {"total": 2, "imported": 1, "failed": 1, "unaccounted": 0}
    assert "import.counts_differ" in codes_of(summary)
    assert ends(relay) == {"imported": 1}


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((), ""), ((7,), "7"), ((4, 0, 1, 3), "0-1,3-4"), (range(5_000), "0-4999")],
)
def test_the_rows_that_come_again_are_written_down_in_short(
    numbers: Collection[int], text: str
) -> None:
    assert numbers_text(numbers) == text
    assert sorted(numbers_of(text)) == sorted(numbers)


def test_a_report_that_somebody_else_is_writing_is_waited_for(
    relay: Relay, mateo: MateoImports
) -> None:
    relay.connections = connections(DEALS)
    (row,) = submitted(relay, mateo, DEAL)
    mateo.imports[0].finish(failure(row, "23503"))
    relay.ledger.begin_report(relay.entry("ref-1"), until=relay.clock() + 60, retried="")

    reported = report(relay)

    assert (reported.status, reported.wait_s) == (Status.WAIT, ANOTHER_S)
    assert (relay.aws.objects("reports/"), relay.aws.queued()) == ({}, [])


def test_a_second_report_of_an_import_does_nothing(relay: Relay, mateo: MateoImports) -> None:
    deal_failed(relay, mateo)
    mateo.requests.clear()
    relay.events.clear()

    assert report(relay).status is Status.FINISHED
    assert (mateo.requests, relay.events) == ([], [])
    assert len(relay.aws.queued()) == 1


def test_a_report_of_an_import_that_never_was_is_an_error(relay: Relay) -> None:
    with pytest.raises(LookupError):
        report(relay, "ref-9")


# sent back


def test_the_records_of_an_import_that_was_not_created_come_again(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    relay.lambda_.enabled = True

    reported = reporting_of(relay).send_back("ref-1")

    assert reported.status is Status.ABANDONED
    assert relay.entry("ref-1").state is State.ABANDONED
    assert relay.budget.usage().entities == 0
    ((content, delay_s),) = relay.aws.queued()
    assert delay_s == LONGEST_DELAY_S  # a message that is there before the entry is void is lost
    assert [item["item"] for item in content["items"]] == [ADA, BOB]
    relay.clock.now += 7_200
    relay.submit(json.dumps(content))
    assert len(payload_of(mateo)) == 2


def test_records_that_were_sent_back_twice_are_imported_once(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)

    class Dying:
        def get(self, reference: str) -> object:
            return relay.entry(reference)

        def release(self, *_: object, **__: object) -> None:
            raise Killed

    with pytest.raises(Killed):
        reporting_of(relay, ledger=Dying()).send_back("ref-1")
    reporting_of(relay).send_back("ref-1")
    relay.clock.now += 7_200
    for content, _ in relay.aws.queued():
        relay.submit(json.dumps(content))

    assert len(mateo.imports) == 1


def test_an_import_that_is_no_longer_unknown_is_not_sent_back(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)

    reported = reporting_of(relay).send_back("ref-1")

    assert reported.status is Status.WAIT
    assert relay.aws.queued() == []
    assert relay.entry("ref-1").state is State.SENT


def test_records_that_are_no_longer_kept_are_reported_and_not_forgotten(
    relay: Relay, mateo: MateoImports
) -> None:
    unknown_import(relay, mateo, created=False)
    relay.aws.s3.delete_object(Bucket=BUCKET, Key="imports/ref-1/request.json.gz")

    reported = reporting_of(relay).send_back("ref-1")

    assert reported.status is Status.GAVE_UP
    (summary,) = [json.loads(one) for one in relay.aws.objects("reports/").values()]
    assert summary["rows"]["unaccounted"] == 2
    assert "import.not_frozen" in [one["code"] for one in summary["remarks"]]
    assert ends(relay) == {"unaccounted": 2}


def source(number: int, *, item: object = None, delivery: str = "d1") -> dict[str, Any]:
    return {
        "connection": "erp",
        "delivery": delivery,
        "n": number,
        "event": f"e{number}",
        "received_at": 1_000,
        "attempt": 0,
        "item": item,
    }


def test_messages_that_bring_records_again_stay_within_the_limits_of_the_queue() -> None:
    many = [source(number) for number in range(150)]
    large = [source(number, item="x" * 100_000, delivery="d2") for number in range(5)]

    bodies = [json.loads(body) for body in repeat_bodies([*many, *large])]

    assert [(body["delivery"], len(body["items"])) for body in bodies] == [
        ("d1", 100),
        ("d1", 50),
        ("d2", 2),
        ("d2", 2),
        ("d2", 1),
    ]


def test_a_record_too_large_for_a_message_comes_again_from_where_the_receiver_stored_it() -> None:
    (body,) = repeat_bodies([source(7, item="ä" * 200_000)])

    assert json.loads(body)["items"] == [{"n": 7, "event": "e7", "at": "oversize/d1/7.json"}]
