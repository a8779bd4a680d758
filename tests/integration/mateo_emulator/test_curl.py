"""The documented command lines, executed as they stand; only host and token are replaced."""

from __future__ import annotations

import argparse
import json
import shlex

import httpx
import pytest

from tests.integration.mateo_emulator.emulator import TOKEN, Emulator

HOST = "https://integration.getmateo.com"
LIST_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
CREATE = r"""
curl --request POST \
  --url https://integration.getmateo.com/api/v1/import \
  --header 'Authorization: Bearer <token>' \
  --header 'Content-Type: application/json' \
  --data '{
  "type": "contact_details",
  "payload": {},
  "contact_list_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a"
}'
"""
LIST = r"""
curl --request GET \
  --url https://integration.getmateo.com/api/v1/import \
  --header 'Authorization: Bearer <token>'
"""
GUIDE = r"""
curl "https://integration.getmateo.com/api/v1/import?select=id" \
 -X POST -H "Content-Type: application/json" \
 -d '[ ... the payload ... ]'
"""
GUIDE_PAYLOAD = """
{
  "type": "contact_details",
  "payload": [
    {
      "external_id": "1",
      "email": "my@contact.com",
      "my_custom_field_key": "my_custom_field_value",
      "my_marketing_channel_key": "accepted"
    },
    {
      "external_id": "2",
      "email": "another@contact.com",
      "my_custom_field_key": "another_custom_field_value",
      "my_marketing_channel_key": "declined"
    }
  ]
}
"""
GUIDE_DATETIMES = """
{
  "type": "contact_details",
  "payload": [
    {
      "external_id": "1",
      "email": "my@contact.com",
      "birthday": "1990-05-15T00:00:00Z",
      "last_contacted_at": "2024-03-15T14:30:00+01:00"
    }
  ]
}
"""
WITH_TOKEN = "-H 'Authorization: Bearer <token>'"


def run(emulator: Emulator, line: str) -> httpx.Response:
    """Send what curl would send; the parser knows the options that the documents use."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("curl", choices=["curl"])
    parser.add_argument("place", nargs="?")
    parser.add_argument("--url")
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-d", "--data")
    given = parser.parse_args(shlex.split(line.replace("\\\n", " ")))
    headers = dict(header.split(": ", 1) for header in given.header)
    return emulator.http.request(
        given.request or ("GET" if given.data is None else "POST"),
        (given.url or given.place).replace(HOST, emulator.root),
        headers={name: value.replace("<token>", TOKEN) for name, value in headers.items()},
        content=given.data,
    )


def test_the_line_of_create_import(emulator: Emulator) -> None:
    emulator.http.post(f"{emulator.root}/_sandbox/contact-lists", json={"id": LIST_ID})
    response = run(emulator, CREATE)
    (made,) = emulator.items("imports")
    assert (response.status_code, response.content) == (201, b"{}")
    assert (made["type"], made["contact_list_id"]) == ("contact_details", LIST_ID)


def test_the_line_of_create_import_names_a_list_that_has_to_exist(emulator: Emulator) -> None:
    assert run(emulator, CREATE).status_code == 409


def test_the_line_of_list_imports_shows_the_documented_fields(emulator: Emulator) -> None:
    emulator.imported([])
    (shown,) = run(emulator, LIST).json()
    assert shown.keys() >= {
        "id", "created_at", "updated_at", "organisation_id", "type", "payload", "contact_list_id",
        "failed_url", "payload_url", "total_count", "success_count", "failed_count",
        "reference_id", "hints", "contact_list_external_id", "allow_deal_reassignment",
        "allow_appointment_reassignment",
    }  # fmt: skip


def test_the_line_of_the_guide_has_no_token_and_is_refused(emulator: Emulator) -> None:
    assert run(emulator, GUIDE).status_code == 401


def test_the_line_of_the_guide_stands_for_its_payload(emulator: Emulator) -> None:
    line = GUIDE.rstrip() + " " + WITH_TOKEN
    assert run(emulator, line).json()["code"] == "PGRST102"
    response = run(emulator, line.replace("[ ... the payload ... ]", GUIDE_PAYLOAD))
    assert (response.status_code, response.json().keys()) == (201, {"id"})


@pytest.mark.parametrize("payload", [GUIDE_PAYLOAD, GUIDE_DATETIMES])
def test_the_payloads_of_the_guide_succeed(emulator: Emulator, payload: str) -> None:
    done = emulator.imported(json.loads(payload)["payload"])
    assert (done["failed_count"], done["failed"]) == (0, [])


def test_the_result_of_the_guide_is_the_result(emulator: Emulator) -> None:
    emulator.change("behaviour", handle_conflict="fail")
    first, second = json.loads(GUIDE_PAYLOAD)["payload"]
    emulator.imported([{**second, "external_id": "owner of the address"}])
    others = [{"external_id": str(number)} for number in range(3, 11)]
    done = emulator.imported([first, second, *others])
    assert {name: done[name] for name in ("total_count", "success_count", "failed_count")} == {
        "total_count": 10,
        "success_count": 9,
        "failed_count": 1,
    }
    assert done["failed"] == [
        {
            "code": "23514",
            "message": 'duplicate key value violates unique constraint "unique_email"',
            "input": second,
        }
    ]


def test_the_phone_numbers_of_create_import(emulator: Emulator) -> None:
    numbers = ["+493813901", "+18494383"]
    row = {"external_id": "1", "whatsapp": numbers, "sms": numbers}
    emulator.imported([row, {**row, "external_id": "2", "country_codes": ["DE", "AT"]}])
    assert emulator.contact("2")["handles"] == {"whatsapp": "+493813901", "sms": "+493813901"}
