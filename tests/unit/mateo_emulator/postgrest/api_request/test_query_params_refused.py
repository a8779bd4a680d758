"""Queries that PostgREST refuses, and in which words."""

from __future__ import annotations

import pytest

from tests.unit.mateo_emulator.postgrest.queried import refused


def test_logic_nested_too_deep_is_refused() -> None:
    assert refused(("and", "(" + "or(" * 5000 + "count.eq.10")).code == "PGRST100"


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


def test_a_mistake_of_syntax_is_told_before_an_unknown_column() -> None:
    assert refused(("banana", "eq.1"), ("count", "20")).code == "PGRST100"


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
