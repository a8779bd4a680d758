"""The query language: which rows it finds in which order, what it refuses and with which code."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from mateo_emulator.errors import ApiError
from mateo_emulator.postgresql.values import IMPORT_TYPES, Kind
from mateo_emulator.postgrest.api_request.query_params import read_query_params
from mateo_emulator.postgrest.plan import Comparison, ReadPlan, plan_read
from mateo_emulator.postgrest.query.sql_fragment import install, order_by, where
from mateo_emulator.postgrest.schema_cache import SchemaCache

COLUMNS: dict[str, Kind] = {
    "id": "uuid",
    "name": "text",
    "count": "integer",
    "flag": "boolean",
    "created_at": "timestamp",
    "type": "import_type",
    "payload": "json",
}
SCHEMA = SchemaCache(COLUMNS, ("created_at",))
ROWS = [
    (1, "Anna", 10, 1, '[{"age":7,"tags":["a","b"],"note":null}]'),
    (2, "bernd", 20, 0, '[{"age":30,"tags":["b"]}]'),
    (3, "Carla, Dr.", None, None, None),
    (4, None, 40, 1, '[{"age":"7","a.b":1}]'),
    (5, "100%", 50, 0, "[]"),
]


NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)


def parsed(*parameters: tuple[str, str], schema: SchemaCache = SCHEMA) -> ReadPlan:
    return plan_read(read_query_params(parameters), schema, NOW)


def refused(*parameters: tuple[str, str]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parsed(*parameters)
    return caught.value


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


def test_logic_nested_too_deep_is_refused() -> None:
    assert refused(("and", "(" + "or(" * 5000 + "count.eq.10")).code == "PGRST100"


def test_a_pattern_with_many_wildcards_is_quick() -> None:
    assert found(("name", "like." + "*a" * 300 + "b")) == []


@pytest.mark.parametrize("key", ["select", "order"])
def test_an_unknown_column_is_42703_in_select_and_order(key: str) -> None:
    assert (refused((key, "banana")).status, refused((key, "banana")).code) == (400, "42703")


def test_an_unknown_column_is_42703_in_a_filter() -> None:
    assert refused(("banana", "eq.1")).code == "42703"
    assert refused(("or", "(banana.eq.1,count.eq.1)")).code == "42703"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("_ts", "1"),
        ("", "eq.1"),
        ("count", ""),
        ("count", "20"),
        ("count", "is.not_null"),
        ("count", "is.nullx"),
        ("count", "in.(1)x"),
        ("name", "match.^A"),
        ("name", "imatch.^A"),
        ("name", "fts.anna"),
        ("name", "like(any).{A*,B*}"),
        ("count", "ov.{1}"),
        ("count", "sl.(1,2)"),
        ("or", "(name.match.A)"),
        ("count", "equals.20"),
        ("count", "is.nothing"),
        ("count", "in.1,2"),
        ("or", "()"),
        ("or", "(count.eq.1"),
        ("or", "(count.eq.1)x"),
        ("and", "count.eq.1"),
        ("or", "(count.eq.1,xor(count.eq.1))"),
        ("or", "(count)"),
        ("or", "(.eq.1)"),
        ("order", "created_at.down"),
        ("order", "created_at.asc.desc"),
        ("order", "created_at.nullslast.desc"),
        ("order", "created_at,"),
        ("select", "id,,name"),
        ("select", "id,"),
        ("select", "payload->"),
        ("select", "id::"),
        ("select", "id name*"),
        ("payload->", "eq.1"),
        ("payload->0x!", "eq.1"),
    ],
)
def test_what_cannot_be_parsed_is_pgrst100(key: str, text: str) -> None:
    error = refused((key, text))
    assert (error.status, error.code) == (400, "PGRST100")


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("id", "eq.x", "22P02"),
        ("id", "eq.", "22P02"),
        ("count", "eq.many", "22P02"),
        ("count", "eq.99999999999", "22003"),
        ("flag", "eq.perhaps", "22P02"),
        ("created_at", "gt.someday", "22P02"),
        ("count", 'in.("1)', "22P02"),
        ("count", "in.(1,)", "22P02"),
        ("payload", "eq.{", "22P02"),
        ("payload", "cs.{a,b}", "22P02"),
        ("payload", "eq.NaN", "22P02"),
        ("payload", 'eq."\\u0000"', "22P05"),
        ("payload", "eq." + "[" * 100_000, "22P02"),
        ("payload", "like.a*", "42883"),
        ("payload->>a->b", "eq.1", "42883"),
        ("payload->9999999999", "eq.1", "22003"),
        ("name", "cs.{a}", "42883"),
        ("id", "cd.{}", "42883"),
        ("name", "like.a\\", "22025"),
        ("name", "eq.a\x00", "22021"),
        ("name", "is.unknown", "42804"),
        ("type", "eq.contacts", "22P02"),
        ("count", "is.true", "42804"),
        ("count", "like.1*", "42883"),
        ("id", "in.(x)", "22P02"),
    ],
)
def test_a_value_of_the_wrong_type_has_the_code_of_postgres(key: str, text: str, code: str) -> None:
    error = refused((key, text))
    assert (error.status, error.code) == (404 if code == "42883" else 400, code)


def test_what_cannot_be_read_is_said_before_what_is_not_there() -> None:
    assert refused(("banana", "eq.1"), ("count", "20")).code == "PGRST100"


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


@pytest.mark.parametrize("key", ["client.id", "client.order", "client.limit", "client.or"])
def test_a_related_table_is_pgrst108(key: str) -> None:
    assert refused((key, "eq.1")).code == "PGRST108"


def test_a_related_table_cannot_be_selected() -> None:
    assert refused(("select", "id,client(name)")).code == "PGRST200"


def test_an_error_says_where_and_what_was_expected() -> None:
    error = refused(("count", "val"))
    assert error.message == '"failed to parse filter (val)" (line 1, column 1)'
    assert error.hint == 'unexpected "v" expecting "not" or operator (eq, gt, ...)'
    assert refused(("name", "match.x")).hint == "unknown single value operator match"
    order = refused(("order", "created_at.ac"))
    assert order.message == '"failed to parse order (created_at.ac)" (line 1, column 12)'


@pytest.mark.parametrize("key", ["columns", "on_conflict"])
def test_parameters_of_other_requests_mean_nothing(key: str) -> None:
    assert parsed((key, "anything")) == ReadPlan()


def test_of_repeated_shapes_one_counts() -> None:
    query = parsed(("select", "id"), ("select", "name"), ("limit", "3"), ("limit", "4"))
    assert query.select is not None
    assert [item.name for item in query.select] == ["id"]
    assert query.window.limit == 4
