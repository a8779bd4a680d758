"""The ``postgrest`` client from PyPI drives the list; what it gets is what Python finds itself.

The rows are read once, as they are. Each example then asks for some of them through the client and
compares the answer with a plain evaluation of the same question over the rows, which shares
nothing with the emulator.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgrest import APIError, CountMethod, SyncPostgrestClient

from tests.integration.mateo_emulator.drawn_queries import conditions, terms
from tests.integration.mateo_emulator.emulator import AT_ONCE, NO_LIMITS, TOKEN, Emulator, Json
from tests.integration.mateo_emulator.plain_query import (
    Filter,
    Group,
    Term,
    in_order,
    matching,
    written,
)

Condition = st.SearchStrategy[Filter | Group]
PAGE = 50
COLUMNS = ["id", "created_at", "type", "payload", "total_count", "reference_id", "hints"]
LIST = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
NUMBERS: Sequence[object] = (0, 1, 2, 10, -3, 2.5, None, "2", True)
TEXTS = ("", "null", "Anna", "anna", "a,b", 'say "hi"', "(x)", "100%", "a_b", "a.b:c", "Zoë", "*")
examples = settings(max_examples=120, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def filled(server: str, http: httpx.Client) -> Emulator:
    """Imports of all types, with texts that need quotes, finished and unfinished."""
    http.post(f"{server}/_sandbox/reset").raise_for_status()
    emulator = Emulator(server, http)
    emulator.change("limits", **NO_LIMITS)
    emulator.change("behaviour", **AT_ONCE, reference_id="accept", strict_order=False)
    http.post(f"{server}/_sandbox/contact-lists", json={"id": LIST}).raise_for_status()
    types = ("contact_details", "deal_details", "appointment_details")
    for number in range(32):
        if number == 24:
            emulator.change("behaviour", stalled=True)
        note = NUMBERS[number % len(NUMBERS)]
        rows = [{"external_id": f"C-{number % 7}", "note": note, "tags": [number % 3, note]}]
        response = emulator.post(
            rows * (number % 4),
            types[number % 3],
            reference_id=TEXTS[number % len(TEXTS)] if number % 5 else None,
            contact_list_id=LIST if number % 2 else None,
            allow_deal_reassignment=(None, True, False)[number % 3],
        )
        if number < 24:
            emulator.finished(response.json()["id"])
    return emulator


@pytest.fixture(scope="module")
def rows(filled: Emulator) -> list[Json]:
    """All rows, as a request without any condition shows them."""
    found = filled.get(select="*").json()
    assert len(found) == 32
    assert {row["total_count"] for row in found} == {0, 1, 2, 3, None}
    return list(found)


@pytest.fixture(scope="module")
def question(rows: list[Json]) -> Condition:
    """Conditions about these rows."""
    return conditions(rows)


@pytest.fixture(scope="module")
def client(filled: Emulator) -> Iterator[SyncPostgrestClient]:
    """The client as its documentation makes it, with the token."""
    with httpx.Client(timeout=15) as session:
        yield SyncPostgrestClient(
            filled.api.removesuffix("/import"),
            headers={"Authorization": f"Bearer {TOKEN}"},
            http_client=session,
        )


def asked(client: SyncPostgrestClient, where: Sequence[Filter | Group], *columns: str) -> Any:
    """The client's query for some columns with all conditions."""
    query = client.from_("import").select(*(columns or ("id",)))
    for condition in where:
        query = query.not_ if condition.negated else query
        if isinstance(condition, Group):
            text = ",".join(written(part) for part in condition.parts)
            inside = text if condition.word == "or" else f"and({text})"
            query = query.or_(inside)
        else:
            query = applied(query, condition)
    return query


def applied(query: Any, condition: Filter) -> Any:
    """One filter through the client's own method for it, where it has one."""
    column, value = condition.column, condition.value
    match condition.operator:
        case "in":
            return query.in_(column, value)
        case "is":
            return query.is_(column, value)
        case "cs":
            return query.contains(column, condition.text)
        case "cd":
            return query.contained_by(column, condition.text)
        case "isdistinct":
            return query.filter(column, "isdistinct", condition.text)
        case operator:
            return getattr(query, operator)(column, condition.text)


def refused(query: Any) -> str | None:
    with pytest.raises(APIError) as caught:
        query.execute()
    assert set(caught.value.json()) == {"message", "code", "hint", "details"}
    return caught.value.code


def ids(found: Sequence[Any]) -> list[str]:
    return [row["id"] for row in found]


@examples
@given(data=st.data())
def test_filters_find_the_rows_that_python_finds(
    client: SyncPostgrestClient, rows: list[Json], question: Condition, data: st.DataObject
) -> None:
    where = data.draw(st.lists(question, max_size=2))
    response = asked(client, where).execute()
    assert sorted(ids(response.data)) == sorted(ids(matching(rows, where)))


@examples
@given(data=st.data())
def test_an_order_is_the_one_that_python_makes(
    client: SyncPostgrestClient, rows: list[Json], question: Condition, data: st.DataObject
) -> None:
    where = data.draw(st.lists(question, max_size=1))
    order = [*data.draw(st.lists(terms, max_size=3)), Term("id")]
    query = asked(client, where)
    for term in order:
        query = query.order(term.column, desc=term.descending, nullsfirst=term.nulls_first)
    assert ids(query.execute().data) == ids(in_order(matching(rows, where), order))


@examples
@given(data=st.data())
def test_a_range_is_the_slice_that_python_takes_and_counts_all_rows(
    client: SyncPostgrestClient, rows: list[Json], question: Condition, data: st.DataObject
) -> None:
    start, size = data.draw(st.tuples(st.integers(0, 40), st.integers(1, 60)))
    count = data.draw(st.sampled_from([None, *CountMethod]))
    where = data.draw(st.lists(question, max_size=1))
    found = in_order(matching(rows, where), [Term("created_at", descending=True)])
    query = asked(client, where).order("created_at", desc=True).range(start, start + size - 1)
    if count is not None:
        query.request.headers["Prefer"] = f"count={count}"
    if count is not None and start > len(found):
        assert refused(query) == "PGRST103"
        return
    response = query.execute()
    assert ids(response.data) == ids(found[start : start + min(size, PAGE)])
    assert response.count == (None if count is None else len(found))


@examples
@given(data=st.data())
def test_a_single_object_is_there_exactly_where_python_finds_one_row(
    client: SyncPostgrestClient, rows: list[Json], question: Condition, data: st.DataObject
) -> None:
    where = data.draw(st.lists(question, min_size=1, max_size=2))
    found = matching(rows, where)
    if len(found) == 1:
        assert asked(client, where).single().execute().data == {"id": found[0]["id"]}
    else:
        assert refused(asked(client, where).single()) == "PGRST116"


@settings(examples, max_examples=50)
@given(data=st.data())
def test_selected_columns_show_what_the_whole_row_shows(
    client: SyncPostgrestClient, rows: list[Json], data: st.DataObject
) -> None:
    columns = data.draw(st.lists(st.sampled_from(COLUMNS), min_size=1, unique=True))
    shown = asked(client, [], *(f"my_{name}:{name}" for name in columns)).order("id").execute()
    plain = [{f"my_{name}": row[name] for name in columns} for row in rows]
    assert shown.data == [
        row for _, row in sorted(zip(ids(rows), plain, strict=True), key=lambda pair: pair[0])
    ]


def test_a_count_alone_is_asked_for_without_rows(
    client: SyncPostgrestClient, rows: list[Json]
) -> None:
    query = client.from_("import").select("id", count=CountMethod.exact, head=True)
    response = query.eq("type", "deal_details").execute()
    assert response.count == sum(row["type"] == "deal_details" for row in rows)
    assert response.data == []


def test_a_row_that_may_be_missing_is_none(client: SyncPostgrestClient, rows: list[Json]) -> None:
    query = client.from_("import").select("id")
    assert query.eq("id", "00000000-0000-0000-0000-000000000000").maybe_single().execute() is None


def test_casts_and_ways_into_json_can_be_selected(
    client: SyncPostgrestClient, rows: list[Json]
) -> None:
    columns = ("total:total_count::text", "payload->0->>external_id", "first:payload->0->tags")
    shown = asked(client, [], *columns).order("id").execute().data
    for row, plain in zip(shown, in_order(rows, [Term("id")]), strict=True):
        total, first = plain["total_count"], (plain["payload"] or [{}])[0]
        assert row == {
            "total": None if total is None else str(total),
            "external_id": first.get("external_id"),
            "first": first.get("tags"),
        }


def test_nulls_are_stripped(client: SyncPostgrestClient, rows: list[Json]) -> None:
    shown = asked(client, [], "id", "total_count", "reference_id").order("id").strip_nulls()
    wanted = ("id", "total_count", "reference_id")
    assert shown.execute().data == [
        {name: row[name] for name in wanted if row[name] is not None}
        for row in in_order(rows, [Term("id")])
    ]


def test_csv_is_read_back(client: SyncPostgrestClient, rows: list[Json]) -> None:
    text = asked(client, [], "id", "total_count", "reference_id").order("id").csv().execute().data
    assert list(csv.DictReader(io.StringIO(text))) == [
        {
            "id": row["id"],
            "total_count": "" if row["total_count"] is None else str(row["total_count"]),
            "reference_id": row["reference_id"] or "",
        }
        for row in in_order(rows, [Term("id")])
    ]


@pytest.mark.parametrize(
    ("operator", "value"),
    [("fts", "a"), ("like_any_of", "a"), ("ov", "{a}"), ("sl", (1, 2)), ("adj", (1, 2))],
)
def test_operators_that_mateo_does_not_list_are_refused(
    client: SyncPostgrestClient, operator: str, value: object
) -> None:
    query: Any = client.from_("import").select("id")
    assert refused(getattr(query, operator)("reference_id", value)) == "PGRST100"


def test_null_is_a_word_to_eq_and_a_value_to_is(
    client: SyncPostgrestClient, rows: list[Json]
) -> None:
    word = client.from_("import").select("reference_id").eq("reference_id", None).execute()
    value = client.from_("import").select("reference_id").is_("reference_id", None).execute()
    assert {row["reference_id"] for row in word.data} == {"null"}  # type: ignore[index, call-overload]
    assert {row["reference_id"] for row in value.data} == {None}  # type: ignore[index, call-overload]


def test_an_insert_shows_what_it_selects(emulator: Emulator) -> None:
    with httpx.Client(timeout=15) as session:
        client = SyncPostgrestClient(
            emulator.api.removesuffix("/import"),
            headers={"Authorization": f"Bearer {TOKEN}"},
            http_client=session,
        )
        body: Json = {"type": "contact_details", "payload": [{"external_id": "C-1"}]}
        query = client.from_("import").insert(body).select("type,payload->0->>external_id")
        shown: object = query.execute().data
    assert shown == {"type": "contact_details", "external_id": "C-1"}
