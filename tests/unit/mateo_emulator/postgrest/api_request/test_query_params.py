"""The query language: which rows it finds in which order, what it refuses and with which code."""

from __future__ import annotations

import sqlite3

import pytest

from mateo_emulator.postgresql.values import IMPORT_TYPES
from mateo_emulator.postgrest.plan import Comparison, ReadPlan
from mateo_emulator.postgrest.query.sql_fragment import install, order_by, where
from mateo_emulator.postgrest.schema_cache import SchemaCache
from tests.unit.mateo_emulator.postgrest.queried import COLUMNS, parsed, refused

ROWS = [
    (1, "Anna", 10, 1, '[{"age":7,"tags":["a","b"],"note":null}]'),
    (2, "bernd", 20, 0, '[{"age":30,"tags":["b"]}]'),
    (3, "Carla, Dr.", None, None, None),
    (4, None, 40, 1, '[{"age":"7","a.b":1}]'),
    (5, "100%", 50, 0, "[]"),
]


def found(*parameters: tuple[str, str]) -> list[int]:
    """The numbers of the rows that a query finds in a small table."""
    connection = sqlite3.connect(":memory:")
    install(connection)
    connection.execute("CREATE TABLE import (sequence, name, count INTEGER, flag, payload)")
    connection.executemany("INSERT INTO import VALUES (?, ?, ?, ?, ?)", ROWS)
    query = parsed(*parameters, schema=SchemaCache(COLUMNS))
    kinds = {name: COLUMNS[name] for name in ("name", "count", "flag", "payload")}
    sql = {name: (kind, f"import.{name}") for name, kind in kinds.items()}
    condition, values = where(query.where, sql)
    order, order_values = order_by(query.order, sql)
    rows = connection.execute(
        f"SELECT sequence FROM import WHERE {condition}"  # noqa: S608 - nothing from outside
        f" ORDER BY {order} LIMIT ? OFFSET ?",
        [*values, *order_values, query.window.limit, query.window.offset],
    ).fetchall()
    connection.close()
    return [number for (number,) in rows]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("eq.20", [2]),
        ("neq.20", [1, 4, 5]),
        ("gt.20", [4, 5]),
        ("gte.20", [2, 4, 5]),
        ("lt.20", [1]),
        ("lte.20", [1, 2]),
        ("in.(10,50)", [1, 5]),
        ("in.()", []),
        ("is.null", [3]),
        ("not.is.null", [1, 2, 4, 5]),
        ("is.NULL", [3]),
        ("not.eq.20", [1, 4, 5]),
        ("not.in.(10,20)", [4, 5]),
        ("isdistinct.20", [1, 3, 4, 5]),
        ("not.isdistinct.20", [2]),
    ],
)
def test_each_operator_finds_its_rows_and_null_matches_only_what_asks_for_it(
    text: str, numbers: list[int]
) -> None:
    assert found(("count", text)) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("like.*er*", [2]),
        ("like.a*", []),
        ("ilike.a*", [1]),
        ("like.A__a", [1]),
        ("like.100\\%", [5]),
        ("like.*%", [1, 2, 3, 5]),
        ("like.%\\%", [5]),
        ("like.a%a%a", []),
        ("ilike.a%n%a", [1]),
        ("like.An_", []),
        ("like.B*d", []),
        ("like.Ann*nna", []),
        ("like.Ann*a", [1]),
        ('in.("Carla, Dr.",Anna)', [1, 3]),
        ('in.("100%","x\\"y")', [5]),
        ("eq.", []),
        ("eq.null", []),
    ],
)
def test_text_operators_mind_case_patterns_and_quotes(text: str, numbers: list[int]) -> None:
    assert found(("name", text)) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("is.true", [1, 4]), ("not.is.true", [2, 3, 5]), ("is.unknown", [3]), ("eq.false", [2, 5])],
)
def test_booleans_have_three_values(text: str, numbers: list[int]) -> None:
    assert found(("flag", text)) == numbers


@pytest.mark.parametrize(
    ("key", "text", "numbers"),
    [
        ("or", "(count.eq.10,name.eq.bernd)", [1, 2]),
        ("and", "(count.gt.10,count.lt.50)", [2, 4]),
        ("not.or", "(count.eq.10,count.eq.20)", [4, 5]),
        ("or", "(count.in.(10,20),and(flag.is.true,count.eq.40))", [1, 2, 4]),
        ("or", '(name.eq."Carla, Dr.",not.and(count.gt.10,count.lt.50))', [1, 3, 5]),
        ("or", "(count.not.is.null,name.like.C*)", [1, 2, 3, 4, 5]),
        ("or", "( count.eq.10 , count.eq.20 )", [1, 2]),
        ("and", '(name.in.("Carla, Dr.",Anna),not.or(count.eq.10,count.eq.20))', []),
        ("or", "(payload->0->>age.eq.30,payload.cs.[])", [1, 2, 4, 5]),
        ("or", '(payload.cs."[{\\"age\\":7}]",count.eq.50)', [1, 5]),
        ("or", "(payload->0.cs.{},flag.is.false)", [1, 2, 4, 5]),
    ],
)
def test_logic_nests(key: str, text: str, numbers: list[int]) -> None:
    assert found((key, text)) == numbers


def test_a_repeated_column_narrows_the_result() -> None:
    assert found(("count", "gt.10"), ("count", "lt.50")) == [2, 4]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("count", [1, 2, 4, 5, 3]),
        ("count.desc", [3, 5, 4, 2, 1]),
        ("count.desc.nullslast", [5, 4, 2, 1, 3]),
        ("count.nullsfirst", [3, 1, 2, 4, 5]),
        ("flag.nullslast,count.desc", [5, 2, 4, 1, 3]),
    ],
)
def test_order_puts_nulls_where_postgres_puts_them(text: str, numbers: list[int]) -> None:
    assert found(("order", text)) == numbers


@pytest.mark.parametrize(
    ("key", "text", "numbers"),
    [
        ("payload->0->>age", "eq.7", [1, 4]),
        ("payload->0->age", "eq.7", [1]),
        ("payload->0->age", 'eq."7"', [4]),
        ("payload->0->>age", "is.null", [3, 5]),
        ("payload->0->note", "not.is.null", [1]),
        ("payload->0->>note", "not.is.null", []),
        ("payload->0->tags->>-1", "eq.b", [1, 2]),
        ('payload->0->>"a.b"', "eq.1", [4]),
        ("payload->0->age", "gt.7", [2]),
        ("payload", "eq.[]", [5]),
        ("payload", "isdistinct.[]", [1, 2, 3, 4]),
        ("payload", 'cs.[{"tags":["b"]}]', [1, 2]),
        ("payload", "cd.[]", [5]),
        ("payload->0", 'cd.{"age":30,"tags":["b","c"]}', [2]),
        ("payload->0->tags", 'not.cs.["a"]', [2]),
        ("name->x", "is.null", [1, 2, 3, 4, 5]),
    ],
)
def test_filters_reach_into_json(key: str, text: str, numbers: list[int]) -> None:
    assert found((key, text)) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("payload->0->age", [4, 1, 2, 3, 5]),
        ("payload->0->>age.desc.nullslast", [1, 4, 2, 3, 5]),
        ("payload.nullsfirst", [3, 5, 4, 2, 1]),
        (" count.desc.nullslast , name", [5, 4, 2, 1, 3]),
    ],
)
def test_order_reaches_into_json(text: str, numbers: list[int]) -> None:
    assert found(("order", text)) == numbers


def test_enums_compare_as_they_were_declared() -> None:
    connection = sqlite3.connect(":memory:")
    install(connection)
    connection.execute("CREATE TABLE import (sequence, type)")
    connection.executemany("INSERT INTO import VALUES (?, ?)", enumerate(IMPORT_TYPES))
    query = parsed(("type", "gt.contact_details"))
    condition, values = where(query.where, {"type": ("import_type", "import.type")})
    sql = f"SELECT type FROM import WHERE {condition} ORDER BY 1"  # noqa: S608
    assert connection.execute(sql, values).fetchall() == [
        ("appointment_details",),
        ("deal_details",),
    ]
    connection.close()


def test_many_filters_and_deep_logic_are_no_burden() -> None:
    assert found(*[("count", "gt.10")] * 2000) == [2, 4, 5]
    assert found(("or", f"({','.join(['count.eq.10'] * 2000)})")) == [1]
    assert found(("and", "(" + "or(" * 49 + "count.eq.10" + ")" * 50)) == [1]


def test_a_pattern_with_many_wildcards_is_quick() -> None:
    assert found(("name", "like." + "*a" * 300 + "b")) == []


def test_now_is_when_the_query_is_asked() -> None:
    assert parsed(("created_at", "lte.now")) == parsed(("created_at", "lte.2026-11-21T14:30:00Z"))
    assert parsed(("or", "(created_at.gte.today)")) == parsed(("or", "(created_at.gte.2026-11-21)"))
    assert parsed(("created_at", "in.(yesterday,tomorrow)")) == parsed(
        ("created_at", "in.(2026-11-20,2026-11-22)")
    )


def test_an_uuid_is_found_in_any_notation() -> None:
    query = parsed(("id", "eq.3C90C3CC0D444B5088888DD25736052A"))
    (comparison,) = query.where
    assert isinstance(comparison, Comparison)
    assert comparison.values == ("3c90c3cc-0d44-4b50-8888-8dd25736052a",)


def test_a_timestamp_is_compared_as_a_time_whatever_its_zone() -> None:
    utc = parsed(("created_at", "gte.2026-11-21T09:00:00Z"))
    berlin = parsed(("created_at", "gte.2026-11-21T10:00:00+01:00"))
    assert utc == berlin


def test_only_documented_columns_can_be_ordered_by() -> None:
    (term,) = parsed(("order", "created_at.desc")).order
    assert (term.reference.column, term.descending, term.nulls_first) == ("created_at", True, True)
    assert refused(("order", "count")).hint == "Allowed Fields: created_at"
    assert refused(("order", "created_at->x")).code == "PGRST100"


@pytest.mark.parametrize("key", ["columns", "on_conflict"])
def test_parameters_of_other_requests_mean_nothing(key: str) -> None:
    assert parsed((key, "anything")) == ReadPlan()


def test_of_repeated_parameters_that_shape_the_answer_one_counts() -> None:
    query = parsed(("select", "id"), ("select", "name"), ("limit", "3"), ("limit", "4"))
    assert query.select is not None
    assert [item.name for item in query.select] == ["id"]
    assert query.window.limit == 4
