"""What an account defines before it imports: custom fields, marketing channels, contact lists."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.integration.mateo_emulator.emulator import TOKEN, Emulator, Json, contact

LIST_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
TYPES: list[tuple[str, Any, Any, Any]] = [
    ("string", "blue", "blue", ["blue"]),
    ("datetime", "2024-03-15T14:30:00", "2024-03-15T14:30:00+00:00", "15.03.2024"),
    ("boolean", True, True, "perhaps"),
    ("number", 41.5, 41.5, "many"),
    ("date", "2024-03-15", "2024-03-15", "yesterday"),
    ("string_list", ["a", "b"], ["a", "b"], "a"),
]


def define(emulator: Emulator, what: str, **definition: object) -> int:
    response = emulator.http.post(f"{emulator.root}/_sandbox/{what}", json=definition)
    return response.status_code


def forget(emulator: Emulator, what: str) -> int:
    return emulator.http.delete(f"{emulator.root}/_sandbox/{what}").status_code


def rows_of(entity: str, **fields: object) -> list[Json]:
    if entity == "contact":
        return [contact(1, **fields)]
    return [{"external_id": "D-1", "contact_external_id": "C-1", **fields}]


def test_a_key_that_is_not_defined_fails_its_row_only(emulator: Emulator) -> None:
    done = emulator.imported([contact(1, shoe_size=41), contact(2)])
    assert [(one["code"], one["input"]) for one in done["failed"]] == [
        ("42703", contact(1, shoe_size=41))
    ]
    assert [one["external_id"] for one in emulator.items("contacts")] == ["C-2"]


@pytest.mark.parametrize("entity", ["contact", "deal", "appointment"])
@pytest.mark.parametrize("custom", TYPES)
def test_a_defined_custom_field_takes_values_of_its_type_only(
    emulator: Emulator, entity: str, custom: tuple[str, Any, Any, Any]
) -> None:
    kind, good, stored, bad = custom
    emulator.imported([contact(1)])
    assert define(emulator, "custom-fields", entity=entity, key="mine", type=kind) == 201
    done = emulator.imported(
        [*rows_of(entity, mine=bad), *rows_of(entity, mine=good)], f"{entity}_details"
    )
    (found,) = emulator.items(f"{entity}s")
    assert [one["code"] for one in done["failed"]] in (["22P02"], ["22007"])
    assert found["fields"]["mine"] == stored


def test_a_custom_field_belongs_to_one_entity(emulator: Emulator) -> None:
    emulator.imported([contact(1)])
    define(emulator, "custom-fields", entity="deal", key="mine", type="string")
    assert emulator.imported(rows_of("contact", mine="x"))["failed_count"] == 1
    assert emulator.imported(rows_of("deal", mine="x"), "deal_details")["failed_count"] == 0


def test_a_definition_can_be_seen_and_forgotten(emulator: Emulator) -> None:
    define(emulator, "custom-fields", key="a/b", type="date")
    define(emulator, "marketing-channels", key="greetings")
    field = {"entity": "contact", "key": "a/b", "type": "date"}
    assert field in emulator.look("custom-fields")["items"]
    assert {"key": "greetings"} in emulator.look("marketing-channels")["items"]
    assert forget(emulator, "custom-fields/contact/a%2Fb") == 200
    assert forget(emulator, "marketing-channels/greetings") == 200
    assert forget(emulator, "custom-fields/contact/a%2Fb") == 404
    assert forget(emulator, "marketing-channels/greetings") == 404
    assert field not in emulator.look("custom-fields")["items"]


@pytest.mark.parametrize(
    "key",
    ["full_name", "external_id", "whatsapp", "country_codes", "created_at", "last_contacted_at",
     "newsletter"],
)  # fmt: skip
def test_a_key_with_a_meaning_cannot_be_defined_again(emulator: Emulator, key: str) -> None:
    assert define(emulator, "custom-fields", key=key, type="string") == 409
    assert define(emulator, "marketing-channels", key=key) == 409


@pytest.mark.parametrize("answer", ["requested", "accepted", "declined"])
def test_a_channel_takes_its_three_answers(emulator: Emulator, answer: str) -> None:
    define(emulator, "marketing-channels", key="greetings")
    emulator.imported([contact(1, greetings=answer)])
    assert emulator.contact("C-1")["fields"]["greetings"] == answer


def test_a_channel_takes_no_other_answer(emulator: Emulator) -> None:
    done = emulator.imported([contact(1, newsletter="yes"), contact(2, newsletter=True)])
    assert [one["code"] for one in done["failed"]] == ["22P02", "22P02"]


def test_contacts_are_put_on_the_lists_of_their_import(emulator: Emulator) -> None:
    define(emulator, "contact-lists", id=LIST_ID, external_id="new", name="Newcomers")
    customers = emulator.items("contact-lists", external_id="customers")[0]["id"]
    emulator.imported([contact(1)], contact_list_id=LIST_ID)
    emulator.imported([contact(2)], contact_list_external_id="new")
    emulator.imported([contact(3)], contact_list_id=LIST_ID, contact_list_external_id="customers")
    lists = [set(emulator.contact(f"C-{number}")["lists"]) for number in (1, 2, 3)]
    assert lists == [{LIST_ID}, {LIST_ID}, {LIST_ID, customers}]


def test_a_contact_list_exists_once(emulator: Emulator) -> None:
    assert define(emulator, "contact-lists", external_id="customers") == 409
    assert define(emulator, "contact-lists", id="no uuid") == 400


CHANNELS = ("email", "sms", "whatsapp", "instagram", "facebook", "google_business_messaging",
            "postal")  # fmt: skip


def test_every_documented_column_of_a_contact_is_stored(emulator: Emulator) -> None:
    columns: dict[str, object] = {
        "full_name": "Anna Beispiel",
        "display_name": "Anna",
        "salutation": "Ms",
        "birthday": "2023-12-25",
        "is_blocked": False,
        "postal": "Beispielweg 1",
        "address_line1": "Beispielweg 1",
        "address_line2": "c/o Muster",
        "city": "Berlin",
        "zipcode": "10115",
        "country": "DEUTSCHLAND",
        **{f"{channel}_marketing_opt_in": True for channel in CHANNELS},
        **{f"{channel}_transactional_opt_in": "legitimate_interest" for channel in CHANNELS},
    }
    emulator.imported([{"external_id": "C-1", "secondary_external_id": "S-1", **columns}])
    stored = emulator.contact("C-1")
    assert (stored["secondary_external_id"], stored["fields"]) == ("S-1", columns)


def test_every_documented_column_of_an_appointment_is_stored(emulator: Emulator) -> None:
    emulator.imported([contact(1)])
    columns = {
        "name": "Fitting",
        "description": "Bring the old ones",
        "status_key": "confirmed",
        "type_key": "visit",
        "assignee_id": LIST_ID,
        **dict.fromkeys(
            ("start_time", "end_time", "confirmed_at", "cancelled_at"), "2026-12-01T09:00:00+00:00"
        ),
    }
    emulator.imported(rows_of("appointment", **columns), "appointment_details")
    (stored,) = emulator.items("appointments")
    assert stored["fields"] == columns


@pytest.mark.parametrize(
    "column",
    ["organisation_id", "created_at", "updated_at", "fts", "number_of_marketing_opt_in_requests",
     "latest_marketing_opt_in_request_sent_at", "campaign_messages_this_month"],
)  # fmt: skip
def test_a_computed_column_cannot_be_imported(emulator: Emulator, column: str) -> None:
    done = emulator.imported([contact(1, **{column: "x"})])
    assert [one["code"] for one in done["failed"]] == ["428C9"]


# GET /custom_field


def fields(emulator: Emulator, **parameters: str) -> httpx.Response:
    return emulator.http.get(
        f"{emulator.root}/api/v1/custom_field",
        params=parameters,
        headers={"authorization": f"Bearer {TOKEN}"},
    )


def test_the_custom_fields_of_the_account_are_listed_with_their_types(emulator: Emulator) -> None:
    define(emulator, "custom-fields", entity="deal", key="margin", type="number")

    listed = fields(emulator).json()

    assert {(one["entity"], one["key"], one["type"]) for one in listed} == {
        ("contact", "last_contacted_at", "datetime"),
        ("contact", "my_custom_field_key", "string"),
        ("contact", "loyalty_level", "string"),
        ("deal", "margin", "number"),
    }
    assert listed[0].keys() == {
        *("id", "created_at", "updated_at", "organisation_id", "name"),
        *("description", "type", "key", "entity"),
    }
    assert listed == fields(emulator).json()


def test_custom_fields_are_selected_filtered_and_paged(emulator: Emulator) -> None:
    for number in range(60):
        define(emulator, "custom-fields", entity="deal", key=f"field_{number}", type="date")

    pages = [
        fields(emulator, select="key", entity="eq.deal", offset=offset) for offset in ("0", "50")
    ]

    keys = [one["key"] for page in pages for one in page.json()]
    assert keys == [f"field_{number}" for number in range(60)]
    assert [page.headers["content-range"] for page in pages] == ["0-49/*", "50-59/*"]
    assert fields(emulator, key="in.(loyalty_level,none)", select="type").json() == [
        {"type": "string"}
    ]
    counted = emulator.http.get(
        f"{emulator.root}/api/v1/custom_field?limit=1&order=created_at.desc",
        headers={"authorization": f"Bearer {TOKEN}", "prefer": "count=exact"},
    )
    assert (counted.status_code, counted.headers["content-range"]) == (206, "0-0/63")


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"banana": "eq.1"}, "42703"),
        ({"select": "banana"}, "42703"),
        ({"id": "eq.x"}, "22P02"),
        ({"order": "banana"}, "42703"),
    ],
)
def test_an_impossible_query_of_custom_fields_is_refused(
    emulator: Emulator, parameters: dict[str, str], code: str
) -> None:
    response = fields(emulator, **parameters)

    assert (response.status_code, response.json()["code"]) == (400, code)


def test_custom_fields_need_a_token_and_are_only_read(emulator: Emulator) -> None:
    address = f"{emulator.root}/api/v1/custom_field"
    assert emulator.http.get(address).status_code == 401
    refused = emulator.http.post(address, headers={"authorization": f"Bearer {TOKEN}"}, json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
