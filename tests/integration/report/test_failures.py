"""Where the list of failures comes from, and which row each failure is joined to."""

import json

import httpx
import pytest

from import_relay.report.reporting import FILE_TRIES, ReportStatus
from import_relay.track.tracking import TrackingStatus
from tests.integration.report.written import (
    EVA,
    FOLDER,
    codes_of,
    failure,
    report_at_last,
    rows_of,
    submitted,
    summary_of,
)
from tests.support.following import ADA, BOB, report, track
from tests.support.mateo import ORIGIN, MateoImports
from tests.support.relay import Relay

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
    assert line["items"][0]["event"] == "d1.1"


def test_a_file_of_another_format_is_kept_as_it_is(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.finish(failure({}))
    stored.failed, stored.failed_url = None, f"{ORIGIN}/files/failed"
    mateo.files[stored.failed_url] = b"PK\x03\x04\xff"

    report_at_last(relay)

    assert relay.aws.objects(FOLDER)[f"{FOLDER}/failures.raw"] == b"PK\x03\x04\xff"
    summary = summary_of(relay.aws)
    assert codes_of(summary) == ["failures.unavailable"]
    assert summary["rows"] == {"total": 2, "imported": 1, "failed": 1, "unaccounted": 0}
    assert (summary["items"]["imported"], summary["items"]["unaccounted"]) == (1, 1)
    assert summary["failures"]["unlisted"] == 1


def test_a_file_that_is_still_being_written_is_waited_for(
    relay: Relay, mateo: MateoImports
) -> None:
    _, bob = submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.finish(failure(bob))
    stored.failed, stored.failed_url = None, f"{ORIGIN}/files/failed"
    whole = json.dumps([failure(bob)]).encode()
    for content in (b"<html>soon</html>", b"null", whole[:-9]):
        mateo.files[stored.failed_url] = content
        assert report(relay).status is ReportStatus.WAIT
    mateo.files[stored.failed_url] = whole

    assert report(relay).status is ReportStatus.FINISHED
    assert [row["outcome"] for row in rows_of(relay.aws)] == ["imported", "failed"]


def test_a_file_that_cannot_be_fetched_is_waited_for_a_while(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    (stored,) = mateo.imports
    stored.finish(failure({}))
    stored.failed, stored.failed_url = None, f"{ORIGIN}/files/gone"

    waits = []
    while (reported := report(relay)).status is ReportStatus.WAIT:
        waits.append(reported.wait_s)
        relay.clock.now += reported.wait_s

    assert reported.status is ReportStatus.FINISHED
    assert 1_200 < sum(waits) < 3_600
    assert codes_of(summary_of(relay.aws)) == ["failures.unavailable"]


def test_an_outage_of_mateo_costs_no_try_to_fetch_a_file(relay: Relay, mateo: MateoImports) -> None:
    submitted(relay, mateo, ADA)
    (stored,) = mateo.imports
    stored.finish(failure({}))
    stored.failed, stored.failed_url = None, f"{ORIGIN}/files/late"
    relay.clock.now += 100 * 3_600
    assert report(relay).status is ReportStatus.WAIT
    relay.clock.now += 900
    mateo.answers.append(httpx.Response(503))
    assert report(relay).status is ReportStatus.WAIT
    relay.clock.now += 30 * 3_600
    assert report(relay).status is ReportStatus.WAIT
    mateo.files[stored.failed_url] = httpx.Response(200, json=[failure(stored.payload[0])]).content

    assert report(relay).status is ReportStatus.FINISHED
    assert summary_of(relay.aws)["failures"]["listed"] == 1


def test_a_late_list_is_waited_for_although_two_executions_ask_for_it(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    (stored,) = mateo.imports
    stored.finish(failure({}))
    stored.failed = None
    assert track(relay).status is TrackingStatus.FINISHED
    for _ in range(2 * FILE_TRIES):
        assert report(relay).status is ReportStatus.WAIT
        relay.clock.now += 5
    stored.failed = [failure(stored.payload[0])]

    assert report(relay).status is ReportStatus.FINISHED
    assert summary_of(relay.aws)["failures"]["listed"] == 1


def test_the_file_of_an_import_that_is_never_counted_names_the_rows_that_failed(
    relay: Relay, mateo: MateoImports
) -> None:
    _, bob = submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.failed_url = f"{ORIGIN}/files/failed"
    mateo.files[stored.failed_url] = json.dumps([failure(bob)]).encode()

    assert report(relay, timed_out=True).status is ReportStatus.TIMED_OUT
    assert [row["outcome"] for row in rows_of(relay.aws)] == ["unaccounted", "failed"]


def test_if_all_rows_failed_each_is_known_to_have_failed_even_without_a_list(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.finish(failure({}), failure({}))
    stored.failed = None

    report_at_last(relay)

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
    assert line["items"] == []
    rows = rows_of(relay.aws)
    assert [(row["outcome"], row["certain"]) for row in rows] == [
        ("imported", False),
        ("unaccounted", False),
    ]
    summary = summary_of(relay.aws)
    assert summary["failures"]["joined"] == 0
    assert codes_of(summary) == ["failures.unexplained"]


def test_a_row_that_is_listed_twice_failed_once(relay: Relay, mateo: MateoImports) -> None:
    ada, _ = submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish(failure(ada))
    mateo.imports[0].failed = [failure(ada, text="email"), failure(ada, "22P02", "birthday")]

    report(relay)

    summary = summary_of(relay.aws)
    assert (summary["rows"]["imported"], summary["rows"]["failed"]) == (1, 1)
    assert (summary["failures"]["listed"], summary["items"]["failed"]) == (2, 1)
    assert [row["outcome"] for row in rows_of(relay.aws)] == ["failed", "imported"]


def test_a_list_that_comes_after_the_counts_is_waited_for(
    relay: Relay, mateo: MateoImports
) -> None:
    ada, _ = submitted(relay, mateo, ADA, BOB)
    (stored,) = mateo.imports
    stored.finish(failure(ada))
    stored.failed = None

    assert report(relay).status is ReportStatus.WAIT

    stored.failed_url = "/files/failed"  # a path on the API's own host
    mateo.files[f"{ORIGIN}/files/failed"] = json.dumps([failure(ada)]).encode()
    relay.clock.now += 60
    assert report(relay).status is ReportStatus.FINISHED
    assert [row["outcome"] for row in rows_of(relay.aws)] == ["failed", "imported"]


def test_the_list_in_the_answer_and_the_one_in_the_file_complete_each_other(
    relay: Relay, mateo: MateoImports
) -> None:
    ada, bob, _ = submitted(relay, mateo, ADA, BOB, EVA)
    (stored,) = mateo.imports
    stored.finish(failure(ada), failure(bob))
    stored.failed, stored.failed_url = [failure(ada)], f"{ORIGIN}/files/failed"
    mateo.files[stored.failed_url] = json.dumps([failure(ada), failure(bob)]).encode()

    report(relay)

    assert [row["outcome"] for row in rows_of(relay.aws)] == ["failed", "failed", "imported"]
    assert summary_of(relay.aws)["failures"]["listed"] == 2


def test_a_failed_row_that_a_file_never_names_is_unaccounted_for(
    relay: Relay, mateo: MateoImports
) -> None:
    ada, *_ = submitted(relay, mateo, ADA, BOB, EVA)
    (stored,) = mateo.imports
    stored.finish(failure(ada), failure({}))
    stored.failed, stored.failed_url = [failure(ada)], f"{ORIGIN}/files/failed"
    mateo.files[stored.failed_url] = b"[]"

    assert report(relay).status is ReportStatus.WAIT
    report_at_last(relay)

    summary = summary_of(relay.aws)
    assert summary["rows"] == {"total": 3, "imported": 1, "failed": 2, "unaccounted": 0}
    items = summary["items"]
    assert (items["imported"], items["failed"], items["unaccounted"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("entries", "outcomes"),
    [
        pytest.param([{"row": 0}], "fii", id="0 shows that it counts from 0"),
        pytest.param([{"row": 3}], "iif", id="the last number shows that it counts from 1"),
        pytest.param([{"row": 1, "input": {"external_id": "1"}}, {"row": "2"}], "ffi", id="shown"),
        pytest.param([{"row_number": 2}], "ifi", id="by name from 1"),
        pytest.param([{"index": 1}], "ifi", id="by name from 0"),
        pytest.param([{"row": 7}], "iiu", id="out of range"),
    ],
)
def test_a_failure_with_a_number_instead_of_its_row_is_joined(
    relay: Relay, mateo: MateoImports, entries: list[dict[str, object]], outcomes: str
) -> None:
    submitted(relay, mateo, ADA, BOB, EVA)
    mateo.imports[0].finish(*({"code": "23514", "message": "m", **entry} for entry in entries))

    report(relay)

    assert "".join(row["outcome"][0] for row in rows_of(relay.aws)) == outcomes


def test_if_mateo_may_count_rows_from_0_or_1_both_rows_may_be_imported_again(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA, BOB, EVA)
    mateo.imports[0].finish({"code": "23514", "message": "m", "row": 1})

    report(relay)

    keys = {number: f"contact_details#external_id:{number}" for number in (1, 2, 3)}
    claims = relay.watermarks.read(keys.values())
    failed = [any(one.failed for one in claims[key].claims.values()) for key in keys.values()]
    assert failed == [True, True, False]
    assert [row["certain"] for row in rows_of(relay.aws)] == [False, False, True]


@pytest.mark.parametrize(
    "given",
    [
        {"external_id": 1, "email": "ADA@example.com"},
        {"email": " ADA@EXAMPLE.COM "},
        {"email": ["ada@example.com"]},
    ],
)
def test_a_row_that_mateo_normalised_is_recognised(
    relay: Relay, mateo: MateoImports, given: dict[str, object]
) -> None:
    submitted(relay, mateo, ADA, BOB)
    mateo.imports[0].finish(failure(given))

    report(relay)

    assert [row["outcome"] for row in rows_of(relay.aws)] == ["failed", "imported"]


def test_a_count_of_failed_rows_that_stays_null_follows_from_the_others(
    relay: Relay, mateo: MateoImports
) -> None:
    ada, *_ = submitted(relay, mateo, ADA, BOB, EVA)
    (stored,) = mateo.imports
    stored.finish(failure(ada))
    stored.failed_count = None

    report(relay)

    rows = summary_of(relay.aws)["rows"]
    assert rows == {"total": 3, "imported": 2, "failed": 1, "unaccounted": 0}
