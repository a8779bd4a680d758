"""The query language: what is understood, what is refused and with which code."""

from __future__ import annotations

import sqlite3

import pytest

from local.mateo.conditions import install, order_by, where
from local.mateo.errors import ApiError
from local.mateo.query import Comparison, Grammar, Logic, Ordering, Query, parse_query
from local.mateo.query_values import Kind

COLUMNS: dict[str, Kind] = {
    "id": "uuid",
    "name": "text",
    "count": "integer",
    "flag": "boolean",
    "created_at": "timestamp",
    "type": "import_type",
    "payload": "json",
}
GRAMMAR = Grammar(COLUMNS, ("created_at",))
ROWS = [
    (1, "Anna", 10, 1),
    (2, "bernd", 20, 0),
    (3, "Carla, Dr.", None, None),
    (4, None, 40, 1),
    (5, "100%", 50, 0),
]


def parsed(*parameters: tuple[str, str]) -> Query:
    return parse_query(parameters, GRAMMAR)


def refused(*parameters: tuple[str, str]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parsed(*parameters)
    return caught.value


def found(*parameters: tuple[str, str]) -> list[int]:
    """The numbers of the rows that a query finds in a small table."""
    connection = sqlite3.connect(":memory:")
    install(connection)
    connection.execute("CREATE TABLE import (sequence, name, count INTEGER, flag)")
    connection.executemany("INSERT INTO import VALUES (?, ?, ?, ?)", ROWS)
    query = parse_query(parameters, Grammar(COLUMNS))
    sql = {"name": "name", "count": "count", "flag": "flag"}
    condition, values = where(query.where, sql)
    rows = connection.execute(
        f"SELECT sequence FROM import WHERE {condition}"  # noqa: S608 - nothing from outside
        f" ORDER BY {order_by(query.order, sql)}"
        " LIMIT ? OFFSET ?",
        [*values, query.limit, query.offset],
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
        ('in.("Carla, Dr.",Anna)', [1, 3]),
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


def test_limit_and_offset_cut_the_result() -> None:
    assert found(("limit", "2"), ("offset", "1")) == [2, 3]


@pytest.mark.parametrize(("text", "limit"), [("51", 50), ("0", 0), ("many", 50), ("7", 7)])
def test_a_limit_is_capped_at_fifty_without_an_error(text: str, limit: int) -> None:
    assert parsed(("limit", text)).limit == limit


def test_a_negative_limit_is_416() -> None:
    assert refused(("limit", "-1")).status == 416


def test_a_negative_offset_does_nothing() -> None:
    assert parsed(("offset", "-3")).offset == 0


@pytest.mark.parametrize("text", ["", "*", " "])
def test_an_empty_select_means_all_columns(text: str) -> None:
    assert parsed(("select", text)).select is None


def test_select_keeps_the_order_and_the_aliases() -> None:
    select = parsed(("select", "count,title:name")).select
    assert select is not None
    assert list(select.items()) == [("count", "count"), ("title", "name")]


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
        ("count", "20"),
        ("count", "equals.20"),
        ("count", "is.nothing"),
        ("count", "in.1,2"),
        ("count", 'in.("1)'),
        ("or", "()"),
        ("or", "(count.eq.1"),
        ("or", "(count.eq.1)x"),
        ("and", "count.eq.1"),
        ("or", '(name.eq."a)'),
        ("order", "created_at.down"),
        ("select", "id,,name"),
        ("payload->0->>email", "eq.1"),
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
        ("created_at", "gt.yesterday", "22007"),
        ("type", "eq.contacts", "22P02"),
        ("count", "is.true", "42804"),
        ("count", "like.1*", "42883"),
        ("id", "in.(x)", "22P02"),
    ],
)
def test_a_value_of_the_wrong_type_has_the_code_of_postgres(key: str, text: str, code: str) -> None:
    assert refused((key, text)).code == code


def test_an_uuid_is_found_in_any_notation() -> None:
    query = parsed(("id", "eq.3C90C3CC0D444B5088888DD25736052A"))
    assert query.where == (Comparison("id", "eq", ("3c90c3cc-0d44-4b50-8888-8dd25736052a",)),)


def test_a_timestamp_is_compared_as_a_moment_whatever_its_zone() -> None:
    utc = parsed(("created_at", "gte.2026-11-21T09:00:00Z"))
    berlin = parsed(("created_at", "gte.2026-11-21T10:00:00+01:00"))
    assert utc == berlin


def test_only_documented_columns_can_be_ordered_by() -> None:
    assert parsed(("order", "created_at.desc")).order == (Ordering("created_at", True, True),)
    assert refused(("order", "count")).code == "PGRST100"


def test_a_negated_logic_keeps_its_negation() -> None:
    condition = parsed(("not.and", "(count.eq.1,count.eq.2)")).where[0]
    assert isinstance(condition, Logic)
    assert condition.negated
