"""Webhooks that only name records: the records are read at the CRM, or the items requeued."""

import json
from urllib.parse import parse_qs

import httpx
import pytest

from tests.support.builders import ERP, connections, message
from tests.support.relay import Relay

CONNECTIONS = (
    ERP
    + """
[crm]
kind = "zoho"
same_ids_as = "erp"
api_url = "https://api.example.com"
accounts_url = "https://accounts.example.com"
[crm.contact]
"""
)
ADA = {"id": 7, "v": 1, "name": "Ada Example"}


def changed(*ids: int, delivery: str = "d2") -> str:
    """A queue message of Zoho's: these contacts changed."""
    event = {"module": "Contacts", "operation": "update", "server_time": 1_795_262_400_000}
    items = [{**event, "id": str(n)} for n in ids]
    return message(items, delivery=delivery, connection="crm")


def crm(request: httpx.Request) -> httpx.Response:
    """Zoho as its documentation shows it; it has the contacts 1 to 250."""
    if request.url.host == "accounts.example.com":
        return httpx.Response(200, json={"access_token": "access-1", "expires_in": 3600})
    assert request.headers["authorization"] == "Zoho-oauthtoken access-1"
    (ids,) = parse_qs(request.url.query.decode())["ids"]
    found = [
        {
            "id": one,
            "Last_Name": f"Person {one}",
            "Email": f"person{one}@example.com",
            "Modified_Time": "2026-11-21T12:00:00+00:00",
        }
        for one in ids.split(",")
        if int(one) <= 250
    ]
    return httpx.Response(200, json={"data": found}) if found else httpx.Response(204)


@pytest.fixture
def reading(relay: Relay) -> Relay:
    """A relay with a CRM whose records can be read, and an ERP that sends whole ones."""
    relay.connections = connections(CONNECTIONS)
    relay.secrets = {"crm.token": ["id:secret:refresh"]}
    relay.crm = crm
    return relay


def test_named_records_are_read_and_imported_as_a_whole(reading: Relay) -> None:
    report = reading.submit(changed(1, 2))

    assert reading.mateo.rows == [
        {"external_id": str(n), "full_name": f"Person {n}", "email": f"person{n}@example.com"}
        for n in (1, 2)
    ]
    assert (report.rows, report.requeued, report.failed_message_ids) == (2, 0, set())


def test_records_are_read_in_the_batches_that_the_api_takes(reading: Relay) -> None:
    asked: list[int] = []

    def counting(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/crm/"):
            asked.append(len(request.url.params["ids"].split(",")))
        return crm(request)

    reading.crm = counting
    reading.submit(*(changed(n, delivery=f"d{n}") for n in range(1, 251)))

    assert asked == [100, 100, 50]


def test_a_record_that_the_crm_does_not_have_later_either_is_ignored(reading: Relay) -> None:
    assert reading.submit(changed(1, 999)).requeued == 1
    ((content, _),) = reading.aws.queued()
    reading.clock.now += 900.0

    report = reading.submit(json.dumps(content), invocation="later")

    assert report.outcomes == {"ignored": 1}
    assert [line["reason"] for line in reading.aws.lines("outcomes/")] == ["deleted"]


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(503),
        httpx.Response(401),
        httpx.Response(200, json={"data": "odd"}),
        httpx.ReadTimeout("slow"),
    ],
)
def test_a_crm_in_trouble_makes_its_own_records_wait_and_no_others(
    reading: Relay, trouble: httpx.Response | Exception
) -> None:
    def troubled(request: httpx.Request) -> httpx.Response:
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    reading.crm = troubled
    report = reading.submit(message([ADA]), changed(1, 2))

    assert [row["external_id"] for row in reading.mateo.rows] == ["7"]
    assert (report.requeued, report.failed_message_ids, report.unread_connections) == (2, set(), 1)
    ((content, delay),) = reading.aws.queued()
    assert (content["connection"], len(content["items"]), delay) == ("crm", 2, 60)
    assert [keys["connection"] for keys in reading.said("fetcher.unavailable")] == ["crm"]


def test_what_waited_is_imported_once_the_crm_answers_again(reading: Relay) -> None:
    reading.crm = lambda request: httpx.Response(503)
    reading.submit(changed(1))
    ((content, _),) = reading.aws.queued()
    reading.crm = crm

    reading.submit(json.dumps(content), invocation="later")

    assert [row["external_id"] for row in reading.mateo.rows] == ["1"]


def test_the_same_state_read_again_is_a_duplicate(reading: Relay) -> None:
    reading.submit(changed(1))

    report = reading.submit(changed(1, delivery="d3"), invocation="later")

    assert report.outcomes == {"duplicate": 1}
    assert len(reading.mateo.rows) == 1


def test_without_a_token_named_records_are_rejected_into_the_report(reading: Relay) -> None:
    reading.secrets = {}
    report = reading.submit(changed(1))

    assert report.outcomes == {"rejected": 1}
    (line,) = reading.aws.lines("rejected/")
    assert line["code"] == "row.token_missing"
    assert "crm.token" in str(line)
