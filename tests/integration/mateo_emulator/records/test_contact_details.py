"""``GET`` and ``DELETE /contact_details``: the contacts of the account, found and deleted."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.mateo_emulator.emulator import TOKEN, Emulator, contact

ADA = contact(
    1, whatsapp="+49 171 2345678", city="Ulm", email_marketing_opt_in=True, my_custom_field_key="x"
)


def ask(emulator: Emulator, method: str, *filters: tuple[str, str]) -> httpx.Response:
    headers = {"authorization": f"Bearer {TOKEN}"}
    url = f"{emulator.root}/api/v1/contact_details"
    return emulator.http.request(method, url, params=filters, headers=headers)


def found(emulator: Emulator, *filters: tuple[str, str]) -> list[str]:
    answer = ask(emulator, "GET", *filters)
    assert answer.status_code == 200, answer.text
    return [one["external_id"] for one in answer.json()]


def left(emulator: Emulator) -> list[str]:
    return [one["external_id"] for one in emulator.items("contacts")]


def test_a_contact_shows_its_columns_handles_and_custom_fields(emulator: Emulator) -> None:
    emulator.imported([ADA])
    (shown,) = ask(emulator, "GET").json()
    expected = {
        "external_id": "C-1",
        "email": "person.1@example.com",
        "whatsapp": "+491712345678",
        "sms": None,
        "city": "Ulm",
        "my_custom_field_key": "x",
        "email_marketing_opt_in": True,
        "sms_marketing_opt_in": False,
        "email_transactional_opt_in": "legitimate_interest",
    }
    assert {name: shown[name] for name in expected} == expected


@pytest.mark.parametrize(
    "one",
    [("external_id", "eq.C-1"), ("email", "eq.person.1@example.com"), ("city", "ilike.ul*"),
     ("whatsapp", "eq.+491712345678"), ("my_custom_field_key", "eq.x"),
     ("email_marketing_opt_in", "is.true"), ("or", "(city.eq.Ulm,external_id.eq.C-9)")],
)  # fmt: skip
def test_every_column_is_a_filter(emulator: Emulator, one: tuple[str, str]) -> None:
    emulator.imported([ADA, contact(2)])
    assert found(emulator, one) == ["C-1"]


@pytest.mark.parametrize("key", ["plain", "with'quote", 'with"quotes', "a/b", "$.x", "ä"])
def test_a_custom_field_of_any_name_is_a_column(emulator: Emulator, key: str) -> None:
    for kind, value in (("boolean", True), ("number", 4.5), ("string_list", ["a"])):
        emulator.http.post(
            f"{emulator.root}/_sandbox/custom-fields", json={"key": f"{key}{kind}", "type": kind}
        )
        emulator.imported([contact(1, **{f"{key}{kind}": value})])
        assert ask(emulator, "GET").json()[0][f"{key}{kind}"] == value


def test_an_unknown_column_is_refused_and_nothing_is_deleted(emulator: Emulator) -> None:
    emulator.imported([ADA])
    for method in ("GET", "DELETE"):
        answer = ask(emulator, method, ("externalid", "eq.C-1"))
        message = "column contact_details.externalid does not exist"
        assert (answer.status_code, answer.json()["message"]) == (400, message)
        assert ask(emulator, method, ("external_id", "C-1")).json()["code"] == "PGRST100"
    assert left(emulator) == ["C-1"]


def test_a_deletion_takes_what_belongs_to_the_contact_and_nobody_else(emulator: Emulator) -> None:
    emulator.imported([ADA, contact(2)])
    for number in (1, 2):
        owner = {"contact_external_id": f"C-{number}"}
        emulator.imported([{"external_id": f"D-{number}", **owner}], "deal_details")
        emulator.imported([{"external_id": f"A-{number}", **owner}], "appointment_details")

    answer = ask(emulator, "DELETE", ("external_id", "eq.C-1"))

    assert (answer.status_code, answer.content) == (204, b"")
    assert left(emulator) == ["C-2"]
    assert [one["external_id"] for one in emulator.items("deals")] == ["D-2"]
    assert [one["external_id"] for one in emulator.items("appointments")] == ["A-2"]
    emulator.imported([contact(3, email="person.1@example.com")])  # the handle is free again
    assert emulator.contact("C-3")["handles"]["email"] == "person.1@example.com"


def test_a_deletion_shows_what_it_deleted_where_select_is_given(emulator: Emulator) -> None:
    emulator.imported([ADA])
    answer = ask(emulator, "DELETE", ("external_id", "eq.C-1"), ("select", "external_id"))
    assert (answer.status_code, answer.json()) == (200, [{"external_id": "C-1"}])
    again = ask(emulator, "DELETE", ("external_id", "eq.C-1"))
    assert again.status_code == 204


def test_without_a_filter_everybody_is_deleted(emulator: Emulator) -> None:
    emulator.imported([contact(number) for number in range(60)])
    assert ask(emulator, "DELETE", ("limit", "1")).status_code == 204
    assert left(emulator) == []


def test_the_list_ends_at_fifty_and_tells_the_total(emulator: Emulator) -> None:
    emulator.imported([contact(number) for number in range(60)])
    headers = {"authorization": f"Bearer {TOKEN}", "prefer": "count=exact"}
    url = f"{emulator.root}/api/v1/contact_details"
    answer = emulator.http.get(url, headers=headers)
    assert (answer.status_code, len(answer.json())) == (206, 50)
    assert answer.headers["content-range"] == "0-49/60"


def test_other_methods_are_refused(emulator: Emulator) -> None:
    answer = ask(emulator, "PATCH", ("external_id", "eq.C-1"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, DELETE")
