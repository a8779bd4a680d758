"""The two endpoints as a client sees them: access, bodies, answers, lists, links."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.mateo_emulator.emulator import TOKEN, Emulator, contact

LIST_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Basic abc"}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer wrong"}, 403),
        ({"authorization": f"bearer {TOKEN}"}, 200),
    ],
)
def test_a_missing_token_is_401_and_a_wrong_one_403(
    emulator: Emulator, headers: dict[str, str], status: int
) -> None:
    assert emulator.get(headers).status_code == status


def test_an_error_has_the_documented_shape(emulator: Emulator) -> None:
    response = emulator.get({})
    assert set(response.json()) == {"code", "message", "hint", "status"}
    assert response.json()["status"] == 401


def test_a_new_token_replaces_the_old_one(emulator: Emulator) -> None:
    emulator.change("token", token="rotated")
    assert emulator.get().status_code == 403
    assert emulator.get({"authorization": "Bearer rotated"}).status_code == 200


def test_other_paths_and_methods_are_404_and_405(emulator: Emulator) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    other = emulator.http.get(f"{emulator.root}/api/v1/contact", headers=headers)
    patch = emulator.http.patch(emulator.api, headers=headers)
    outside = emulator.http.get(f"{emulator.root}/elsewhere")
    assert [code(other), code(patch), code(outside)] == [(404, "404"), (405, "405"), (404, "404")]


def test_a_post_with_select_answers_201_with_one_object(emulator: Emulator) -> None:
    response = emulator.post([contact(1)])
    assert response.status_code == 201
    assert list(response.json()) == ["id"]


def test_a_post_without_select_answers_201_with_an_empty_object(emulator: Emulator) -> None:
    response = emulator.post([contact(1)], select=None)
    assert (response.status_code, response.content) == (201, b"{}")
    assert response.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    ("answer", "status", "content"),
    [("object", 201, b"{}"), ("empty", 201, b""), ("no_content", 204, b"")],
)
def test_the_empty_answer_can_be_switched(
    emulator: Emulator, answer: str, status: int, content: bytes
) -> None:
    emulator.change("behaviour", empty_answer=answer)
    response = emulator.post([contact(1)], select=None)
    assert (response.status_code, response.content) == (status, content)


@pytest.mark.parametrize("select", [None, "id"])
def test_an_answer_of_200_can_be_switched_on(emulator: Emulator, select: str | None) -> None:
    emulator.change("behaviour", created_status=200)
    assert emulator.post([contact(1)], select=select).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api", "/nothing/"])
def test_an_unknown_path_is_not_found_and_redirects_nowhere(emulator: Emulator, path: str) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert emulator.http.get(emulator.root + path, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "PGRST102")),
        (b"{", (400, "PGRST102")),
        (b'{"type":"contact_details","payload":[NaN]}', (400, "PGRST102")),
        (b"[" * 100_000, (400, "PGRST102")),
        (b'[{"type":"contact_details","payload":[]}]', (400, "PGRST102")),
        (b'{"payload":[]}', (400, "23502")),
        (b'{"type":"contacts","payload":[]}', (400, "22P02")),
        (b'{"type":7,"payload":[]}', (400, "22P02")),
        (b'{"type":"contact_details","payload":"text"}', (400, "23514")),
        (b'{"type":"contact_details","payload":{"external_id":"1"}}', (400, "23514")),
        (b'{"type":"contact_details","payload":[{"a":"\\u0000"}]}', (400, "22P05")),
        (b'{"type":"contact_details","payload":[{"a":"\\ud800"}]}', (400, "22P02")),
        (b'{"type":"contact_details","payload":[{"a":1e999}]}', (400, "22003")),
        (b'{"type":"contact_details","payload":[],"status":1}', (400, "PGRST204")),
        (b'{"type":"contact_details","payload":[],"contact_list_id":"x"}', (400, "22P02")),
        (b'{"type":"deal_details","payload":[],"allow_deal_reassignment":"x"}', (400, "22P02")),
        (b'{"type":"contact_details","contact_list_external_id":"a\\u0000"}', (400, "22P05")),
    ],
)
def test_a_wrong_body_is_refused_and_creates_nothing(
    emulator: Emulator, body: bytes, expected: tuple[int, str]
) -> None:
    response = emulator.http.post(
        f"{emulator.api}?select=id", content=body, headers={"authorization": f"Bearer {TOKEN}"}
    )
    assert code(response) == expected
    assert emulator.look("state")["counts"]["imports"] == 0


def test_an_unknown_select_creates_nothing(emulator: Emulator) -> None:
    assert code(emulator.post([contact(1)], select="banana")) == (400, "42703")
    assert emulator.look("state")["counts"]["imports"] == 0


def test_the_example_of_the_documentation_is_an_import_without_rows(emulator: Emulator) -> None:
    emulator.http.post(f"{emulator.root}/_sandbox/contact-lists", json={"id": LIST_ID})
    response = emulator.post({}, contact_list_id=LIST_ID)
    assert emulator.finished(response.json()["id"])["total_count"] == 0


def test_reference_id_is_refused_by_default(emulator: Emulator) -> None:
    assert code(emulator.post([contact(1)], reference_id="r1")) == (400, "PGRST204")


@pytest.mark.parametrize(("mode", "stored"), [("ignore", None), ("accept", "r1")])
def test_reference_id_can_be_ignored_or_accepted(
    emulator: Emulator, mode: str, stored: str | None
) -> None:
    emulator.change("behaviour", reference_id=mode)
    response = emulator.post([contact(1)], select="id,reference_id", reference_id="r1")
    assert response.json()["reference_id"] == stored


def test_an_unknown_contact_list_is_409(emulator: Emulator) -> None:
    by_id = emulator.post([contact(1)], contact_list_id=LIST_ID)
    by_external_id = emulator.post([contact(1)], contact_list_external_id="nobody")
    assert code(by_id) == code(by_external_id) == (409, "23503")


@pytest.mark.parametrize("name", ["customers", "leads"])
def test_two_contact_lists_exist_from_the_start(emulator: Emulator, name: str) -> None:
    emulator.imported([contact(1)], contact_list_external_id=name)
    (found,) = emulator.items("contact-lists", external_id=name)
    assert emulator.contact("C-1")["lists"] == [found["id"]]
    assert found["members"] == 1


def test_any_contact_list_can_be_accepted(emulator: Emulator) -> None:
    emulator.change("behaviour", auto_contact_lists=True)
    emulator.imported([contact(1)], contact_list_external_id="new")
    assert emulator.items("contact-lists", external_id="new")[0]["members"] == 1


def test_counts_are_null_until_the_import_is_done(emulator: Emulator) -> None:
    emulator.change("behaviour", stalled=True)
    import_id = emulator.post([contact(1)]).json()["id"]
    waiting = emulator.get(id=f"eq.{import_id}").json()[0]
    assert {waiting[name] for name in ("total_count", "success_count", "failed_count")} == {None}
    assert "failed" not in waiting
    emulator.change("behaviour", stalled=False)
    done = emulator.finished(import_id)
    assert (done["total_count"], done["success_count"], done["failed_count"]) == (1, 1, 0)


def test_several_imports_are_found_by_their_ids_at_once(emulator: Emulator) -> None:
    ids = [emulator.post([contact(number)]).json()["id"] for number in range(3)]
    for import_id in ids:
        emulator.finished(import_id)
    found = emulator.get(id=f"in.({','.join(ids[:2])})", select="id,total_count").json()
    assert sorted(one["id"] for one in found) == sorted(ids[:2])
    assert [one["total_count"] for one in found] == [1, 1]


def test_imports_are_found_by_type_and_time_of_creation(emulator: Emulator) -> None:
    first = emulator.imported([contact(1)])
    second = emulator.imported([contact(2)])
    newer = emulator.get(created_at=f"gt.{first['created_at']}", select="id")
    newest_first = emulator.get(type="eq.contact_details", select="id", order="created_at.desc")
    assert newer.json() == [{"id": second["id"]}]
    assert newest_first.json() == [{"id": second["id"]}, {"id": first["id"]}]
    assert emulator.get(type="eq.deal_details").json() == []


def test_a_list_has_at_most_fifty_rows_and_tells_its_range(emulator: Emulator) -> None:
    for _ in range(52):
        emulator.post([])
    first = emulator.get(select="id", limit=100)
    rest = emulator.get(select="id", offset=50)
    assert (len(first.json()), first.headers["content-range"]) == (50, "0-49/*")
    assert (len(rest.json()), rest.headers["content-range"]) == (2, "50-51/*")


def test_a_query_that_cannot_be_read_is_400(emulator: Emulator) -> None:
    assert code(emulator.get(_ts="1")) == (400, "PGRST100")
    assert code(emulator.get(banana="eq.1")) == (400, "42703")


def test_failed_cannot_be_selected_by_name_unless_switched_on(emulator: Emulator) -> None:
    done = emulator.imported([{"external_id": "1", "email": "wrong"}])
    own = f"eq.{done['id']}"
    assert code(emulator.get(id=own, select="failed")) == (400, "42703")
    emulator.change("behaviour", failed_selectable=True)
    assert len(emulator.get(id=own, select="failed").json()[0]["failed"]) == 1


def test_few_failures_are_inline_with_code_message_and_the_row_as_sent(emulator: Emulator) -> None:
    row = {"external_id": "1", "email": "wrong", "country_codes": ["DE"]}
    done = emulator.imported([contact(1), row])
    assert (done["success_count"], done["failed_count"], done["failed_url"]) == (1, 1, None)
    (failed,) = done["failed"]
    assert (set(failed), failed["input"]) == ({"code", "message", "input"}, row)


def test_many_failures_are_behind_a_link_that_needs_no_token(emulator: Emulator) -> None:
    done = emulator.imported([{"external_id": str(n), "email": "wrong"} for n in range(101)])
    assert "failed" not in done
    assert done["failed_url"].startswith(f"{emulator.root}/")
    failed = emulator.http.get(done["failed_url"]).json()
    assert [one["input"]["external_id"] for one in failed] == [str(n) for n in range(101)]


def test_the_link_can_be_given_for_few_failures_too(emulator: Emulator) -> None:
    emulator.change("behaviour", failed_url_always=True)
    done = emulator.imported([{"external_id": "1", "email": "wrong"}])
    assert emulator.http.get(done["failed_url"]).json() == done["failed"]


def test_a_link_expires(emulator: Emulator) -> None:
    emulator.change("behaviour", failed_inline_max=0)
    done = emulator.imported([{"external_id": "1", "email": "wrong"}])
    emulator.change("clock", advance_s=3601)
    assert emulator.http.get(done["failed_url"]).status_code == 403


def test_a_link_cannot_be_used_for_another_file(emulator: Emulator) -> None:
    emulator.change("behaviour", failed_inline_max=0)
    done = emulator.imported([{"external_id": "1", "email": "wrong"}])
    other = done["failed_url"].replace("failed.json", "payload.json")
    assert emulator.http.get(other).status_code == 403


def test_a_large_payload_is_behind_a_link_and_a_small_one_inline(emulator: Emulator) -> None:
    emulator.change("behaviour", payload_inline_max=2)
    small = emulator.imported([contact(1), contact(2)])
    large = emulator.imported([contact(1), contact(2), contact(3)])
    assert (small["payload"], small["payload_url"]) == ([contact(1), contact(2)], None)
    assert large["payload"] is None
    assert emulator.http.get(large["payload_url"]).json() == [contact(1), contact(2), contact(3)]


def test_an_import_can_become_visible_later(emulator: Emulator) -> None:
    emulator.change("behaviour", visible_after_s=60)
    import_id = emulator.post([contact(1)]).json()["id"]
    assert emulator.get(id=f"eq.{import_id}").json() == []
    emulator.change("clock", advance_s=61)
    assert len(emulator.get(id=f"eq.{import_id}").json()) == 1


def test_size_limits_can_be_set(emulator: Emulator) -> None:
    emulator.change("behaviour", rows_per_import_max=1)
    assert code(emulator.post([contact(1), contact(2)])) == (400, "23514")
    emulator.change("behaviour", body_bytes_max=10)
    assert code(emulator.post([contact(1)])) == (413, "413")
