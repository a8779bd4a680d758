"""``select``: names, aliases, paths into JSON and casts, and what each shows."""

from __future__ import annotations

import pytest

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.values import Kind
from mateo_emulator.postgrest.api_request.select import read_select
from mateo_emulator.postgrest.plan import plan_select
from mateo_emulator.postgrest.schema_cache import SchemaCache

COLUMNS: dict[str, Kind] = {
    "id": "uuid",
    "created_at": "timestamp",
    "type": "import_type",
    "count": "integer",
    "flag": "boolean",
    "name": "text",
    "url": "link",
    "payload": "json",
}
VALUES: dict[str, object] = {
    "id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
    "created_at": "2026-11-21T09:30:00.120000+00:00",
    "type": "contact_details",
    "count": 7,
    "flag": True,
    "name": "12",
    "url": "http://localhost/x?token=1",
    "payload": [
        {"external_id": "C-1", "age": 41.5, "vip": True, "tags": ["a", None], "city": None,
         "half": 2.5, "debt": -2.5, "long key": 1, "whole": 3.0, "big": 1e22}
    ],
}  # fmt: skip


def shown(select: str, **values: object) -> dict[str, object]:
    """What a select shows of one row."""
    selected = plan_select(read_select(select), SchemaCache(COLUMNS, selectable={"failed": "json"}))
    assert selected is not None
    row = {**VALUES, "failed": [{"code": "22P02"}], **values}
    return {item.name: item.show(row[item.reference.column]) for item in selected}


def code(select: str, **values: object) -> str:
    with pytest.raises(ApiError) as caught:
        shown(select, **values)
    assert caught.value.status == (404 if caught.value.code == "42883" else 400)
    return caught.value.code


@pytest.mark.parametrize("text", [None, "", " ", "*", " * "])
def test_no_select_an_empty_one_and_a_star_mean_all_columns(text: str | None) -> None:
    assert read_select(text) is None


@pytest.mark.parametrize(
    ("select", "names"),
    [
        ("count,id", ["count", "id"]),
        (" count , id ", ["count", "id"]),
        ("total:count", ["total"]),
        ('"a, b":count', ["a, b"]),
        ("*,total:count", [*COLUMNS, "total"]),
        ("payload->0->>external_id", ["external_id"]),
        ("payload->0", ["payload"]),
        ("payload->0->tags->0", ["tags"]),
        ("first:payload->0", ["first"]),
        ("count::text", ["count"]),
        ("failed->0->>code", ["code"]),
    ],
)
def test_the_names_of_the_answer(select: str, names: list[str]) -> None:
    assert list(shown(select)) == names


@pytest.mark.parametrize(
    ("select", "value"),
    [
        ("payload->0->>external_id", "C-1"),
        ("payload->0->external_id", "C-1"),
        ("payload->0->>age", "41.5"),
        ("payload->0->age", 41.5),
        ("payload->0->>vip", "true"),
        ("payload->0->>tags", '["a", null]'),
        ("payload->0->tags->-1", None),
        ("payload->0->>city", None),
        ("payload->1", None),
        ("payload->x", None),
        ("payload->0->0", None),
        ("payload->0->>long key", "1"),
        ('payload->0->>"long key"', "1"),
        ("payload->0->>big", "10000000000000000000000"),
        ("name->0", None),
    ],
)
def test_a_path_into_json_shows_what_is_there(select: str, value: object) -> None:
    assert list(shown(select).values()) == [value]


@pytest.mark.parametrize(
    ("select", "value"),
    [
        ("count::text", "7"),
        ("count::bigint", 7),
        ("count::numeric", 7),
        ("count::bool", True),
        ("flag::text", "true"),
        ("flag::int", 1),
        ("type::text", "contact_details"),
        ("created_at::text", "2026-11-21 09:30:00.12+00"),
        ("created_at::date", "2026-11-21"),
        ("created_at::timestamptz", "2026-11-21T09:30:00.120000+00:00"),
        ("name::int", 12),
        ("name::double precision", 12),
        ("name::text", "12"),
        ("name::jsonb", 12),
        ("url::text", "http://localhost/x?token=1"),
        ("id::uuid", "3c90c3cc-0d44-4b50-8888-8dd25736052a"),
        ("payload->0->tags::text", '["a", null]'),
        ("payload->0->age::int", 42),
        ("payload->0->half::int", 3),
        ("payload->0->debt::int", -3),
        ("payload->0->age::numeric", 41.5),
        ("payload->0->vip::boolean", True),
        ("payload->0->>vip::boolean", True),
        ("payload->0->>whole::numeric", 3),
        ("payload->0->>city::int", None),
    ],
)
def test_a_cast_shows_the_value_as_another_type(select: str, value: object) -> None:
    assert list(shown(select).values()) == [value]


@pytest.mark.parametrize(
    ("text", "cast", "value"),
    [
        ("yes", "boolean", True),
        ("2026-11-21T10:00:00+01:00", "timestamptz", "2026-11-21T09:00:00+00:00"),
        ("2026-11-21", "date", "2026-11-21"),
        ("-3", "int", -3),
        ("1e3", "numeric", 1000),
        ("0.5", "float8", 0.5),
        ("3C90C3CC0D444B5088888DD25736052A", "uuid", "3c90c3cc-0d44-4b50-8888-8dd25736052a"),
        ("deal_details", "import_type", "deal_details"),
    ],
)
def test_text_can_become_anything(text: str, cast: str, value: object) -> None:
    assert shown(f"name::{cast}", name=text) == {"name": value}


@pytest.mark.parametrize(
    ("cast", "expected"),
    [
        ("int", "22P02"),
        ("numeric", "22P02"),
        ("boolean", "22P02"),
        ("timestamptz", "22P02"),
        ("date", "22P02"),
        ("uuid", "22P02"),
        ("jsonb", "22P02"),
        ("import_type", "22P02"),
    ],
)
def test_text_that_is_no_such_value_is_refused(cast: str, expected: str) -> None:
    assert code(f"name::{cast}", name="a_b") == expected


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("count::banana", "42704"),
        ("id::int", "42846"),
        ("count::uuid", "42846"),
        ("created_at::int", "42846"),
        ("payload::int", "22023"),
        ("payload->0->external_id::int", "22023"),
        ("payload->0->age::boolean", "22023"),
        ("payload->0->big::int", "22003"),
        ("banana", "42703"),
        ("banana->x", "42703"),
        ("payload->>a->b", "42883"),
        ("payload::jsonb->x", "PGRST100"),
    ],
)
def test_what_cannot_be_shown_has_the_code_of_postgres(select: str, expected: str) -> None:
    assert code(select) == expected


def test_a_number_out_of_range_is_22003() -> None:
    assert code("name::smallint", name="40000") == "22003"
    assert shown("name::bigint", name="9000000000") == {"name": 9_000_000_000}
