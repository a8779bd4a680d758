"""Where the list of failures comes from, and which row each of them is joined to."""

import json

import httpx
import pytest

from import_relay.reporting import Status
from tests.support.ends import ADA, BOB, report
from tests.support.mateo import ORIGIN, MateoImports
from tests.support.relay import Relay
from tests.unit.reporting.written import (
    EVA,
    FOLDER,
    codes_of,
    failure,
    rows_of,
    submitted,
    summary_of,
)

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

    waits = []
    while (reported := report(relay)).status is Status.WAIT:
        waits.append(reported.wait_s)
        relay.clock.now += reported.wait_s

    assert reported.status is Status.FINISHED
    assert 1_200 < sum(waits) < 3_600
    assert codes_of(summary_of(relay.aws)) == ["failures.unavailable"]


def test_a_file_is_asked_for_as_often_after_an_outage_of_mateo(
    relay: Relay, mateo: MateoImports
) -> None:
    submitted(relay, mateo, ADA)
    (stored,) = mateo.imports
    stored.finish(failure({}))
    stored.failed, stored.failed_url = None, f"{ORIGIN}/files/late"
    relay.clock.now += 100 * 3_600
    assert report(relay).status is Status.WAIT
    relay.clock.now += 900
    mateo.answers.append(httpx.Response(503))
    assert report(relay).status is Status.WAIT
    relay.clock.now += 30 * 3_600
    assert report(relay).status is Status.WAIT
    mateo.files[stored.failed_url] = httpx.Response(200, json=[failure(stored.payload[0])]).content

    assert report(relay).status is Status.FINISHED
    assert summary_of(relay.aws)["failures"]["listed"] == 1


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
