"""docs/connections.md: examples are right, expressions give what it says, keys exist."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from import_relay.check.check_connections import check
from import_relay.connectors.kinds import can_fetch, kinds
from import_relay.domain.connections import RecordType
from import_relay.mapping.expressions import compile_expression
from import_relay.mapping.functions import OWN_FUNCTIONS
from tests.docs import kinds_table
from tests.docs.documents import document

PAGE = document("docs/connections.md")
SNIPPETS = [block.text for block in PAGE.blocks if block.language == "toml"]
RECORD, SECRETS, TOKENS = [
    json.loads(block.text) for block in PAGE.blocks if block.language == "json"
]
EXPRESSIONS = [row for row in PAGE.section("Expressions").rows if len(row) == 3]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_example_is_a_right_connections_file(snippet: str, tmp_path: Path) -> None:
    file = tmp_path / "connections.toml"
    file.write_text(snippet, encoding="utf-8")
    assert list(check(file)) == []


@pytest.mark.parametrize("row", EXPRESSIONS, ids=[row[0] for row in EXPRESSIONS])
def test_every_expression_gives_what_the_page_says(row: list[str]) -> None:
    _, expression, result = row
    assert compile_expression(expression.strip("`"))(RECORD) == json.loads(result.strip("`"))


def test_every_function_is_shown_and_gives_what_the_page_says() -> None:
    rows = PAGE.section("Functions").rows
    assert {row[0].strip("`") for row in rows} == set(OWN_FUNCTIONS)
    for _, call, result in rows:
        expression = call.removeprefix("``").removesuffix("``") if "``" in call else call.strip("`")
        assert compile_expression(expression)(RECORD) == json.loads(result.strip("`")), call


def test_every_key_of_a_record_type_is_described_and_no_other() -> None:
    described = PAGE.section("All keys").first_cells()
    of_connection = {"kind", "id_prefix", "same_ids_as", "contact", "deal", "appointment"}
    of_connection |= {"entities_per_day"}
    inner = {"name", "id_prefix", "types"}  # `types` are declared with `custom_fields`
    assert of_connection <= described
    keys = {field.name for field in fields(RecordType)} - inner
    assert described - of_connection == keys


def test_the_table_of_kinds_is_made_of_their_pages() -> None:
    assert kinds_table.written() == kinds_table.table(), "`make kinds` writes it anew"


def test_what_needs_a_token_are_the_kinds_with_a_fetcher_that_say_little_by_themselves() -> None:
    needing = set(filter(kinds_table.needs_a_token, kinds()))
    assert needing == set(filter(can_fetch, kinds())) - {"salesforce_cdc"}


def test_secrets_are_lists_of_texts() -> None:
    assert all(isinstance(secret, str) for secrets in SECRETS.values() for secret in secrets)
