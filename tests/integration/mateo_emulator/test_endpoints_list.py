"""``GET /import`` as a client sees it: headers, statuses and formats of its answers.

The query language itself is tested in `tests/unit/mateo_emulator/postgrest`.
"""

from __future__ import annotations

import httpx
import pytest

from tests.integration.mateo_emulator.emulator import TOKEN, Emulator, contact

AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}
OBJECT = "application/vnd.pgrst.object+json"


def asked(
    emulator: Emulator, method: str = "GET", query: str = "", **headers: str
) -> httpx.Response:
    """A request to the list with further headers, ``_`` for ``-`` in their names."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return emulator.http.request(method, f"{emulator.api}?{query}", headers={**AUTHORIZED, **named})


def fill(emulator: Emulator, count: int) -> None:
    for _ in range(count):
        emulator.post([])


def refusal(response: httpx.Response) -> tuple[int, str]:
    assert set(response.json()) == {"code", "message", "hint", "status"}
    assert response.json()["status"] == response.status_code
    return response.status_code, response.json()["code"]


def test_a_list_has_headers_about_its_content(emulator: Emulator) -> None:
    fill(emulator, 2)
    response = asked(emulator, query="type=eq.contact_details&select=id,name:type&limit=1")
    assert (response.status_code, len(response.json())) == (200, 1)
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["content-range"] == "0-0/*"
    assert response.headers["content-location"] == (
        "/import?limit=1&select=id%2Cname%3Atype&type=eq.contact_details"
    )
    assert "preference-applied" not in response.headers
    assert asked(emulator).headers["content-location"] == "/import"


@pytest.mark.parametrize("count", ["exact", "planned", "estimated"])
def test_a_count_makes_a_part_of_the_list_206(emulator: Emulator, count: str) -> None:
    fill(emulator, 3)
    part = asked(emulator, query="limit=2", prefer=f"count={count}")
    whole = asked(emulator, query="limit=3", prefer=f"count={count}")
    assert (part.status_code, part.headers["content-range"]) == (206, "0-1/3")
    assert (whole.status_code, whole.headers["content-range"]) == (200, "0-2/3")
    assert part.headers["preference-applied"] == f"count={count}"


def test_a_count_is_of_all_rows_that_the_filters_find(emulator: Emulator) -> None:
    fill(emulator, 51)
    emulator.post([], "deal_details")
    response = asked(emulator, query="type=eq.contact_details", prefer="count=exact")
    assert (len(response.json()), response.headers["content-range"]) == (50, "0-49/51")


def test_an_import_that_is_not_visible_yet_is_not_counted(emulator: Emulator) -> None:
    emulator.change("behaviour", visible_after_s=60)
    fill(emulator, 1)
    assert asked(emulator, prefer="count=exact").headers["content-range"] == "*/0"


@pytest.mark.parametrize("preference", ["count=none", "count=many", "return=representation"])
def test_any_other_preference_does_nothing(emulator: Emulator, preference: str) -> None:
    response = asked(emulator, prefer=preference)
    assert (response.status_code, response.headers["content-range"]) == (200, "*/*")
    assert "preference-applied" not in response.headers


def test_an_offset_beyond_the_end_is_416_only_with_a_count(emulator: Emulator) -> None:
    fill(emulator, 1)
    plain = asked(emulator, query="offset=2")
    assert (plain.status_code, plain.json(), plain.headers["content-range"]) == (200, [], "*/*")
    counted = asked(emulator, query="offset=2", prefer="count=exact")
    assert refusal(counted) == (416, "PGRST103")
    at_the_end = asked(emulator, query="offset=1", prefer="count=exact")
    assert (at_the_end.status_code, at_the_end.headers["content-range"]) == (206, "*/1")


def test_a_range_header_chooses_rows_and_its_unit_means_nothing(emulator: Emulator) -> None:
    fill(emulator, 4)
    response = asked(emulator, query="select=id", range="1-2", range_unit="bananas")
    assert (len(response.json()), response.headers["content-range"]) == (2, "1-2/*")
    both = asked(emulator, query="select=id&offset=2&limit=5", range="0-2")
    assert (len(both.json()), both.headers["content-range"]) == (1, "2-2/*")
    assert len(asked(emulator, range="items=1-2").json()) == 4


def test_an_impossible_range_is_416(emulator: Emulator) -> None:
    assert refusal(asked(emulator, range="1-0")) == (416, "PGRST103")
    assert refusal(asked(emulator, query="limit=-1")) == (416, "PGRST103")


def test_head_answers_like_get_without_rows_and_without_the_range_header(
    emulator: Emulator,
) -> None:
    fill(emulator, 3)
    response = asked(emulator, "HEAD", "limit=2", prefer="count=exact", range="1-0")
    assert (response.status_code, response.content) == (206, b"")
    assert response.headers["content-range"] == "0-1/3"
    assert asked(emulator, "HEAD", "banana=eq.1").status_code == 400


def test_a_single_object_needs_exactly_one_row(emulator: Emulator) -> None:
    fill(emulator, 2)
    one = asked(emulator, query="select=type&limit=1", accept=OBJECT)
    assert one.json() == {"type": "contact_details"}
    assert one.headers["content-type"] == f"{OBJECT}; charset=utf-8"
    several = asked(emulator, accept=OBJECT)
    none = asked(emulator, query="type=eq.deal_details", accept=OBJECT)
    assert refusal(several) == refusal(none) == (406, "PGRST116")
    assert none.json()["hint"] == "The result contains 0 rows"
    assert several.headers["content-type"] == "application/json"


def test_nulls_can_be_stripped(emulator: Emulator) -> None:
    fill(emulator, 1)
    accept = "application/vnd.pgrst.array+json;nulls=stripped"
    (row,) = asked(emulator, query="select=type,reference_id", accept=accept).json()
    assert row == {"type": "contact_details"}


def test_csv_is_a_form_of_the_list(emulator: Emulator) -> None:
    fill(emulator, 1)
    response = asked(emulator, query="select=type,reference_id,payload", accept="text/csv")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.text == "type,reference_id,payload\ncontact_details,,[]"


def test_an_unknown_form_is_406(emulator: Emulator) -> None:
    assert refusal(asked(emulator, accept="text/html")) == (406, "PGRST107")


def test_a_row_can_be_found_ordered_and_shown_by_what_is_inside_the_payload(
    emulator: Emulator,
) -> None:
    emulator.change("behaviour", strict_order=False)
    for number in (2, 10, 1):
        emulator.post([contact(number)])
    key = "payload->0->>external_id"
    shown = asked(emulator, query=f"select={key}&{key}=in.(C-1,C-10)&order={key}.desc").json()
    assert shown == [{"external_id": "C-10"}, {"external_id": "C-1"}]


@pytest.mark.parametrize("order", ["id", "type.desc", "payload->0->>external_id", "created_at,id"])
def test_only_times_can_be_ordered_by_unless_switched_off(emulator: Emulator, order: str) -> None:
    assert refusal(asked(emulator, query=f"order={order}")) == (400, "PGRST100")
    emulator.change("behaviour", strict_order=False)
    assert asked(emulator, query=f"order={order}").status_code == 200


def test_a_link_is_found_by_what_was_shown(emulator: Emulator) -> None:
    emulator.change("behaviour", failed_inline_max=0)
    done = emulator.imported([{"external_id": "1", "email": "wrong"}])
    fill(emulator, 1)
    for wanted in (f"eq.{done['failed_url']}", "like.http*failed*", "not.is.null"):
        assert [row["id"] for row in emulator.get(failed_url=wanted).json()] == [done["id"]]


def test_failed_can_be_looked_into_where_it_can_be_selected(emulator: Emulator) -> None:
    emulator.change("behaviour", failed_selectable=True)
    done = emulator.imported([contact(1), {"external_id": "1", "email": "wrong"}])
    (row,) = asked(
        emulator, query=f"id=eq.{done['id']}&select=failed->0->input->>external_id,failed"
    ).json()
    assert (row["external_id"], row["failed"]) == ("1", done["failed"])


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_405(emulator: Emulator, method: str) -> None:
    response = asked(emulator, method)
    assert refusal(response) == (405, "405")
    assert response.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("path", ["/import/", "/imports", "/import/3c90c3cc", "/"])
def test_other_paths_are_404(emulator: Emulator, path: str) -> None:
    url = emulator.api.removesuffix("/import") + path
    assert refusal(emulator.http.get(url, headers=AUTHORIZED)) == (404, "404")


def created(emulator: Emulator, query: str, **headers: str) -> httpx.Response:
    body = {"type": "contact_details", "payload": [contact(1)]}
    return emulator.http.post(
        f"{emulator.api}?{query}", json=body, headers={**AUTHORIZED, **headers}
    )


def test_a_new_import_is_shown_as_select_says(emulator: Emulator) -> None:
    response = created(emulator, "select=kind:type,payload->0->>external_id,total_count::text")
    assert response.json() == {
        "kind": "contact_details",
        "external_id": "C-1",
        "total_count": None,
    }
    assert (response.status_code, response.headers["content-range"]) == (201, "*/*")
    assert "location" not in response.headers


def test_an_empty_select_shows_a_new_import_whole(emulator: Emulator) -> None:
    assert created(emulator, "select=").json()["payload"] == [contact(1)]


@pytest.mark.parametrize(
    "prefer", ["return=minimal", "return=headers-only", "return=representation", "count=exact"]
)
def test_a_preference_changes_nothing_about_a_new_import(emulator: Emulator, prefer: str) -> None:
    shown = created(emulator, "select=type", prefer=prefer)
    silent = created(emulator, "", prefer=prefer)
    assert (shown.status_code, shown.json()) == (201, {"type": "contact_details"})
    assert (silent.status_code, silent.content) == (201, b"{}")
    assert "preference-applied" not in shown.headers
    assert silent.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "body"),
    [
        ("application/json", '{"type":"contact_details","failed_url":null}'),
        (OBJECT, '{"type":"contact_details","failed_url":null}'),
        (f"{OBJECT};nulls=stripped", '{"type":"contact_details"}'),
        ("text/csv", "type,failed_url\ncontact_details,"),
    ],
)
def test_a_new_import_is_shown_in_the_form_that_is_wanted(
    emulator: Emulator, accept: str, body: str
) -> None:
    response = created(emulator, "select=type,failed_url", accept=accept)
    assert (response.status_code, response.text) == (201, body)
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ("select=banana", "*/*", (400, "42703")),
        ("select=id,", "*/*", (400, "PGRST100")),
        ("select=id::banana", "*/*", (400, "42704")),
        ("select=payload::int", "*/*", (400, "22023")),
        ("select=id", "text/html", (406, "PGRST107")),
        ("", "text/html", (406, "PGRST107")),
    ],
)
def test_what_cannot_be_shown_is_not_created(
    emulator: Emulator, query: str, accept: str, expected: tuple[int, str]
) -> None:
    assert refusal(created(emulator, query, accept=accept)) == expected
    assert emulator.look("state")["counts"]["imports"] == 0


@pytest.mark.parametrize("column", ["created_at", "updated_at"])
def test_now_and_its_siblings_stand_for_times_of_the_emulators_clock(
    emulator: Emulator, column: str
) -> None:
    emulator.change("clock", day="2031-05-04")
    fill(emulator, 1)
    found = {
        text: len(asked(emulator, query=f"{column}={text}&select=id").json())
        for text in ("lte.now", "gt.now", "gte.today", "lt.today", "gte.yesterday", "lt.tomorrow",
                     "gt.epoch", "lt.infinity", "gt.-infinity", "lt.2031-05-04")
    }  # fmt: skip
    assert found == {
        "lte.now": 1, "gt.now": 0, "gte.today": 1, "lt.today": 0, "gte.yesterday": 1,
        "lt.tomorrow": 1, "gt.epoch": 1, "lt.infinity": 1, "gt.-infinity": 1, "lt.2031-05-04": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("word", "count"),
    [("yes", 1), ("1", 1), ("ON", 1), ("tr", 1), ("off", 0), ("0", 0), ("n", 0)],
)
def test_a_boolean_is_found_by_any_word_for_it(emulator: Emulator, word: str, count: int) -> None:
    emulator.post([], allow_deal_reassignment=True)
    found = asked(emulator, query=f"allow_deal_reassignment=eq.{word}").json()
    assert len(found) == count


@pytest.mark.parametrize("text", ["1_000", "%D9%A3", "1e3", "0x1F", "5.", "NaN", ""])
def test_a_whole_number_has_no_form_that_postgresql_does_not_read(
    emulator: Emulator, text: str
) -> None:
    assert refusal(asked(emulator, query=f"total_count=eq.{text}")) == (400, "22P02")


@pytest.mark.parametrize("given", ["yes", "1", " On ", 1])
def test_a_new_import_takes_any_word_for_a_boolean(emulator: Emulator, given: object) -> None:
    column = "allow_deal_reassignment"
    answer = emulator.post([], select=column, allow_deal_reassignment=given)
    assert answer.json() == {column: True}
